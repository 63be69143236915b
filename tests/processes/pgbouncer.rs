//! PgBouncer in transaction mode, of a version that does not know prepared statements (before 1.21):
//! the statements of one client are in the way of another.

use crudauth_tests::tokens::Pair;
use crudauth_tests::{
    App, Database, PASSWORD, PostgresServer, Program, Server, Unlimited, concurrently,
};
use serde_json::json;
use sqlx::Connection;
use sqlx::postgres::{PgConnection, PgPoolOptions};

const NEW: &str = "another-strong-one";

fn url(bouncer: &Server) -> String {
    format!("postgres://postgres@127.0.0.1:{}/postgres", bouncer.port())
}

/// An app with a pool of its own, and the same accounts with tokens.
#[derive(Clone)]
struct Process {
    app: App,
    tokens: App,
}

impl Process {
    async fn start(bouncer: &Server) -> Self {
        let app = App::over(Database::connect(&url(bouncer)).await, Unlimited).await;
        Self { tokens: app.with_tokens().await, app }
    }
}

/// Ten requests of one visitor, in turn to both processes.
async fn visit(one: Process, other: Process, name: String) {
    let browser = one.app.member(&name).await;
    let answer = browser.clone().to(&other.app).get("/me").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let pair = other.tokens.pair(&name).await;
    let refreshed = one.tokens.browser().refresh(&pair.refresh).await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    assert!(other.tokens.browser().accepts(&Pair::of(&refreshed).access).await);
    let (one, other) = (one.app, other.app);
    let token = one.reset_token(&format!("{name}@example.com")).await;
    let reset = json!({ "token": token, "new_password": NEW });
    let answer = other.browser().post("/password/reset-confirm", reset).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(browser.get("/me").await.status, 401, "a reset revokes sessions");
    let browser = one.signed_in(&name, NEW).await.to(&other);
    assert_eq!(browser.change_password(NEW, PASSWORD).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_apps_behind_pgbouncer_serve_200_requests_without_a_failure() {
    let server = PostgresServer::start();
    let bouncer = Server::pgbouncer(&server, "transaction", 3);
    let (one, other) = (Process::start(&bouncer).await, Process::start(&bouncer).await);
    let visits = (0..20).map(|n| {
        let (one, other) = (one.clone(), other.clone());
        let (one, other) = if n % 2 == 0 { (one, other) } else { (other, one) };
        visit(one, other, format!("ada{n}"))
    });
    concurrently(visits).await;
    assert_eq!(one.app.database.count("users").await, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_behind_pgbouncer_start_at_once_and_share_a_session() {
    let server = PostgresServer::start();
    let bouncer = Server::pgbouncer(&server, "transaction", 3);
    let programs = [Program::begin(&url(&bouncer)), Program::begin(&url(&bouncer))];
    for program in &programs {
        program.wait().await;
    }
    let cookie = programs[0].member("ada").await;
    for _ in 0..10 {
        assert!(programs[0].accepts(&cookie).await && programs[1].accepts(&cookie).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_of_another_client_is_never_run() {
    let server = PostgresServer::start();
    let bouncer = Server::pgbouncer(&server, "transaction", 3);
    let (one, other) = (Process::start(&bouncer).await, Process::start(&bouncer).await);
    let apps = [one.app, other.app];
    let ada = apps[0].member("ada").await;
    // Another program names its statements as sqlx does, on every connection of the server.
    let mut others = Vec::new();
    for _ in 0..3 {
        let mut other = PgConnection::connect(&url(&bouncer)).await.unwrap();
        sqlx::raw_sql("BEGIN").execute(&mut other).await.unwrap();
        for number in 1..=20 {
            let delete = "DELETE FROM users WHERE $1::bytea IS NOT NULL";
            let prepare = format!("DEALLOCATE ALL; PREPARE sqlx_s_{number} AS {delete}");
            let prepare =
                if number == 1 { &*prepare } else { &prepare["DEALLOCATE ALL; ".len()..] };
            sqlx::raw_sql(sqlx::AssertSqlSafe(prepare)).execute(&mut other).await.unwrap();
        }
        others.push(other);
    }
    for other in &mut others {
        sqlx::raw_sql("COMMIT").execute(other).await.unwrap();
    }
    for n in 0..6 {
        assert_eq!(ada.clone().to(&apps[n % 2]).get("/me").await.status, 200);
    }
    // The pooler would give this statement a name that the other program has taken.
    assert_eq!(Database::connect(&server.url()).await.count("users").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_starts_while_the_pooler_has_no_connection_left() {
    let server = PostgresServer::start();
    let bouncer = Server::pgbouncer(&server, "session", 1);
    // The connection that looks for a pooler waits for the one of the app.
    let pool = PgPoolOptions::new().max_connections(1).connect(&url(&bouncer)).await.unwrap();
    let app = App::over(Database::Postgres(pool), Unlimited).await;
    assert!(app.member("ada").await.is_signed_in().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_behind_pgbouncer_in_session_mode_keeps_its_statements() {
    let server = PostgresServer::start();
    let bouncer = Server::pgbouncer(&server, "session", 10);
    let app = App::over(Database::connect(&url(&bouncer)).await, Unlimited).await;
    let ada = app.member("ada").await;
    assert!(ada.is_signed_in().await);
    let kept = "SELECT COUNT(*) FROM pg_prepared_statements WHERE statement LIKE '%users%'";
    assert!(app.database.number(kept).await > 0);
}
