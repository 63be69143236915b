//! CSRF: which requests need a token, where it is read, and how its absence is answered.

use std::time::Duration;

use crudauth::email::MessageKind;
use crudauth_tests::{Answer, App, Browser, Kind, PASSWORD, sign_up};
use poem::http::Method;
use serde_json::{Value, json};

const NEW: &str = "another-strong-one";

async fn app() -> App {
    App::on(Kind::Sqlite).await
}

/// Every valid request that changes data of a signed-in user: the library's routes, then the app's.
async fn mutations(ada: &Browser) -> Vec<(Method, String, Value)> {
    let sessions = ada.get("/sessions").await.json();
    let other = sessions.as_array().unwrap().iter().find(|one| one["current"] == false).unwrap();
    let revoke = format!("/sessions/{}", other["id"].as_str().unwrap());
    let change = json!({ "current_password": PASSWORD, "new_password": NEW });
    let address = json!({ "new_email": "ada@example.org", "password": PASSWORD });
    let post = |path: &str, body| (Method::POST, path.to_owned(), body);
    vec![
        (Method::DELETE, revoke, json!({})),
        post("/change-password", change),
        post("/set-password", json!({ "new_password": NEW })),
        post("/email/change-request", address),
        post("/logout-all", json!({})),
        post("/logout", json!({})),
        post("/note", json!("a note")),
        post("/greeting", json!({})),
    ]
}

/// Sends the mutation with these headers and no other CSRF token.
async fn send(
    browser: &Browser,
    (method, path, body): &(Method, String, Value),
    headers: &[(&str, &str)],
) -> Answer {
    let json = [("content-type", "application/json")];
    let headers: Vec<_> = json.iter().chain(headers).copied().collect();
    browser.send(method.clone(), path, &headers, body.to_string().into_bytes()).await
}

/// Two sessions of ada and one of eve.
async fn ada_and_eve(app: &App) -> (Browser, Browser, Browser) {
    let ada = app.member("ada").await;
    let phone = app.signed_in("ada", PASSWORD).await;
    (ada, phone, app.member("eve").await)
}

/// Asserts that none of the [`mutations`] had an effect.
async fn assert_no_effect(app: &App, ada: &Browser, phone: &Browser) {
    assert!(ada.is_signed_in().await && phone.is_signed_in().await);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users_sessions").await, 3);
    assert_eq!(app.mail_count(MessageKind::ChangeEmail, "ada@example.org").await, 0);
    assert_eq!(app.mail_count(MessageKind::PasswordChanged, "ada@example.com").await, 0);
    let old = app.browser();
    assert_eq!(old.login("ada", PASSWORD).await.status, 200);
    old.post("/logout", json!({})).await;
    let counted = "SELECT COUNT(*) FROM users_rate_limits";
    assert_eq!(app.database.number(counted).await, 6, "two sign-ups, their mails, and the budgets");
}

#[tokio::test]
async fn a_mutation_without_a_token_does_nothing() {
    let app = app().await;
    let (ada, phone, _) = ada_and_eve(&app).await;
    for mutation in mutations(&ada).await {
        // An empty header counts as missing, and a browser without the cookie sends none.
        let copy = ada.stolen();
        copy.drop_cookie("csrf_token");
        for refused in [
            send(&ada, &mutation, &[("x-csrf-token", "")]).await,
            send(&copy, &mutation, &[]).await,
        ] {
            assert_eq!(refused.status, 403, "{mutation:?}: {refused:?}");
            assert_eq!(refused.detail(), "Missing CSRF token", "{mutation:?}");
            assert_eq!(refused.code(), "csrf-missing");
            assert_eq!(refused.header("x-csrf-error"), Some("true"));
            assert_eq!(refused.set_cookies(), Vec::<String>::new());
        }
    }
    assert_no_effect(&app, &ada, &phone).await;
}

#[tokio::test]
async fn a_mutation_with_a_token_of_another_session_does_nothing() {
    let app = app().await;
    let (ada, phone, eve) = ada_and_eve(&app).await;
    let own = ada.cookie("csrf_token").unwrap();
    let wrong = [
        eve.cookie("csrf_token").unwrap(),
        phone.cookie("csrf_token").unwrap(),
        ada.cookie("session_id").unwrap(),
        own.to_uppercase(),
        own[..63].to_owned(),
        format!("{own}0"),
        format!("{own}, {own}"),
        "0".repeat(64),
        "\u{e9}".to_owned(),
    ];
    for mutation in mutations(&ada).await {
        for token in &wrong {
            let refused = send(&ada, &mutation, &[("x-csrf-token", token)]).await;
            assert_eq!(refused.status, 403, "{token} {mutation:?}: {refused:?}");
            assert_eq!(refused.detail(), "Invalid CSRF token", "{token} {mutation:?}");
            assert_eq!(refused.code(), "csrf-invalid");
            assert_eq!(refused.header("x-csrf-error"), Some("true"));
        }
    }
    assert_no_effect(&app, &ada, &phone).await;
}

