//! Databases of crudauth-py 0.8.2 are adopted: every account signs in and no data is lost. The
//! accounts are listed in `fixtures/crudauth_py/README.md`.

use crudauth::{
    AuthRow, AuthUser, Backend, ContactChange, EmailConfig, Password, Registered, SignInError,
    SignInRequest, SignUp, migrations,
};
use crudauth_tests::{Database, Kind, SECRET};
use sqlx::{Executor, Pool};

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct User {
    id: i64,
    email: String,
    username: String,
    #[auth(register)]
    full_name: Option<String>,
    #[auth(default = "free")]
    plan: String,
    is_superuser: bool,
    token_version: i32,
    google_id: Option<String>,
    created_at: chrono::NaiveDateTime,
}

#[crudauth::routes(user = User, session, email)]
struct Auth;

/// The same table on PostgreSQL, where timestamps have a time zone.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct PostgresUser {
    id: i32,
    email: String,
    username: String,
    #[auth(default = "free")]
    plan: String,
    created_at: chrono::DateTime<chrono::Utc>,
}

#[crudauth::routes(user = PostgresUser, session, email)]
struct PostgresAuth;

/// Id, identifier and password.
const PEOPLE: [(i64, &str, &str); 13] = [
    (1, "ada", "a-plain-account-1"),
    (2, "grace@example.com", "a-confirmed-address-2"),
    (
        4,
        "root",
        "long long long long long long long long long long long long long long long long long long long long end",
    ),
    (5, "Rene\u{301}e", "\u{FB01}ance\u{301}e \u{2167} \u{BD} \u{212B}ngstr\u{F6}m"),
    (6, "j\u{FC}rgen@b\u{FC}cher.example", "an-umlaut-domain-6"),
    (7, "LOUD@example.com", "a-mail-in-capitals-7"),
    (8, "zoe", "a-name-with-a-capital-8"),
    (9, "Mary Ann", "a-name-with-a-blank-9"),
    (10, "mallory@example.com", "a-name-like-an-address-10"),
    (11, "carol", "after-the-change-11"),
    (12, "otto", "an-older-hash-of-2a"),
    (13, "nora", "\u{FB01}le \u{2116} \u{FF17}"),
    (15, "linus@example.com", "also-on-github-15"),
];

/// The data of crudauth-py: one text per table, ordered by key.
async fn snapshot(database: &Database) -> Vec<String> {
    let users = "id, email, username, is_active, is_superuser, email_verified, token_version, plan, \
                 full_name, google_id, github_id, oauth_provider, created_at, updated_at";
    let mut all = Vec::new();
    for (table, columns, order) in [
        ("users", users, "id"),
        ("crudauth_store", "key, value, user_id, version, expires_at", "key"),
        ("crudauth_counters", "key, count, expires_at", "key"),
    ] {
        let parts: Vec<_> = columns
            .split(", ")
            .map(|column| format!("COALESCE(CAST(\"{column}\" AS TEXT), '-')"))
            .collect();
        let row = parts.join(" || '|' || ");
        let aggregate = match database.kind() {
            Kind::Sqlite => format!(
                "SELECT COALESCE(GROUP_CONCAT(line, ';'), '') FROM \
                 (SELECT {row} AS line FROM {table} ORDER BY {order})"
            ),
            _ => {
                format!("SELECT COALESCE(STRING_AGG({row}, ';' ORDER BY {order}), '') FROM {table}")
            }
        };
        all.push(database.text(&aggregate).await);
    }
    all
}

