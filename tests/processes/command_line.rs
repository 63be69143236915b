//! The command line of the people who run an app, as a process.

use std::io::Write;
use std::process::{Command, Stdio};

use crudauth_tests::{Database, Kind, PASSWORD, SECRET, example};

/// Runs a command, with a line of stdin. Returns the exit code, stdout and stderr.
fn run(url: &str, arguments: &[&str], stdin: &str) -> (i32, String, String) {
    let mut child = Command::new(example("manage"))
        .args(arguments)
        .env("DATABASE_URL", url)
        .env("SECRET_KEY", SECRET)
        .env("RUST_LOG", "off")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{stdin}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

const ADA: [&str; 3] = ["create-superuser", "email=ada@example.com", "username=ada"];

async fn every_command_works(kind: Kind) {
    let (database, url) = Database::create(kind).await;
    let (code, plan, _) = run(&url, &["migrate", "--plan"], "");
    assert_eq!(code, 0);
    assert!(plan.contains("CREATE TABLE"), "{plan}");
    let (code, _, error) = run(&url, &ADA, PASSWORD);
    assert_eq!(code, 1, "without tables");
    assert!(error.contains("users"), "{error}");
    assert_eq!(run(&url, &["migrate"], "").0, 0);
    assert_eq!(run(&url, &["migrate"], "").1, "0 steps\n");

    let (code, _, error) = run(&url, &ADA, "short");
    assert_eq!((code, database.count("users").await), (1, 0));
    assert!(error.contains("password: ") && !error.contains("short"), "{error}");
    let (code, done, error) = run(&url, &ADA, PASSWORD);
    assert_eq!(code, 0, "{error}");
    assert!(done.ends_with("account 1 is a superuser\n"), "the mail comes before it: {done}");
    assert_eq!(database.count("users WHERE is_superuser = TRUE").await, 1);
    let (code, _, error) = run(&url, &ADA, PASSWORD);
    let taken = "email: taken by account 1, ada@example.com, ada (address not proved: it may be a \
                 stranger's)\n";
    assert_eq!((code, &*error), (1, taken));
    assert!(
        run(&url, &["create-superuser", "plan=gold"], PASSWORD).2.contains("unknown field `plan`")
    );

    database.execute("UPDATE users SET is_superuser = FALSE").await;
    assert_promotes_proved_accounts_only(&database, &url).await;
    assert_eq!(run(&url, &["disable", "ada"], "").0, 0);
    assert_eq!(database.count("users WHERE is_active = TRUE").await, 0);
    assert_eq!(run(&url, &["enable", "ada"], "").0, 0);
    assert_eq!(database.count("users WHERE is_active = TRUE").await, 1);
    let (code, done, error) = run(&url, &["invite", "eve@example.com"], "");
    assert_eq!(code, 0, "{error}");
    assert!(done.contains("/accept-invitation?token="), "the mail is printed: {done}");
    assert_eq!(database.count("users_invitations").await, 1);
    let (code, known, _) = run(&url, &["invite", "ada@example.com"], "");
    assert_eq!((code, known.lines().last()), (0, done.lines().last()));
    assert!(!known.contains("/accept-invitation"), "{known}");
    let (code, _, error) = run(&url, &["invite", "eve@example.com", "plan=gold"], "");
    assert_eq!((code, &*error), (1, "plan: Invitations set no such column\n"));
    assert_eq!(run(&url, &["invite", "eve"], "").0, 1);
    for command in [&["unlock", "ada"][..], &["purge"], &["help"]] {
        assert_eq!(run(&url, command, "").0, 0, "{command:?}");
    }
    assert_eq!(run(&url, &["unlock", "nobody"], "").0, 1);
    assert_eq!(run(&url, &["fly"], "").0, 2);
}

async fn assert_promotes_proved_accounts_only(database: &Database, url: &str) {
    let (code, shown, error) = run(url, &["promote", "ada"], "");
    assert_eq!((code, database.count("users WHERE is_superuser = TRUE").await), (1, 0));
    assert!(shown.contains("account 1, ada@example.com, ada (address not proved"), "{shown}");
    assert!(error.contains("--unverified"), "{error}");
    assert_eq!(run(url, &["promote", "ada", "--unverified"], "").0, 0);
    assert_eq!(database.count("users WHERE is_superuser = TRUE").await, 1);
    database.execute("UPDATE users SET is_superuser = FALSE, email_verified = TRUE").await;
    let (code, shown, error) = run(url, &["promote", "ada@example.com"], "");
    assert_eq!(code, 0, "{error}");
    assert!(shown.contains("(address proved)"), "{shown}");
    assert_eq!(database.count("users WHERE is_superuser = TRUE").await, 1);
}

#[tokio::test]
async fn every_command_works_on_sqlite() {
    every_command_works(Kind::Sqlite).await;
}

#[tokio::test]
async fn every_command_works_on_postgres() {
    every_command_works(Kind::Postgres).await;
}

#[tokio::test]
async fn every_command_works_on_mysql() {
    every_command_works(Kind::MySql).await;
}

#[tokio::test]
async fn a_plan_with_a_blocker_has_an_exit_code_of_its_own() {
    let (database, url) = Database::create(Kind::Sqlite).await;
    database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT)").await;
    database.execute("INSERT INTO users VALUES (1, 'a@example.com'), (2, 'a@example.com')").await;
    let (code, plan, _) = run(&url, &["migrate", "--plan"], "");
    assert_eq!(code, 3, "{plan}");
    let (code, _, error) = run(&url, &["migrate"], "");
    assert_eq!(code, 1);
    assert!(error.contains("blocked"), "{error}");
}
