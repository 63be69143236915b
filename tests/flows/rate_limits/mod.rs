//! Rate limits: each limit, the client or account it counts, and its headers.

mod messages;
mod windows;

use std::time::Duration;

use crudauth::email::MessageKind;
use crudauth_tests::{Answer, App, Browser, FRONTEND, Kind, PASSWORD, Unlimited, sign_up};
use poem::http::Method;
use serde_json::json;

const NEW: &str = "another-strong-one";

async fn app() -> App {
    App::on(Kind::Sqlite).await
}

fn advance(app: &App, seconds: u64) {
    app.clock.advance(Duration::from_secs(seconds));
}

async fn request_reset(browser: &Browser, name: &str) -> Answer {
    browser.post("/password/reset-request", json!({ "email": format!("{name}@example.com") })).await
}

/// The `X-RateLimit-Limit` and `X-RateLimit-Remaining` headers.
fn limit_headers(answer: &Answer) -> (Option<&str>, Option<&str>) {
    (answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining"))
}

/// Asserts a 429 and returns its `Retry-After` in seconds.
fn retry_after(answer: &Answer) -> u64 {
    assert_eq!((answer.status, answer.code().as_str()), (429, "too-many-requests"), "{answer:?}");
    assert_eq!(answer.detail(), "Too many requests. Try again later.");
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"));
    answer.header("retry-after").unwrap().parse().unwrap()
}

/// The limited routes with their limits.
const LIMITED: [(&str, usize); 11] = [
    ("/register", 5),
    ("/email/verify-request", 5),
    ("/password/reset-request", 5),
    ("/email/verify-confirm", 30),
    ("/password/reset-confirm", 30),
    ("/email/change-confirm", 30),
    ("/csrf/refresh", 30),
    ("/change-password", 5),
    ("/set-password", 5),
    ("/logout-all?keep_current=true", 10),
    ("/email/change-request", 3),
];

async fn use_route(browser: &Browser, path: &str, at: usize) -> Answer {
    let body = match path {
        "/register" => sign_up(&format!("name{at}")),
        "/email/verify-request" | "/password/reset-request" => {
            json!({ "email": format!("name{at}@example.com") })
        }
        "/change-password" => json!({ "current_password": PASSWORD, "new_password": NEW }),
        _ => json!({ "token": "x", "new_password": NEW, "new_email": "x@example.com",
            "password": "wrong" }),
    };
    browser.post(path, body).await
}

#[tokio::test]
async fn every_limited_route_reports_the_remainder_and_then_rejects_for_an_hour() {
    for (path, times) in LIMITED {
        let app = app().await;
        let ada = app.member("ada").await;
        let has_headers = !path.ends_with("-confirm");
        for at in 0..times {
            let answer = use_route(&ada, path, at).await;
            assert_ne!(answer.status, 429, "{path}, use {}", at + 1);
            if has_headers {
                let limit = times.to_string();
                let left = (times - at - 1).to_string();
                assert_eq!(
                    limit_headers(&answer),
                    (Some(&*limit), Some(&*left)),
                    "{path}: {answer:?}"
                );
            }
        }
        let late = use_route(&ada, path, times).await;
        assert_eq!(retry_after(&late), 3600, "{path}");
        assert_eq!(late.header("x-ratelimit-limit"), Some(&*times.to_string()), "{path}");
        let elsewhere = app.browser();
        assert_ne!(
            use_route(&elsewhere, path, times + 1).await.status,
            429,
            "{path}: another client"
        );
    }
}

#[tokio::test]
async fn account_limits_hold_across_sessions_and_addresses_but_not_accounts() {
    for (path, times) in
        [("/change-password", 5), ("/set-password", 5), ("/email/change-request", 3)]
    {
        let app = app().await;
        let ada = app.member("ada").await;
        let eve = app.member("eve").await;
        // Rejected requests count as well.
        let wrong = json!({ "current_password": "wrong", "new_password": NEW,
            "new_email": "x@example.com", "password": "wrong" });
        for _ in 0..times {
            let phone = app.signed_in("ada", PASSWORD).await;
            assert_ne!(phone.post(path, wrong.clone()).await.status, 429, "{path}");
            phone.post("/logout", json!({})).await;
        }
        assert_eq!(retry_after(&use_route(&ada, path, 0).await), 3600, "{path}");
        assert_ne!(use_route(&eve, path, 0).await.status, 429, "{path}");
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200, "nothing changed");
    }
}

#[tokio::test]
async fn an_account_with_a_reused_key_has_limits_of_its_own() {
    let app = app().await;
    let ada = app.member("ada").await;
    let id = ada.id().await;
    for _ in 0..5 {
        assert_eq!(ada.change_password("wrong", NEW).await.status, 401);
    }
    assert_eq!(ada.change_password("wrong", NEW).await.status, 429);
    app.auth.accounts().delete(&id).await.unwrap();
    app.register("eve").await;
    app.database.execute(&format!("UPDATE users SET id = {id}")).await;
    let eve = app.signed_in("eve", PASSWORD).await;
    assert_eq!(eve.change_password("wrong", NEW).await.status, 401);
}

