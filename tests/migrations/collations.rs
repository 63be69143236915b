//! Tables of MySQL whose collation ignores accents, or whose character set lacks characters. The normal
//! form of the library decides which names are equal, and a refused text is a 422.

use crudauth::email::RecordingSender;
use crudauth::testing::{App, cheap_hashing};
use crudauth::{AuthUser, EmailConfig, RateLimits, migrations};
use crudauth_tests::{Database, FRONTEND, Kind, PASSWORD, SECRET, every_flow_works};
use serde_json::{Value, json};

use super::real_tables::ARGON;

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
#[allow(dead_code, reason = "read by the library only")]
struct User {
    id: i64,
    email: String,
    username: String,
}

#[crudauth::routes(user = User, session, email)]
struct Auth;

/// The app on a table of these texts, with names that the app itself made unique.
async fn app(texts: &str) -> (Database, App<Auth>) {
    let (database, app, _) = with_outbox(texts).await;
    (database, app)
}

async fn with_outbox(texts: &str) -> (Database, App<Auth>, RecordingSender) {
    let (database, _) = Database::create(Kind::MySql).await;
    database
        .execute(&format!(
            "CREATE TABLE users (id BIGINT AUTO_INCREMENT PRIMARY KEY, email VARCHAR(120) NOT NULL \
             UNIQUE, username VARCHAR(40) NOT NULL UNIQUE, hashed_password VARCHAR(255)) {texts}"
        ))
        .await;
    let Database::MySql(pool) = database.clone() else { unreachable!() };
    let plan = migrations!(Auth).plan(&pool).await.unwrap();
    assert!(plan.blockers().is_empty(), "{plan}");
    migrations!(Auth).run(&pool).await.unwrap();
    let outbox = RecordingSender::default();
    let auth = Auth::builder(pool, SECRET)
        .email(EmailConfig::new(outbox.clone(), FRONTEND))
        .hashing(cheap_hashing())
        .rate_limits(RateLimits::off())
        .build()
        .await
        .unwrap();
    let app = App::new(&auth, auth.routes()).mails(&outbox);
    (database, app, outbox)
}

async fn sign_up(app: &App<Auth>, name: &str, address: &str) -> (u16, Value) {
    let form = json!({ "email": address, "username": name, "password": PASSWORD });
    let answer = app.client().post("/register", form).await;
    (answer.status, answer.json())
}

/// The status of a sign-in, and the name of the account that it found.
async fn sign_in(app: &App<Auth>, name: &str) -> (u16, Value) {
    let client = app.client();
    let form = [("username", name), ("password", PASSWORD)];
    let answer = client.post_form("/login", form).await;
    (answer.status, answer.json()["username"].clone())
}

/// The collations of most tables: with one, `ß` is `s`; with the other, it is `ss`.
const COARSE: [&str; 2] = [
    "CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
    "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_the_apps_index_takes_for_another_is_taken() {
    for texts in COARSE {
        let (database, app) = app(texts).await;
        for (name, address) in
            [("jos\u{e9}", "one@example.com"), ("stra\u{df}e", "two@example.com")]
        {
            assert_eq!(sign_up(&app, name, address).await.0, 202, "{name}");
        }
        let same = if texts.contains("general") { "strase" } else { "strasse" };
        for name in ["jose", same, "JOSE\u{301}"] {
            let (status, body) = sign_up(&app, name, "three@example.com").await;
            assert_eq!((status, &body["code"]), (422, &json!("taken")), "{name}: {body}");
        }
        assert_eq!(database.count("users").await, 2);
        for name in ["jose", same] {
            assert_eq!(sign_in(&app, name).await.0, 401, "{name} is no account");
        }
        for name in ["jos\u{e9}", "JOSE\u{301}"] {
            assert_eq!(sign_in(&app, name).await, (200, json!("jos\u{e9}")));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_the_apps_index_takes_for_another_is_refused() {
    for texts in COARSE {
        let (database, app) = app(texts).await;
        assert_eq!(sign_up(&app, "ada", "jos\u{e9}@example.com").await.0, 202);
        let (status, body) = sign_up(&app, "bob", "jose@example.com").await;
        assert_eq!((status, &body["detail"]), (422, &json!("Email already taken")), "{body}");
        // For the same address its owner gets a message.
        assert_eq!(sign_up(&app, "cyd", "jos\u{e9}@example.com").await.0, 202);
        assert_eq!(database.count("users").await, 1);
        assert_eq!(sign_in(&app, "jose@example.com").await.0, 401);
        assert_eq!(sign_in(&app, "jos\u{e9}@example.com").await, (200, json!("ada")));
        let owner = app.auth().accounts().find_by_identifier("ada").await.unwrap().unwrap();
        let new = "jos\u{e8}@example.com".parse().unwrap();
        app.auth().accounts().set_contact(&owner.user.id, &new).await.unwrap();
        assert_eq!(sign_in(&app, "jos\u{e8}@example.com").await, (200, json!("ada")));
        assert_eq!(sign_in(&app, "jos\u{e9}@example.com").await.0, 401);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_without_compared_forms_are_told_apart() {
    for texts in COARSE {
        let (database, app) = app(texts).await;
        database.execute("DROP INDEX username ON users").await;
        for (at, name) in ["jose", "jos\u{e9}", "josE\u{301}"].iter().enumerate() {
            database
                .execute(&format!(
                    "INSERT INTO users (email, username, hashed_password) \
                     VALUES ('n{at}@example.com', '{name}', '{ARGON}')"
                ))
                .await;
        }
        for name in ["jos\u{e9}", "jose"] {
            assert_eq!(sign_in(&app, name).await, (200, json!(name)));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_flow_works_with_characters_of_several_bytes() {
    for set in ["ucs2", "utf16", "utf16le", "utf32"] {
        let (_database, app, outbox) = with_outbox(&format!("CHARACTER SET {set}")).await;
        let new = json!({ "email": "ada@example.com", "username": "ada", "password": PASSWORD });
        every_flow_works(app.auth(), &outbox, None, new).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_the_character_set_lacks_is_refused_and_finds_nobody() {
    for set in ["utf8mb3", "latin1"] {
        let (database, app) = app(&format!("CHARACTER SET {set}")).await;
        assert_eq!(sign_up(&app, "jos\u{e9}", "jos\u{e9}@example.com").await.0, 202);
        let smile = "ada\u{1f642}";
        for (name, address, pointer) in
            [(smile, "ada@example.com", "/username"), ("ada", "ada\u{1f642}@example.com", "/email")]
        {
            let (status, body) = sign_up(&app, name, address).await;
            assert_eq!((status, &body["errors"][0]["pointer"]), (422, &json!(pointer)), "{body}");
        }
        assert_eq!(database.count("users").await, 1);
        for name in [smile, "ada\u{1f642}@example.com", "jose"] {
            assert_eq!(sign_in(&app, name).await.0, 401, "{name}");
        }
        for name in ["jos\u{e9}", "jos\u{e9}@example.com"] {
            assert_eq!(sign_in(&app, name).await, (200, json!("jos\u{e9}")));
        }
    }
}
