//! Whoever ends what keys are made by, and whoever makes one at that moment: a key is there when
//! the answer comes that its maker has ended, or it never will be.

use crudauth_tests::Database;
use tokio::task::JoinHandle;

use super::*;

const MANY: usize = 20;

/// Many who make keys, and somebody who ends what they make them by, all at one moment.
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
            status => assert_eq!(status, 401, "who has ended is nobody"),
        }
    }
    assert_eq!((made, app.database.count(keys).await), (so_far, so_far));
}

on_every_database! {
    async fn a_token_creates_no_key_after_its_revocation_is_answered(app: App) {
        // Nobody looks at the token once more before a key is made.
        let mut trusting = Setup::default();
        trusting.bearer.trust_until_expiry = true;
        let (_, app) = app.all(trusting).await;
        let (ada, pair) = (app.member("ada").await, app.pair("ada").await);
        assert!(app.browser().knows(&pair.access).await);
        race(&app, || by_token(&app, &pair), async move { ada.delete("/tokens").await }).await;
    }

    async fn a_session_creates_no_key_after_its_revocation_is_answered(app: App) {
        let app = app.with_tokens().await;
        let (ada, phone) = (app.member("ada").await, app.signed_in("ada", PASSWORD).await);
        let path = session_of(&ada).await;
        race(&app, || by_session(&ada), async move { phone.delete(&path).await }).await;
    }
}

fn by_token(app: &App, pair: &Pair) -> impl Future<Output = u16> + use<> {
    let (browser, token, body) = (app.browser(), pair.access.clone(), json!({ "name": "cron" }));
    async move { browser.bearing_json(&token, Method::POST, "/api-keys", &body).await.status }
}

fn by_session(who: &Browser) -> impl Future<Output = u16> + use<> {
    let who = who.clone();
    async move { make(&who, json!({ "name": "cron" })).await.status }
}

/// The path by which another session of the same person ends this one.
async fn session_of(who: &Browser) -> String {
    let listed = who.get("/sessions").await.json();
    let mut current = listed.as_array().unwrap().iter().filter(|one| one["current"] == true);
    format!("/sessions/{}", current.next().unwrap()["id"].as_str().unwrap())
}

/// Somebody else who is in the middle of changing a key.
enum Halfway {
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
    MySql(sqlx::Transaction<'static, sqlx::MySql>),
}

impl Halfway {
    #[expect(clippy::disallowed_methods, reason = "that is for SQLite, on which nobody is halfway")]
    async fn with_keys_of(database: &Database) -> Self {
        let sql = "UPDATE users_api_keys SET name = name";
        match database {
            Database::Sqlite(_) => panic!("it has one writer at a time: nobody is halfway"),
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

/// Returns once so many are kept waiting by what others are in the middle of, or `task` is done.
async fn until_waiting<T>(database: &Database, many: i64, task: &JoinHandle<T>) {
    // MySQL tells what is asked, not whether it waits: what is there at three looks does.
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

/// Stops a key that is being made after what makes it was looked at and before the key is there,
/// and has the maker ended at that moment.
async fn while_a_key_is_made<T: Future<Output = u16> + Send + 'static>(
    app: &App,
    making: impl Fn() -> T,
    ending: impl Future<Output = Answer> + Send + 'static,
) {
    let database = &app.database;
    // Whoever makes a key first clears away what has expired.
    assert_eq!(making().await, 201);
    database.execute("UPDATE users_api_keys SET expires_at = 0").await;
    let halfway = Halfway::with_keys_of(database).await;
    let made = tokio::spawn(making());
    until_waiting(database, 1, &made).await;
    let ended = tokio::spawn(ending);
    until_waiting(database, 2, &ended).await;
    assert!(!ended.is_finished(), "it is told that it has ended what is still making a key");
    halfway.finish().await;
    assert_eq!((made.await.unwrap(), ended.await.unwrap().status), (201, 200));
    assert_eq!(making().await, 401);
    assert_eq!(database.count("users_api_keys").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoking_a_token_waits_for_a_key_in_creation() {
    for kind in [Kind::Postgres, Kind::MySql] {
        let app = App::on(kind).await.with_tokens().await;
        let (ada, pair) = (app.member("ada").await, app.pair("ada").await);
        let ending = async move { ada.delete("/tokens").await };
        while_a_key_is_made(&app, || by_token(&app, &pair), ending).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoking_a_session_waits_for_a_key_in_creation() {
    for kind in [Kind::Postgres, Kind::MySql] {
        let app = App::on(kind).await.with_tokens().await;
        let (ada, phone) = (app.member("ada").await, app.signed_in("ada", PASSWORD).await);
        let path = session_of(&ada).await;
        let ending = async move { phone.delete(&path).await };
        while_a_key_is_made(&app, || by_session(&ada), ending).await;
    }
}
