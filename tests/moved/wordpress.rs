//! WordPress 6.8, with hashes of its own and of versions before.

use crudauth::email::RecordingSender;
use crudauth::legacy::{Phpass, WordPress};
use crudauth::{AuthUser, EmailConfig};
use crudauth_tests::{Database, FRONTEND, Kind, SECRET};
use serde_json::json;
use sqlx::mysql::MySqlPoolOptions;

use crate::{People, assert_moved, dump, migrate, moved};

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "wp_users", hashed_password = "user_pass", created_at = "user_registered")]
struct User {
    #[auth(column = "ID")]
    id: i64,
    #[auth(column = "user_login")]
    username: String,
    #[auth(column = "user_email", blank_is_null)]
    email: Option<String>,
}

#[crudauth::routes(user = User, session, email)]
struct Auth;

const PEOPLE: People = People {
    sign_in: &[
        ("ada@example.com", "Grüße, Zoë"),
        ("zoe@example.com", "Grüße, Zoë"),
        ("NOMAIL", "Grüße, Zoë"),
    ],
    refused: &[("gina", "!")],
    later: ("later@example.com", "Grüße, Zoë"),
    moves: None,
};

moved!(
    "wordpress",
    PEOPLE,
    json!({ "username": "Bob", "email": "bob@example.com", "password": "a-strong-one" }),
    |auth| auth.legacy_hash(WordPress::default().cost(4)).legacy_hash(Phpass::default().cost(7)),
    [mysql MySql]
);

/// The modes of MySQL 8 forbid the default of `user_registered`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_forbids_zero_dates_is_migrated_too() {
    let (database, url) = Database::create(Kind::MySql).await;
    database.run_script(dump!("wordpress", mysql, ".sql")).await;
    let strict = "SET SESSION sql_mode = CONCAT(@@sql_mode, ',TRADITIONAL')";
    let options = MySqlPoolOptions::new().max_connections(4).after_connect(move |connection, _| {
        Box::pin(async move { sqlx::raw_sql(strict).execute(connection).await.map(drop) })
    });
    let pool = options.connect(&url).await.unwrap();
    migrate::<Auth, _>(&pool).await;
    let outbox = RecordingSender::default();
    let auth = Auth::builder(pool, SECRET)
        .legacy_hash(WordPress::default().cost(4))
        .legacy_hash(Phpass::default().cost(7))
        .email(EmailConfig::new(outbox.clone(), FRONTEND))
        .build()
        .await
        .unwrap();
    let new = json!({ "username": "Bob", "email": "bob@example.com", "password": "a-strong-one" });
    let later = dump!("wordpress", mysql, "_later.sql");
    assert_moved(&auth, &outbox, &database, &PEOPLE, new, later).await;
}
