//! Outages of Redis: no account is lost, nobody gets in, and everything recovers without a restart.

use std::time::Duration;

use crudauth::RedisConfig;
use crudauth::store::WhenAway;
use crudauth_tests::{Answer, App, Browser, Database, Kind, PASSWORD, RedisServer};
use serde_json::json;

const NEW: &str = "another-strong-one";

/// An app with its sessions and counters in a Redis of its own, in which ada is signed in.
async fn signed_in() -> (RedisServer, App, Browser) {
    let server = RedisServer::start();
    let app = over(&server).await;
    let ada = app.member("ada").await;
    (server, app, ada)
}

/// An app over this Redis.
async fn over(server: &RedisServer) -> App {
    App::with(Kind::Sqlite, config(server)).await
}

fn config(server: &RedisServer) -> RedisConfig {
    // A test machine may be busy.
    RedisConfig::new(server.url()).timeout(Duration::from_secs(5))
}

/// Asserts a 503 with `Retry-After` and without details.
fn assert_unavailable(answer: &Answer) {
    assert_eq!((answer.status, &*answer.code()), (503, "unavailable"), "{answer:?}");
    let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(wait > 0);
    assert!(answer.set_cookies().is_empty());
    assert!(!answer.text.to_lowercase().contains("redis"), "{answer:?}");
}

/// Asserts that the account of ada is unchanged and that its owner gets in.
async fn assert_account_is_kept(app: &App) {
    assert_eq!(app.database.count("users WHERE username = 'ada' AND is_active").await, 1);
    app.signed_in("ada", PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_and_sign_in_are_closed_while_redis_is_away_and_recover_with_it() {
    let (server, app, ada) = signed_in().await;
    server.stop();
    for path in ["/me", "/sessions", "/dashboard", "/greeting"] {
        assert_unavailable(&ada.get(path).await);
    }
    assert_unavailable(&ada.post("/logout", json!({})).await);
    assert_unavailable(&app.browser().login("ada", PASSWORD).await);
    assert_unavailable(&app.browser().login("ada", "not-the-password").await);
    assert!(ada.cookie("session_id").is_some(), "the cookie is kept");
    assert_eq!(app.browser().get("/open").await.status, 200, "a public handler works");
    assert_eq!(app.browser().get("/dashboard").await.status, 401);

    server.restart();
    assert!(ada.is_signed_in().await, "the session is kept");
    assert_account_is_kept(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rate_limits_are_open_or_closed_while_redis_is_away_as_set() {
    let server = RedisServer::start();
    let open = over(&server).await;
    let settings = config(&server).rate_limits_when_away(WhenAway::Fail);
    let closed = App::with(Kind::Sqlite, settings).await;
    server.stop();
    assert_eq!(open.register("bob").await.status, 202);
    assert_unavailable(&closed.register("bob").await);
    assert_eq!(closed.database.count("users").await, 0);
    server.restart();
    assert_eq!(closed.register("bob").await.status, 202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flushed_redis_ends_sessions_and_keeps_accounts() {
    let (server, app, ada) = signed_in().await;
    assert_eq!(server.command("FLUSHALL"), "+OK");
    assert_eq!(ada.get("/me").await.status, 401);
    assert_eq!(ada.post("/note", json!({})).await.status, 401);
    assert_account_is_kept(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_redis_keeps_sessions_and_lets_nobody_in() {
    let (server, app, ada) = signed_in().await;
    assert_eq!(server.command("CONFIG SET maxmemory 1"), "+OK");
    assert!(ada.is_signed_in().await, "existing sessions work");
    assert_unavailable(&app.browser().login("ada", PASSWORD).await);
    let wrong = app.browser().login("ada", "not-the-password").await;
    assert_unavailable(&wrong);
    assert_eq!(server.command("CONFIG SET maxmemory 0"), "+OK");
    assert!(ada.is_signed_in().await);
    assert_account_is_kept(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_became_a_replica_is_away_until_it_is_a_primary_again() {
    let (server, app, ada) = signed_in().await;
    let primary = RedisServer::start();
    let follow = format!("REPLICAOF 127.0.0.1 {}", primary.port());
    assert_eq!(server.command("CONFIG SET replica-serve-stale-data no"), "+OK");
    assert_eq!(server.command(&follow), "+OK");
    assert_unavailable(&app.browser().login("ada", PASSWORD).await);
    assert_ne!(app.browser().login("ada", "not-the-password").await.status, 200);
    assert_eq!(server.command("REPLICAOF NO ONE"), "+OK");
    // The data is that of the other primary now: the session is unknown.
    server.wait_for("ROLE", |answer| answer.starts_with('*'));
    assert!(matches!(ada.get("/me").await.status, 200 | 401));
    assert_account_is_kept(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_to_an_old_copy_revives_no_session_of_before_a_password_change() {
    let (server, app, ada) = signed_in().await;
    let stolen = app.signed_in("ada", PASSWORD).await;
    server.stop();
    let copy = server.data().with_extension("old");
    std::fs::copy(server.data(), &copy).unwrap();
    server.restart();
    let change = json!({ "current_password": PASSWORD, "new_password": NEW });
    assert_eq!(ada.post("/change-password", change).await.status, 200);
    assert!(ada.is_signed_in().await && !stolen.is_signed_in().await);

    server.stop();
    server.restore(&copy);
    server.restart();
    assert_eq!(stolen.get("/me").await.status, 401, "the account's version decides");
    assert_eq!(app.browser().login("ada", PASSWORD).await.status, 401);
    app.signed_in("ada", NEW).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_redis_fails_the_build() {
    let server = RedisServer::start();
    server.stop();
    let (database, _) = Database::create(Kind::Sqlite).await;
    let Database::Sqlite(pool) = database else { unreachable!() };
    crudauth::migrations!(crudauth_tests::User).run(&pool).await.unwrap();
    let sender = crudauth::email::RecordingSender::default();
    let built = crudauth_tests::Auth::builder(pool, crudauth_tests::SECRET)
        .email(crudauth::EmailConfig::new(sender, crudauth_tests::FRONTEND))
        .redis(config(&server))
        .build()
        .await;
    assert!(matches!(built, Err(crudauth::BuildError::Store(_))), "{built:?}");
}
