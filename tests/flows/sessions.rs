//! The `sessions` slice: owners list and revoke their sessions; and the lifetime of sessions and
//! cookies.

use std::time::Duration;

use crudauth::{Backend, SessionConfig};
use crudauth_tests::{
    Answer, App, AppBuilder, Browser, Kind, PASSWORD, Setting, on_every_database,
};
use poem::http::Method;
use serde_json::{Value, json};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
    (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn list(browser: &Browser) -> Vec<Value> {
    let answer = browser.get("/sessions").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json().as_array().unwrap().clone()
}

/// The handle of the current session.
async fn handle(browser: &Browser) -> String {
    let sessions = list(browser).await;
    let own = sessions.iter().find(|one| one["current"] == true).unwrap();
    own["id"].as_str().unwrap().to_owned()
}

async fn revoke(browser: &Browser, handle: &str) -> Answer {
    browser.delete(&format!("/sessions/{handle}")).await
}

async fn remembered(app: &App) -> Browser {
    app.register("ada").await;
    let browser = app.browser();
    let answer = browser.login_with("ada", PASSWORD, &[("remember_me", "true")], &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    browser
}

on_every_database! {
    async fn the_latest_active_session_is_listed_first_and_the_current_one_is_marked(app: App) {
        app.register("ada").await;
        app.member("eve").await;
        let laptop = app.browser();
        let phone = app.browser();
        laptop.login_with("ada", PASSWORD, &[], &[("user-agent", FIREFOX)]).await;
        app.clock.advance(MINUTE);
        phone.login_with("ada", PASSWORD, &[], &[("user-agent", IPHONE)]).await;
        let names = |sessions: &[Value]| -> Vec<_> {
            sessions.iter().map(|one| (one["device"]["browser"].clone(), one["current"].clone())).collect()
        };
        assert_eq!(
            names(&list(&phone).await),
            [(json!("Safari"), json!(true)), (json!("Firefox"), json!(false))]
        );
        app.clock.advance(2 * MINUTE);
        let sessions = list(&laptop).await;
        assert_eq!(
            names(&sessions),
            [(json!("Firefox"), json!(true)), (json!("Safari"), json!(false))]
        );
        assert_eq!(sessions[0]["ip"], laptop.ip);
        assert_eq!(sessions[1]["ip"], phone.ip);
        let phone = &sessions[1]["device"];
        assert_eq!((&phone["os"], &phone["device"]), (&json!("iOS"), &json!("iPhone")));
        assert_eq!((&phone["is_mobile"], &phone["is_pc"]), (&json!(true), &json!(false)));
        let at = |one: &Value, what: &str| {
            one[what].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap()
        };
        let idle = at(&sessions[0], "last_activity") - at(&sessions[0], "created_at");
        assert_eq!(idle, chrono::TimeDelta::minutes(3));
        assert_eq!(at(&sessions[1], "last_activity"), at(&sessions[1], "created_at"));
    }

    async fn a_session_is_revoked_by_its_owner_only(app: App) {
        let laptop = app.member("ada").await;
        let phone = app.signed_in("ada", PASSWORD).await;
        let eve = app.member("eve").await;
        let own = handle(&laptop).await;
        let other = handle(&phone).await;
        let foreign = revoke(&eve, &own).await;
        assert_eq!((foreign.status, &*foreign.detail()), (404, "Session not found."));
        assert!(laptop.is_signed_in().await);

        let answer = revoke(&laptop, &other).await;
        assert_eq!((answer.status, &*answer.detail()), (200, "Session revoked."));
        assert!(answer.set_cookies().is_empty(), "it was not this one");
        assert!(!phone.is_signed_in().await && laptop.is_signed_in().await);
        assert_eq!(revoke(&laptop, &other).await.comparable(), foreign.comparable(), "gone like a foreign one");

        let answer = revoke(&laptop, &own).await;
        assert_eq!((answer.status, answer.set_cookies().len()), (200, 2));
        assert!(answer.set_cookies().iter().all(|cookie| cookie.contains("Max-Age=0")));
        assert!(laptop.cookie("session_id").is_none());
        assert_eq!(app.database.count("users_sessions").await, 1, "only Eve's is left");
    }

    async fn logout_all_revokes_every_session_of_this_account_only(app: App) {
        let laptop = app.member("ada").await;
        let phone = app.signed_in("ada", PASSWORD).await;
        let eve = app.member("eve").await;
        let thief = laptop.stolen();
        let answer = laptop.post("/logout-all", json!({})).await;
        assert_eq!(answer.json(), json!({ "detail": "Signed out of all sessions.", "revoked": 2 }));
        assert_eq!(answer.set_cookies().len(), 2);
        assert!(laptop.cookie("session_id").is_none());
        assert!(!thief.is_signed_in().await && !phone.is_signed_in().await);
        assert!(eve.is_signed_in().await);
    }

    async fn logout_all_can_keep_the_current_session(app: App) {
        let laptop = app.member("ada").await;
        let phone = app.signed_in("ada", PASSWORD).await;
        for (value, revoked) in [("true", 1), ("1", 0), ("Yes", 0), ("on", 0)] {
            let answer = laptop.post(&format!("/logout-all?keep_current={value}"), json!({})).await;
            assert_eq!((answer.status, &answer.json()["revoked"]), (200, &json!(revoked)), "{value}");
            assert!(answer.set_cookies().is_empty());
        }
        assert!(laptop.is_signed_in().await && !phone.is_signed_in().await);
        let answer = laptop.post("/logout-all?keep_current=0", json!({})).await;
        assert_eq!((answer.status, &answer.json()["revoked"]), (200, &json!(1)));
    }

    async fn a_remembered_session_lasts_thirty_days_from_its_last_use(app: App) {
        let used = remembered(&app).await;
        let idle = app.browser();
        idle.login_with("ada", PASSWORD, &[("remember_me", "on")], &[]).await;
        app.clock.advance(29 * DAY);
        assert!(used.is_signed_in().await);
        app.clock.advance(2 * DAY);
        assert!(used.is_signed_in().await && !idle.is_signed_in().await);
    }
}

#[tokio::test]
async fn a_session_handle_grants_no_access() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    let handle = handle(&ada).await;
    let cookie = ada.cookie("session_id").unwrap();
    let digest = app.database.text("SELECT LOWER(HEX(digest)) FROM users_sessions").await;
    assert!(handle != cookie && handle != digest && digest != cookie);
    for value in [handle, digest] {
        let thief = app.browser();
        thief.set_cookie("session_id", &value);
        assert!(!thief.is_signed_in().await);
    }
}

#[tokio::test]
async fn a_malformed_handle_is_not_found() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    let cookie = ada.cookie("session_id").unwrap();
    let unknown = "0".repeat(64);
    for wrong in ["x", "%00", "1%20OR%201=1", "..%2F..", &unknown, &cookie, &"a".repeat(5000)] {
        let answer = revoke(&ada, wrong).await;
        assert_eq!((answer.status, &*answer.detail()), (404, "Session not found."), "{wrong}");
    }
    assert!(ada.is_signed_in().await);
}

