//! The cost of several transports.

use super::*;

/// On PostgreSQL, because its driver runs on this thread. Other threads are not in the log.
#[tokio::test]
async fn a_lookup_is_shared_by_all_extractors_of_one_transport() {
    let log = Log::listen();
    let app = app_on(Kind::Postgres).await;
    let ada = app.member("ada").await;
    app.auth.drained().await;
    let cost = async |path: &str, badge: &str| {
        let before = log.count("sqlx::query");
        assert_eq!(request(&ada, Method::GET, path, badge).await.status, 200, "{path}");
        log.count("sqlx::query") - before
    };
    let session = cost("/by-session", "").await;
    let badge = cost("/by-badge", "ada").await;
    assert!(session == 1 && badge > 0, "{}", log.text());
    assert_eq!(cost("/both", "ada").await, session + badge, "three arguments: {}", log.text());
}
