//! What looking at several transports costs.

use super::*;

/// On PostgreSQL, whose driver runs on this thread: what sqlx logs elsewhere is not heard.
#[tokio::test]
async fn a_lookup_is_shared_by_all_extractors_of_one_transport() {
    let log = Log::listen();
    let app = app_on(Kind::Postgres).await;
    let ada = app.member("ada").await;
    app.auth.drained().await;
    let cost = async |path: &str, badge: &str| {
        let before = log.count("sqlx::query");
        assert_eq!(ask(&ada, Method::GET, path, badge).await.status, 200, "{path}");
        log.count("sqlx::query") - before
    };
    let (session, badge) = (cost("/by-session", "").await, cost("/by-badge", "ada").await);
    assert!(session == 1 && badge > 0, "{}", log.text());
    assert_eq!(cost("/both", "ada").await, session + badge, "three arguments: {}", log.text());
}