#[tokio::test]
async fn the_sessions_routes_require_a_session_and_a_csrf_token() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    let stranger = app.browser();
    let path = format!("/sessions/{}", handle(&ada).await);
    for (method, path) in [
        (Method::GET, "/sessions"),
        (Method::DELETE, &*path),
        (Method::POST, "/logout-all"),
        (Method::POST, "/csrf/refresh"),
    ] {
        let answer = stranger.send(method, path, &[], Vec::new()).await;
        assert_eq!((answer.status, &*answer.detail()), (401, "Not authenticated"), "{path}");
    }
    for (method, path) in [(Method::DELETE, &*path), (Method::POST, "/logout-all")] {
        let wrong = [("x-csrf-token", "0")];
        let answer = ada.send(method, path, &wrong, Vec::new()).await;
        assert_eq!((answer.status, answer.header("x-csrf-error")), (403, Some("true")));
    }
    assert!(ada.is_signed_in().await);
}

#[tokio::test]
async fn an_invalid_boolean_is_rejected_at_its_field_and_revokes_nothing() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    for bad in ["maybe", "", "2", "true%00"] {
        let answer = ada.post(&format!("/logout-all?keep_current={bad}"), json!({})).await;
        assert_eq!(answer.status, 422, "{bad}");
        assert_eq!(answer.json()["detail"][0]["loc"], json!(["query", "keep_current"]));
    }
    assert!(ada.is_signed_in().await);
}

