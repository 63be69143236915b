//! Races between creating a key and revoking its creator. Once the revocation is answered, the key
//! exists or is never created.

use crudauth_tests::Database;
use tokio::task::JoinHandle;

use super::*;

const MANY: usize = 20;

/// Creates keys with one credential in many tasks while another task revokes it.
async fn race<T: Future<Output = u16> + Send + 'static>(
    app: &App,
    making: impl Fn() -> T,
    ending: impl Future<Output = Answer> + Send + 'static,
) {
    let keys = "users_api_keys";
    let mut racing: Vec<_> = (0..5).map(|_| tokio::spawn(making())).collect();
    let ending = tokio::spawn(ending);
    racing.extend((5..MANY).map(|_| tokio::spawn(making())));
    let ended = ending.await.unwrap();
    assert_eq!(ended.status, 200, "{ended:?}");
    let so_far = app.database.count(keys).await;
    let mut made = 0;
    for task in racing {
        match task.await.unwrap() {
            201 => made += 1,
            status => assert_eq!(status, 401, "a revoked credential gets 401"),
        }
    }
    assert_eq!((made, app.database.count(keys).await), (so_far, so_far));
}

on_every_database! {
    async fn a_token_creates_no_key_after_its_revocation_is_answered(app: App) {
        // The token is trusted until it expires: no statement checks it before the insert.
        let mut trusting = Setup::default();
        trusting.bearer.trust_until_expiry = true;
        let (_, app) = app.all(trusting).await;
        let ada = app.member("ada").await;
        let pair = app.pair("ada").await;
        assert!(app.browser().accepts(&pair.access).await);
        race(&app, || by_token(&app, &pair), async move { ada.delete("/tokens").await }).await;
    }

    async fn a_session_creates_no_key_after_its_revocation_is_answered(app: App) {
        let app = app.with_tokens().await;
        let ada = app.member("ada").await;
        let phone = app.signed_in("ada", PASSWORD).await;
        let path = session_of(&ada).await;
        race(&app, || by_session(&ada), async move { phone.delete(&path).await }).await;
    }
}

fn by_token(app: &App, pair: &Pair) -> impl Future<Output = u16> + use<> {
    let browser = app.browser();
    let token = pair.access.clone();
    let body = json!({ "name": "cron" });
    async move { browser.send_bearer_json(&token, Method::POST, "/api-keys", &body).await.status }
}

fn by_session(browser: &Browser) -> impl Future<Output = u16> + use<> {
    let browser = browser.clone();
    async move { create_key(&browser, json!({ "name": "cron" })).await.status }
}

/// The path at which another session of the account revokes this one.
async fn session_of(browser: &Browser) -> String {
    let listed = browser.get("/sessions").await.json();
    let mut current = listed.as_array().unwrap().iter().filter(|one| one["current"] == true);
    format!("/sessions/{}", current.next().unwrap()["id"].as_str().unwrap())
}

/// An open transaction that has updated all keys.
enum Halfway {
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
    MySql(sqlx::Transaction<'static, sqlx::MySql>),
}

impl Halfway {
    #[expect(clippy::disallowed_methods, reason = "the rule is for SQLite, which is not used here")]
    async fn with_keys_of(database: &Database) -> Self {
        let sql = "UPDATE users_api_keys SET name = name";
        match database {
            Database::Sqlite(_) => panic!("SQLite has one writer at a time"),
            Database::Postgres(pool) => {
                let mut halfway = pool.begin().await.unwrap();
                sqlx::query(sql).execute(&mut *halfway).await.unwrap();
                Self::Postgres(halfway)
            }
            Database::MySql(pool) => {
                let mut halfway = pool.begin().await.unwrap();
                sqlx::query(sql).execute(&mut *halfway).await.unwrap();
                Self::MySql(halfway)
            }
        }
    }

    async fn finish(self) {
        match self {
            Self::Postgres(halfway) => halfway.commit().await.unwrap(),
            Self::MySql(halfway) => halfway.commit().await.unwrap(),
        }
    }
}

/// Returns once `many` statements wait for a lock, or `task` has ended.
async fn until_waiting<T>(database: &Database, many: i64, task: &JoinHandle<T>) {
    // MySQL lists statements, not waits: a statement seen three times in a row is waiting.
    let waiting = match database.kind() {
        Kind::Postgres => {
            "SELECT COUNT(*) FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock'"
        }
        _ => {
            "SELECT COUNT(*) FROM information_schema.processlist \
             WHERE db = DATABASE() AND info LIKE 'DELETE FROM%'"
        }
    };
    let mut looks = 0;
    while looks < 3 && !task.is_finished() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        looks = if database.number(waiting).await < many { 0 } else { looks + 1 };
    }
}

/// Blocks the creation of a key between the check of its creator and the insert, and revokes the
/// creator meanwhile.
async fn while_a_key_is_made<T: Future<Output = u16> + Send + 'static>(
    app: &App,
    making: impl Fn() -> T,
    ending: impl Future<Output = Answer> + Send + 'static,
) {
    let database = &app.database;
    // Creating a key deletes expired ones first, which takes the lock.
    assert_eq!(making().await, 201);
    database.execute("UPDATE users_api_keys SET expires_at = 0").await;
    let halfway = Halfway::with_keys_of(database).await;
    let made = tokio::spawn(making());
    until_waiting(database, 1, &made).await;
    let ended = tokio::spawn(ending);
    until_waiting(database, 2, &ended).await;
    assert!(!ended.is_finished(), "the revocation is answered before the key is created");
    halfway.finish().await;
    assert_eq!((made.await.unwrap(), ended.await.unwrap().status), (201, 200));
    assert_eq!(making().await, 401);
    assert_eq!(database.count("users_api_keys").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoking_a_token_waits_for_a_key_in_creation() {
    for kind in [Kind::Postgres, Kind::MySql] {
        let app = App::on(kind).await.with_tokens().await;
        let ada = app.member("ada").await;
        let pair = app.pair("ada").await;
        let ending = async move { ada.delete("/tokens").await };
        while_a_key_is_made(&app, || by_token(&app, &pair), ending).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoking_a_session_waits_for_a_key_in_creation() {
    for kind in [Kind::Postgres, Kind::MySql] {
        let app = App::on(kind).await.with_tokens().await;
        let ada = app.member("ada").await;
        let phone = app.signed_in("ada", PASSWORD).await;
        let path = session_of(&ada).await;
        let ending = async move { phone.delete(&path).await };
        while_a_key_is_made(&app, || by_session(&ada), ending).await;
    }
}
