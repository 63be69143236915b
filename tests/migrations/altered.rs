//! Tables that another program alters while the app runs: no request fails.

use crudauth_tests::{
    App, Browser, Database, Kind, PASSWORD, Unlimited, concurrently, on_every_database,
};
use serde_json::json;

/// Uses the statements of each flow on all connections of the pool, so that they are kept.
async fn warm_up(app: &App) {
    let jobs = (0..8).map(|n| {
        let app = app.clone();
        async move { every_flow(&app, &format!("warm{n}")).await }
    });
    concurrently(jobs).await;
}

/// Signs up, in and out, changes and resets the password. Every answer is a success.
async fn every_flow(app: &App, name: &str) {
    let browser = app.member(name).await;
    succeeds(&browser, name).await;
    let new = "another-strong-one";
    assert_eq!(browser.change_password(PASSWORD, new).await.status, 200);
    let token = app.reset_token(&format!("{name}@example.com")).await;
    let reset = json!({ "token": token, "new_password": PASSWORD });
    let answer = browser.post("/password/reset-confirm", reset).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let browser = app.signed_in(name, PASSWORD).await;
    assert_eq!(browser.post("/logout", json!({})).await.status, 200);
}

async fn succeeds(browser: &Browser, name: &str) {
    for path in ["/me", "/sessions", "/dashboard"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 200, "{name} {path}: {answer:?}");
    }
}

/// Statements that change the types of columns which the library reads.
fn changes(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Sqlite => &[
            "ALTER TABLE users ADD COLUMN note TEXT",
            "ALTER TABLE users_sessions ADD COLUMN note TEXT",
            "ALTER TABLE users DROP COLUMN note",
        ],
        Kind::Postgres => &[
            "ALTER TABLE users ADD COLUMN note TEXT, ALTER plan TYPE VARCHAR(99), \
             ALTER hashed_password TYPE VARCHAR(900)",
            "ALTER TABLE users_sessions ALTER user_agent TYPE VARCHAR(900)",
            "ALTER TABLE users ALTER username TYPE VARCHAR(300)",
        ],
        Kind::MySql => &[
            "ALTER TABLE users ADD COLUMN note TEXT, MODIFY plan VARCHAR(99) NOT NULL",
            "ALTER TABLE users_sessions MODIFY user_agent VARCHAR(900)",
            "ALTER TABLE users MODIFY hashed_password TEXT NOT NULL",
        ],
    }
}

on_every_database! {
    async fn no_request_fails_after_a_table_is_altered(app: App) {
        let app = App::over(app.database.clone(), Unlimited).await;
        warm_up(&app).await;
        let ada = app.member("ada").await;
        for (at, change) in changes(app.database.kind()).iter().enumerate() {
            app.database.execute(change).await;
            // The first request reads, writes, or runs a transaction, on any connection.
            let jobs = (0..8).map(|n| {
                let (app, ada) = (app.clone(), ada.clone());
                async move {
                    succeeds(&ada, change).await;
                    every_flow(&app, &format!("after{at}x{n}")).await;
                }
            });
            concurrently(jobs).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_after_the_server_forgot_every_statement() {
    let app = App::with(Kind::Postgres, Unlimited).await;
    warm_up(&app).await;
    let ada = app.member("ada").await;
    let Database::Postgres(pool) = &app.database else { unreachable!() };
    let mut connections = Vec::new();
    while let Some(mut connection) = pool.try_acquire() {
        sqlx::raw_sql("DEALLOCATE ALL").execute(&mut *connection).await.unwrap();
        connections.push(connection);
    }
    assert!(!connections.is_empty());
    drop(connections);
    succeeds(&ada, "ada").await;
    every_flow(&app, "bob").await;
}