#[tokio::test]
async fn a_csrf_refresh_replaces_a_lost_token_and_voids_the_old_one() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    let old = ada.cookie("csrf_token").unwrap();
    let answer = ada.post("/csrf/refresh", json!({})).await;
    assert_eq!((&answer.json()["csrf_token"], answer.set_cookies().len()), (&json!(old), 0));

    ada.drop_cookie("csrf_token");
    let answer = ada.post("/csrf/refresh", json!({})).await;
    let new = ada.cookie("csrf_token").unwrap();
    assert_eq!((answer.status, &answer.json()["csrf_token"]), (200, &json!(new)));
    assert_ne!(new, old);
    let cookies = answer.set_cookies();
    assert!(
        cookies.len() == 1 && !cookies[0].contains("HttpOnly") && !cookies[0].contains("Max-Age")
    );
    let send = |token: String| {
        let ada = ada.clone();
        async move { ada.send(Method::POST, "/note", &[("x-csrf-token", &token)], vec![]).await.status }
    };
    assert_eq!((send(old).await, send(new).await), (403, 200));
    for _ in 0..28 {
        assert_eq!(ada.post("/csrf/refresh", json!({})).await.status, 200);
    }
    assert_eq!(ada.post("/csrf/refresh", json!({})).await.status, 429);
}

#[tokio::test]
async fn only_a_remembered_login_renews_its_cookies_once_a_minute() {
    let app = App::on(Kind::Sqlite).await;
    let remembered = remembered(&app).await;
    let session = app.signed_in("ada", PASSWORD).await;
    assert!(remembered.get("/dashboard").await.set_cookies().is_empty(), "nothing to renew yet");
    app.clock.advance(MINUTE);
    let before = remembered.cookies();
    let answer = remembered.get("/dashboard").await;
    let cookies = answer.set_cookies();
    assert_eq!(cookies.len(), 2, "session and CSRF token: {cookies:?}");
    assert!(cookies.iter().all(|cookie| cookie.contains("Max-Age=2592000")), "{cookies:?}");
    assert_eq!(remembered.cookies(), before, "the same values for longer");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "it carries credentials");
    assert!(remembered.get("/dashboard").await.set_cookies().is_empty(), "once a minute");
    assert!(session.get("/dashboard").await.set_cookies().is_empty(), "it ends with the browser");
    app.clock.advance(MINUTE);
    assert_eq!(remembered.get("/me").await.set_cookies().len(), 2, "routes of the library, too");
    app.clock.advance(MINUTE);
    let answer = remembered.post("/logout", json!({})).await;
    assert!(answer.set_cookies().iter().all(|cookie| cookie.contains("Max-Age=0")), "not revived");
}

struct Absolute(Duration);

impl Setting for Absolute {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.session(SessionConfig::default().absolute_timeout(self.0))
    }
}

#[tokio::test]
async fn use_does_not_extend_the_absolute_timeout() {
    let app = App::with(Kind::Sqlite, Absolute(60 * MINUTE)).await;
    let ada = app.member("ada").await;
    let remembered = remembered(&app).await;
    for _ in 0..5 {
        app.clock.advance(10 * MINUTE);
        assert!(ada.is_signed_in().await && remembered.is_signed_in().await);
    }
    app.clock.advance(10 * MINUTE - Duration::from_secs(1));
    assert!(ada.is_signed_in().await && remembered.is_signed_in().await);
    app.clock.advance(Duration::from_secs(1));
    assert!(!ada.is_signed_in().await && !remembered.is_signed_in().await);
}

#[tokio::test]
async fn a_shorter_timeout_applies_to_existing_sessions() {
    let before = App::on(Kind::Sqlite).await;
    let ada = before.member("ada").await;
    let remembered = remembered(&before).await;
    let bob = before.member("bob").await;
    for _ in 0..6 {
        before.clock.advance(10 * MINUTE);
        assert!(ada.is_signed_in().await && remembered.is_signed_in().await);
    }
    let after = App::over(before.database.clone(), Absolute(60 * MINUTE)).await;
    after.clock.advance(60 * MINUTE);
    let moved = |browser: &Browser| {
        let other = after.browser();
        other.set_cookie("session_id", &browser.cookie("session_id").unwrap());
        other
    };
    for browser in [&ada, &remembered, &bob] {
        assert!(!moved(browser).is_signed_in().await);
    }
}

/// Remembered sessions of a week.
struct Weekly;

impl Setting for Weekly {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.session(SessionConfig::default().remembered_idle_timeout(7 * DAY))
    }
}

#[tokio::test]
async fn a_remembered_cookie_lasts_as_long_as_its_session() {
    let app = App::with(Kind::Sqlite, Weekly).await;
    let browser = remembered(&app).await;
    let again = browser.login_with("ada", PASSWORD, &[("remember_me", "true")], &[]).await;
    let lines = again.set_cookies();
    let line = lines.iter().find(|line| line.starts_with("session_id=")).unwrap();
    assert!(line.contains("Max-Age=604800"), "{line}");
    let device = lines.iter().find(|line| line.starts_with("known_device=")).unwrap();
    assert!(device.contains("Max-Age=34560000"), "the longest that browsers accept: {device}");
}