#[tokio::test]
async fn a_mutation_with_its_token_succeeds() {
    let app = app().await;
    app.register("ada").await;
    for at in 0..8 {
        let ada = app.signed_in("ada", PASSWORD).await;
        let phone = app.signed_in("ada", PASSWORD).await;
        let mutation = mutations(&ada).await.swap_remove(at);
        let answer = send(&ada, &mutation, &[]).await;
        assert!(answer.header("x-csrf-error").is_none(), "{mutation:?}: {answer:?}");
        assert!(matches!(answer.status, 200 | 400), "{mutation:?}: {answer:?}");
        if answer.detail() == "Password changed." {
            assert_eq!(ada.change_password(NEW, PASSWORD).await.status, 200);
        }
        for one in [&ada, &phone] {
            one.post("/logout", json!({})).await;
        }
    }
}

#[tokio::test]
async fn the_token_is_read_from_the_header_only() {
    let app = app().await;
    let (ada, phone, _) = ada_and_eve(&app).await;
    let token = ada.cookie("csrf_token").unwrap();
    let no = ("x-csrf-token", "");
    for name in ["csrf_token", "X-CSRF-Token", "x-csrf-token"] {
        let query = format!("/logout-all?{name}={token}");
        assert_eq!(ada.send(Method::POST, &query, &[no], Vec::new()).await.status, 403);
        let mut body = json!({ "current_password": PASSWORD, "new_password": NEW });
        body[name] = json!(token);
        let request = (Method::POST, "/change-password".to_owned(), body);
        assert_eq!(send(&ada, &request, &[no]).await.status, 403);
        let form = [no, ("content-type", "application/x-www-form-urlencoded")];
        let body = format!("{name}={token}").into_bytes();
        assert_eq!(ada.send(Method::POST, "/logout", &form, body).await.status, 403);
        let cookie = format!("{name}={token}");
        let request = (Method::POST, "/logout".to_owned(), json!({}));
        assert_eq!(send(&ada, &request, &[no, ("cookie", &cookie)]).await.status, 403);
    }
    for header in ["x-xsrf-token", "csrf-token", "authorization"] {
        let request = (Method::POST, "/logout".to_owned(), json!({}));
        assert_eq!(send(&ada, &request, &[no, (header, &token)]).await.status, 403);
    }
    assert_no_effect(&app, &ada, &phone).await;
}

#[tokio::test]
async fn safe_requests_need_no_token() {
    let app = app().await;
    let ada = app.member("ada").await;
    ada.drop_cookie("csrf_token");
    for path in ["/me", "/sessions", "/dashboard", "/greeting", "/open"] {
        assert_eq!(ada.get(path).await.status, 200, "{path}");
        let head = ada.send(Method::HEAD, path, &[], Vec::new()).await;
        assert_eq!(head.status, 200, "{path}");
    }
}

#[tokio::test]
async fn public_routes_need_no_token_even_with_a_session() {
    let app = app().await;
    let ada = app.member("ada").await;
    let verify = app.token(MessageKind::VerifyEmail, "ada@example.com").await;
    ada.drop_cookie("csrf_token");
    let email = json!({ "email": "ada@example.com" });
    assert_eq!(ada.post("/register", sign_up("bob")).await.status, 202);
    assert_eq!(ada.post("/email/verify-request", email.clone()).await.status, 200);
    assert_eq!(ada.post("/email/verify-confirm", json!({ "token": verify })).await.status, 200);
    assert_eq!(ada.post("/password/reset-request", email).await.status, 200);
    let body = json!({ "token": "x", "new_password": NEW });
    assert_eq!(ada.post("/password/reset-confirm", body).await.status, 400);
    assert_eq!(ada.post("/email/change-confirm", json!({ "token": "x" })).await.status, 400);
    assert_eq!(ada.login("ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn an_invalid_token_fails_an_optional_user_too() {
    let app = app().await;
    let ada = app.member("ada").await;
    let wrong = [("x-csrf-token", "wrong")];
    let answer = ada.send(Method::POST, "/greeting", &wrong, Vec::new()).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "csrf-invalid"));
    let optional = app.browser().send(Method::POST, "/greeting", &wrong, Vec::new()).await;
    assert_eq!((optional.status, optional.text.as_str()), (200, "null"));
    assert_eq!(ada.post("/greeting", json!({})).await.text, "\"ada\"");
}

