//! Sessions: opened, found, extended, listed and revoked.

use std::time::Duration;

use crudauth_tests::{App, Kind, PASSWORD, on_every_database};
use serde_json::json;

const NEW: &str = "another-strong-one";

on_every_database! {
    async fn a_session_lasts_until_logout(app: App) {
        let ada = app.member("ada").await;
        let me = ada.get("/me").await.json();
        assert_eq!(me["username"], "ada");
        assert_eq!(me["email"], "ada@example.com");
        let thief = ada.stolen();
        assert!(thief.is_signed_in().await);
        assert_eq!(ada.post("/logout", json!({})).await.status, 200);
        assert!(!thief.is_signed_in().await, "the session ended on the server");
    }

    async fn a_password_change_keeps_this_session_and_ends_the_others(app: App) {
        let laptop = app.member("ada").await;
        let phone = app.signed_in("ada", PASSWORD).await;
        assert_eq!(laptop.change_password(PASSWORD, NEW).await.status, 200);
        assert!(laptop.is_signed_in().await && !phone.is_signed_in().await);
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 401);
        assert_eq!(app.browser().login("ada", NEW).await.status, 200);
    }

    async fn an_idle_session_ends_and_a_used_one_continues(app: App) {
        let idle = app.member("ada").await;
        let used = app.signed_in("ada", PASSWORD).await;
        for _ in 0..4 {
            app.clock.advance(Duration::from_secs(10 * 60));
            assert!(used.is_signed_in().await);
        }
        assert!(!idle.is_signed_in().await);
    }

    async fn the_sixth_session_revokes_the_least_recently_active(app: App) {
        app.register("ada").await;
        let mut browsers = Vec::new();
        for _ in 0..6 {
            app.clock.advance(Duration::from_millis(10));
            browsers.push(app.signed_in("ada", PASSWORD).await);
        }
        assert!(!browsers[0].is_signed_in().await);
        for browser in &browsers[1..] {
            assert!(browser.is_signed_in().await);
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users_sessions").await, 5);
    }

    async fn disabling_revokes_sessions_for_good(app: App) {
        let ada = app.member("ada").await;
        app.database.execute("UPDATE users SET is_active = FALSE").await;
        assert!(!ada.is_signed_in().await);
        app.database.execute("UPDATE users SET is_active = TRUE").await;
        assert!(!ada.is_signed_in().await, "enabling does not bring the session back");
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
    }
}

#[tokio::test]
async fn a_login_leaves_no_session_if_the_cap_cannot_be_enforced() {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    for _ in 0..5 {
        app.signed_in("ada", PASSWORD).await;
    }
    app.database.execute("CREATE TABLE kept AS SELECT digest FROM users_sessions").await;
    app.database
        .execute(
            "CREATE TRIGGER keep BEFORE DELETE ON users_sessions \
             WHEN EXISTS (SELECT 1 FROM kept WHERE kept.digest = OLD.digest) \
             BEGIN SELECT RAISE(ABORT, 'kept'); END",
        )
        .await;
    let answer = app.browser().login("ada", PASSWORD).await;
    assert!(answer.status >= 500, "{answer:?}");
    assert_eq!(answer.set_cookies(), Vec::<String>::new());
    assert_eq!(app.database.count("users_sessions").await, 5);
}