/// Migrates the database and signs every account in twice, by the old and by the new hash.
async fn assert_adopted<DB, A>(
    database: &Database,
    pool: Pool<DB>,
    builder: impl AsyncFn(Pool<DB>) -> A,
) where
    DB: Backend,
    A: crudauth::Mount + std::ops::Deref<Target = crudauth::Mounted<A::User>>,
    A::User: AuthRow<DB>,
{
    let before = snapshot(database).await;
    let made = crudauth::Migrations::<A::User>::new().run(&pool).await.unwrap();
    assert!(made > 0);
    assert_eq!(snapshot(database).await, before, "no data is lost");
    assert_eq!(crudauth::Migrations::<A::User>::new().run(&pool).await.unwrap(), 0);

    let auth = builder(pool).await;
    let sign_in = async |name: &str, password: &str| {
        let password = Password::parse(password).unwrap();
        let signed_in = auth.accounts().sign_in(SignInRequest::new(name, password)).await;
        signed_in.map(|signed_in| signed_in.done().unwrap())
    };
    for (id, name, password) in PEOPLE {
        let found = sign_in(name, password).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(found.account.user.id().to_string(), id.to_string(), "{name}");
        let hash =
            database.text(&format!("SELECT hashed_password FROM users WHERE id = {id}")).await;
        assert!(hash.starts_with("$argon2id$"), "{name}: {hash}");
        sign_in(name, password).await.unwrap_or_else(|error| panic!("{name} again: {error}"));
    }
    for (name, password) in [
        ("dora", "a-disabled-account-3"),
        ("gina_google", "!"),
        ("carol", "before-the-change"),
        ("grace@example.com", "a-name-like-an-address-10"),
    ] {
        assert!(matches!(sign_in(name, password).await, Err(SignInError::Refused)), "{name}");
    }
    assert_eq!(database.count("users WHERE auth_epoch <= 0").await, 0);
    assert_eq!(database.number("SELECT COUNT(DISTINCT auth_epoch) FROM users").await, 15);
}

/// A sender for the mount. Hashing costs are those of crudauth-py.
fn mail() -> EmailConfig {
    let sender = crudauth::email::RecordingSender::default();
    EmailConfig::new(sender, "https://app.example.com")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crudauth_py_sqlite_database_is_adopted_without_loss() {
    let url = Database::create_empty(Kind::Sqlite).await;
    let path = url.trim_start_matches("sqlite://").split('?').next().unwrap().to_owned();
    let fixture =
        concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/crudauth_py/email_password.sqlite");
    std::fs::copy(fixture, path).unwrap();
    let database = Database::connect(&url).await;
    let Database::Sqlite(pool) = database.clone() else { unreachable!() };
    assert_adopted(&database, pool.clone(), async |pool| {
        Auth::builder(pool, SECRET).email(mail()).build().await.unwrap()
    })
    .await;
    let auth = Auth::builder(pool, SECRET).email(mail()).build().await.unwrap();
    let find = async |id| auth.accounts().find(&id).await.unwrap().unwrap().user;
    let ada = find(1).await;
    let root = find(4).await;
    let carol = find(11).await;
    let gina = find(14).await;
    assert!(ada.full_name.is_some() && ada.created_at.and_utc().timestamp() > 1_700_000_000);
    assert_eq!((root.is_superuser, &*root.plan), (true, "team"));
    assert_eq!(carol.token_version, 1);
    assert!(gina.google_id.is_some());

    // The stored address is in another form, which no index finds.
    let address = "j\u{FC}rgen@xn--bcher-kva.example";
    let form = serde_json::json!({
        "email": address, "username": "other", "password": "a-strong-one-of-another",
    });
    let registered = auth.accounts().register(SignUp::from_json(&form).unwrap()).await.unwrap();
    assert_eq!(registered, Registered::AddressTaken);
    let moved = auth.accounts().set_contact(&1, &address.parse().unwrap()).await.unwrap();
    assert_eq!(moved, ContactChange::Taken);
    let own = auth.accounts().set_contact(&6, &address.parse().unwrap()).await.unwrap();
    assert_eq!(own, ContactChange::Done);
    assert_eq!(find(6).await.email, address);
    assert_eq!(database.count("users").await, 15);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crudauth_py_postgres_database_is_adopted_without_loss() {
    let (database, _) = Database::create(Kind::Postgres).await;
    let Database::Postgres(pool) = database.clone() else { unreachable!() };
    pool.execute(sqlx::raw_sql(include_str!("../fixtures/crudauth_py/email_password.pg.sql")))
        .await
        .unwrap();
    assert_adopted(&database, pool.clone(), async |pool| {
        PostgresAuth::builder(pool, SECRET).email(mail()).build().await.unwrap()
    })
    .await;
    let auth = PostgresAuth::builder(pool, SECRET).email(mail()).build().await.unwrap();
    let root = auth.accounts().find(&4).await.unwrap().unwrap().user;
    assert!(root.plan == "team" && root.created_at.timestamp() > 1_700_000_000);
}

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "accounts", hashed_password = "pw_hash")]
struct Account {
    #[auth(column = "account_id")]
    id: i64,
    #[auth(column = "email_address")]
    email: String,
    #[auth(column = "login_name")]
    username: String,
    #[auth(default = 0)]
    loyalty_points: i64,
}

