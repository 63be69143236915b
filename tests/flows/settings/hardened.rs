//! The ends of credentials that `hardened()` sets.

use std::time::Duration;

use crudauth_tests::tokens::{Pair, Setup};
use crudauth_tests::{App, Browser, Kind};
use poem::http::Method;
use serde_json::{Value, json};

const STRONG: &str = "a-strong-one-of-fifteen";
const DAY: Duration = Duration::from_hours(24);

/// A hardened mount, and a browser with a remembered session.
async fn signed_in() -> (App, Browser) {
    let setup = Setup { is_hardened: true, ..Setup::default() };
    let (_, app) = App::on(Kind::Sqlite).await.all(setup).await;
    let form = json!({ "username": "ada", "email": "ada@example.com", "password": STRONG });
    assert_eq!(app.browser().post("/register", form).await.status, 202);
    let browser = app.browser();
    let answer = browser.login_with("ada", STRONG, &[("remember_me", "true")], &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    (app, browser)
}

#[tokio::test]
async fn hardened_sessions_and_tokens_end_after_thirty_days_of_use() {
    let (app, ada) = signed_in().await;
    let mut pair = Pair::of(&app.browser().request_token("ada", STRONG, None).await);
    for day in 1..30 {
        app.clock.advance(DAY);
        assert!(ada.is_signed_in().await, "day {day}");
        pair = Pair::of(&app.browser().refresh(&pair.refresh).await);
    }
    app.clock.advance(DAY + Duration::from_secs(1));
    assert!(!ada.is_signed_in().await);
    assert_eq!(app.browser().refresh(&pair.refresh).await.status, 401);
}

#[tokio::test]
async fn hardened_api_keys_end_after_a_year() {
    let (app, ada) = signed_in().await;
    let csrf = ada.cookie("__Host-csrf_token").unwrap();
    let create = async |body: Value| {
        let headers = [("x-csrf-token", &*csrf), ("content-type", "application/json")];
        ada.send(Method::POST, "/api-keys", &headers, body.to_string().into_bytes()).await
    };
    let longer = json!({ "name": "cron", "expires_in": 366 * 24 * 3600 });
    assert_eq!(create(longer).await.status, 422);
    let answer = create(json!({ "name": "cron" })).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let key = answer.json()["key"].as_str().unwrap().to_owned();
    let status = async || {
        let sent = [("x-api-key", &*key)];
        app.browser().send(Method::GET, "/by-key", &sent, vec![]).await.status
    };
    app.clock.advance(364 * DAY);
    assert_eq!(status().await, 200);
    app.clock.advance(2 * DAY);
    assert_eq!(status().await, 401);
}