#[tokio::test]
async fn cross_site_requests_consume_no_limit() {
    let app = app().await;
    let ada = app.member("ada").await;
    let stranger = [("sec-fetch-site", "cross-site"), ("content-type", "text/plain")];
    for path in [
        "/email/verify-request",
        "/password/reset-request",
        "/email/verify-confirm",
        "/password/reset-confirm",
        "/email/change-confirm",
        "/csrf/refresh",
    ] {
        for _ in 0..31 {
            let answer = ada.send(Method::POST, path, &stranger, b"x".to_vec()).await;
            assert_eq!((answer.status, &*answer.code()), (403, "cross-site"), "{path}");
        }
    }
    assert_eq!(ada.post("/csrf/refresh", json!({})).await.status, 200);
    let own = [
        ("sec-fetch-site", "cross-site"),
        ("origin", FRONTEND),
        ("content-type", "application/json"),
    ];
    let body = json!({ "email": "ada@example.com" }).to_string().into_bytes();
    assert_eq!(ada.send(Method::POST, "/password/reset-request", &own, body).await.status, 200);
    let token = app.reset_token("ada@example.com").await;
    let body = json!({ "token": token, "new_password": NEW });
    assert_eq!(ada.post("/password/reset-confirm", body).await.status, 200);
}

#[tokio::test]
async fn malformed_forms_consume_no_account_limit() {
    let app = app().await;
    let ada = app.member("ada").await;
    for path in ["/change-password", "/set-password"] {
        for _ in 0..6 {
            assert_eq!(ada.post(path, json!({})).await.status, 422, "{path}");
        }
    }
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    assert_eq!(ada.post("/change-password", body).await.status, 200);
}

#[tokio::test]
async fn a_sign_up_counts_when_valid_and_a_mail_request_before_it_is_read() {
    let app = app().await;
    let browser = app.browser();
    for _ in 0..6 {
        let mut form = sign_up("ada");
        form["password"] = json!("short");
        let answer = browser.post("/register", form).await;
        assert_eq!((answer.status, limit_headers(&answer)), (422, (None, None)));
        assert_eq!(browser.post("/register", json!({ "email": "x" })).await.status, 422);
    }
    app.register("ada").await;
    for left in ["4", "3", "2", "1", "0"] {
        let mut taken = sign_up("eve");
        taken["username"] = json!("ada");
        let answer = browser.post("/register", taken).await;
        assert_eq!(
            (answer.status, limit_headers(&answer).1),
            (422, Some(left)),
            "a taken name counts"
        );
    }
    retry_after(&browser.post("/register", sign_up("bob")).await);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 1);
    for left in ["4", "3", "2", "1", "0"] {
        let answer = browser.post("/email/verify-request", json!({})).await;
        assert_eq!((answer.status, limit_headers(&answer).1), (422, Some(left)));
    }
    retry_after(&browser.post("/email/verify-request", json!({})).await);
}

#[tokio::test]
async fn an_ipv6_network_is_one_client() {
    let app = app().await;
    for at in 1..=5 {
        let browser = app.browser().at(&format!("2001:db8:1:2::{at}"));
        assert_eq!(request_reset(&browser, "unknown").await.status, 200);
    }
    retry_after(&request_reset(&app.browser().at("2001:db8:1:2:3:4:5:6"), "unknown").await);
    assert_eq!(request_reset(&app.browser().at("2001:db8:1:3::1"), "unknown").await.status, 200);
}

#[tokio::test]
async fn a_limit_of_zero_is_off() {
    let app = App::with(Kind::Sqlite, Unlimited).await;
    let ada = app.member("ada").await;
    for (path, times) in LIMITED.into_iter().filter(|(_, times)| *times < 30) {
        for at in 0..times + 2 {
            // A successful password change would revoke the next session.
            let path = if path == "/change-password" { "/set-password" } else { path };
            let answer = use_route(&ada, path, at).await;
            assert_ne!(answer.status, 429, "{path}");
            assert_eq!(limit_headers(&answer), (None, None), "{path}");
        }
    }
    for _ in 0..7 {
        request_reset(&app.browser(), "ada").await;
    }
    assert_eq!(app.mail_count(MessageKind::ResetPassword, "ada@example.com").await, 7);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users_rate_limits").await, 0);
}

#[tokio::test]
async fn csrf_refreshes_without_a_session_do_not_count_for_the_network() {
    let app = app().await;
    let ada = app.member("ada").await;
    let neighbour = app.browser().at(&ada.ip);
    for _ in 0..31 {
        assert_eq!(neighbour.post("/csrf/refresh", json!({})).await.status, 401);
    }
    let answer = ada.post("/csrf/refresh", json!({})).await;
    assert_eq!((answer.status, limit_headers(&answer).1), (200, Some("29")));
}