#[crudauth::routes(user = Account, session)]
struct Accounts;

/// A copy of a database file of crudauth-py.
async fn copied(name: &str) -> (Database, sqlx::SqlitePool) {
    let url = Database::create_empty(Kind::Sqlite).await;
    let path = url.trim_start_matches("sqlite://").split('?').next().unwrap().to_owned();
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/crudauth_py/");
    std::fs::copy(format!("{directory}{name}.sqlite"), path).unwrap();
    let database = Database::connect(&url).await;
    let Database::Sqlite(pool) = database.clone() else { unreachable!() };
    (database, pool)
}

#[tokio::test]
async fn a_table_with_custom_names_is_adopted() {
    let (database, pool) = copied("existing_table").await;
    migrations!(Account).run(&pool).await.unwrap();
    let auth = Accounts::builder(pool, SECRET).build().await.unwrap();
    let password = Password::parse("a-plain-account-1").unwrap();
    let ada = auth.accounts().sign_in(SignInRequest::new("ada", password)).await.unwrap();
    let ada = ada.done().unwrap();
    assert_eq!(ada.account.user.loyalty_points, 120);
    assert_eq!(database.count("accounts WHERE pw_hash LIKE '$argon2id$%'").await, 1);
}

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct Caller {
    id: i64,
    username: String,
    #[auth(no_login)]
    phone: Option<String>,
    /// crudauth-py creates this column for every shape, without a default.
    #[auth(default)]
    email_verified: bool,
}

#[crudauth::routes(user = Caller, session, recovery)]
struct Callers;

/// Lacks a column that crudauth-py creates for every shape.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct Incomplete {
    #[allow(dead_code, reason = "it is never built")]
    id: i64,
    username: String,
    #[auth(no_login)]
    phone: Option<String>,
}

#[tokio::test]
async fn a_column_that_sign_up_cannot_fill_is_reported_before_any_change() {
    let (database, pool) = copied("phone_recovery").await;
    let columns = "SELECT COUNT(*) FROM pragma_table_info('users')";
    let before = database.number(columns).await;
    let error = migrations!(Incomplete).run(&pool).await.unwrap_err();
    // A `main` that returns the error prints its `Debug`.
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(text.contains("`users.email_verified`") && text.contains("declare it"), "{text}");
    }
    assert_eq!(database.number(columns).await, before);
    migrations!(Caller).run(&pool).await.unwrap();

    let channel = crudauth::channel::RecordingChannel::default();
    let recovery = crudauth::RecoveryConfig::new(channel.clone());
    let auth = Callers::builder(pool, SECRET).recovery(recovery).build().await.unwrap();
    let password = Password::parse("a-phone-with-blanks-2").unwrap();
    let zoe = auth.accounts().sign_in(SignInRequest::new("zoe", password)).await.unwrap();
    let zoe = zoe.done().unwrap().account;
    assert_eq!(zoe.user.phone.as_deref(), Some("+49 (30) 90 18 20"), "as it was");
    assert!(!zoe.user.email_verified && !zoe.is_verified());
    auth.accounts().recovery().unwrap().start_reset("+4930901820".parse().unwrap(), None);
    auth.drained().await;
    let sent = channel.last(crudauth::channel::MessageKind::ResetPassword, "+4930901820").unwrap();
    let new = Password::parse("chosen-anew-over-the-phone").unwrap();
    let token = sent.token.unwrap();
    auth.accounts().recovery().unwrap().confirm_reset(token.expose(), &new).await.unwrap();
    assert!(
        auth.accounts()
            .sign_in(SignInRequest::new("Zoe", new.clone()))
            .await
            .unwrap()
            .done()
            .unwrap()
            .account
            .is_verified()
    );
}