#[tokio::test]
async fn an_unauthenticated_request_gets_401_before_csrf_and_body_checks() {
    let app = app().await;
    let (ada, ..) = ada_and_eve(&app).await;
    let dead = app.signed_in("eve", PASSWORD).await;
    let stale = dead.stolen();
    dead.post("/logout", json!({})).await;
    for (method, path, _) in mutations(&ada).await {
        if path == "/logout" || path == "/greeting" {
            continue;
        }
        for browser in [&app.browser(), &stale] {
            for (content_type, body) in
                [("application/json", "{bad"), ("text/plain", "{}"), ("application/json", "{}")]
            {
                let headers = [("content-type", content_type), ("x-csrf-token", "wrong")];
                let answer = browser.send(method.clone(), &path, &headers, body.into()).await;
                assert_eq!(
                    (answer.status, answer.code().as_str()),
                    (401, "not-authenticated"),
                    "{path}"
                );
                assert_eq!(answer.detail(), "Not authenticated");
                assert!(answer.header("x-csrf-error").is_none());
            }
        }
    }
    let out = stale.send(Method::POST, "/logout", &[("x-csrf-token", "")], Vec::new()).await;
    assert_eq!((out.status, out.detail().as_str()), (200, "Logged out"), "nothing is left to end");
}

#[tokio::test]
async fn the_token_of_a_revoked_session_is_invalid() {
    let app = app().await;
    let ada = app.member("ada").await;
    let old = ada.cookie("csrf_token").unwrap();
    ada.login("ada", PASSWORD).await;
    let answer = ada.send(Method::POST, "/logout", &[("x-csrf-token", &old)], Vec::new()).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "csrf-invalid"));
    assert!(ada.is_signed_in().await);
}

#[tokio::test]
async fn a_refresh_keeps_a_valid_token_and_replaces_a_lost_one() {
    let app = app().await;
    let ada = app.member("ada").await;
    let token = ada.cookie("csrf_token").unwrap();
    let kept = ada.post("/csrf/refresh", json!({})).await;
    assert_eq!((kept.status, kept.json()), (200, json!({ "csrf_token": token })));
    assert_eq!(kept.set_cookies(), Vec::<String>::new());
    for (at, lost) in [None, Some("wrong"), Some("")].into_iter().enumerate() {
        let old = ada.cookie("csrf_token").unwrap();
        match lost {
            Some(value) => ada.set_cookie("csrf_token", value),
            None => ada.drop_cookie("csrf_token"),
        }
        let renewed = ada.send(Method::POST, "/csrf/refresh", &[], Vec::new()).await;
        let new = ada.cookie("csrf_token").unwrap();
        assert_eq!((renewed.status, renewed.json()), (200, json!({ "csrf_token": new })), "{at}");
        let line = format!("csrf_token={new}; Path=/; SameSite=lax; Secure");
        assert_eq!(renewed.set_cookies(), [line]);
        assert_ne!(new, old);
        let with = async |token: &str| {
            ada.send(Method::POST, "/greeting", &[("x-csrf-token", token)], Vec::new()).await.status
        };
        assert_eq!((with(&old).await, with(&new).await), (403, 200), "{at}");
    }
}

#[tokio::test]
async fn a_refreshed_token_lasts_as_long_as_its_session() {
    let app = app().await;
    app.register("ada").await;
    let ada = app.browser();
    ada.login_with("ada", PASSWORD, &[("remember_me", "true")], &[]).await;
    ada.drop_cookie("csrf_token");
    let renewed = ada.post("/csrf/refresh", json!({})).await;
    assert!(renewed.set_cookies()[0].contains("; Max-Age=2592000;"), "{renewed:?}");
    app.clock.advance(Duration::from_secs(29 * 24 * 3600));
    assert_eq!(ada.post("/note", json!("still here")).await.status, 200);
}

#[tokio::test]
async fn a_refresh_requires_a_session() {
    let app = app().await;
    let ada = app.member("ada").await;
    let stale = ada.stolen();
    ada.post("/logout", json!({})).await;
    for browser in [app.browser(), stale] {
        let answer = browser.post("/csrf/refresh", json!({})).await;
        assert_eq!((answer.status, answer.detail().as_str()), (401, "Not authenticated"));
        assert_eq!(answer.set_cookies(), Vec::<String>::new());
    }
}
