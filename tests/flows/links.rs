//! Mailed links: their target, their purpose and their storage.

use std::time::Duration;

use crudauth::EmailConfig;
use crudauth::email::MessageKind::{self, ChangeEmail, ResetPassword, VerifyEmail};
use crudauth_tests::{
    Answer, App, Auth, Browser, Database, FRONTEND, Kind, PASSWORD, SECRET, Unlimited,
    on_every_database,
};
use poem::http::Method;
use serde_json::{Value, json};

const ADA: &str = "ada@example.com";
const NEW: &str = "new@example.com";

/// Each kind of link: request, confirmation, recipient and target.
const LINKS: [(MessageKind, &str, &str, &str, &str); 3] = [
    (VerifyEmail, "/email/verify-request", "/email/verify-confirm", ADA, "/verify-email"),
    (ResetPassword, "/password/reset-request", "/password/reset-confirm", ADA, "/reset-password"),
    (ChangeEmail, "/email/change-request", "/email/change-confirm", NEW, "/confirm-email-change"),
];

/// A body that is valid for all three requests.
fn valid_body() -> Value {
    json!({ "email": ADA, "new_email": NEW, "password": PASSWORD })
}

const NEW_PASSWORD: &str = "another-strong-one";

async fn confirm(browser: &Browser, path: &str, token: &str) -> Answer {
    browser.post(path, json!({ "token": token, "new_password": NEW_PASSWORD })).await
}

/// An app without rate limits in which ada is signed in.
async fn signed_in() -> (App, Browser) {
    let app = App::with(Kind::Sqlite, Unlimited).await;
    let ada = app.member("ada").await;
    (app, ada)
}

on_every_database! {
    async fn every_used_link_is_reported_as_used(app: App) {
        let ada = app.member("ada").await;
        let mut used = Vec::new();
        for (kind, request, confirmation, to, _) in LINKS {
            let browser = if kind == ChangeEmail { app.signed_in("ada", NEW_PASSWORD).await } else { ada.clone() };
            let mut body = valid_body();
            if kind == ChangeEmail {
                body["password"] = json!(NEW_PASSWORD);
            }
            assert_eq!(browser.post(request, body).await.status, 200);
            let token = app.token(kind, to).await;
            assert_eq!(confirm(&app.browser(), confirmation, &token).await.status, 200);
            used.push((confirmation, token));
        }
        for (confirmation, token) in &used {
            let again = confirm(&app.browser(), confirmation, token).await;
            assert_eq!((again.status, &*again.code()), (400, "token-used"), "{confirmation}");
        }
        assert_eq!(app.database.count("users WHERE email = 'new@example.com' AND email_verified").await, 1);
        app.database.execute("UPDATE users SET is_active = FALSE").await;
        for (confirmation, token) in &used {
            let again = confirm(&app.browser(), confirmation, token).await;
            assert_eq!(again.code(), "invalid-token", "{confirmation}: of a disabled account");
        }
    }

    async fn a_link_that_another_one_overtook_was_not_used(app: App) {
        app.member("ada").await;
        let first = app.reset_token(ADA).await;
        let second = app.reset_token(ADA).await;
        let path = "/password/reset-confirm";
        assert_eq!(confirm(&app.browser(), path, &second).await.status, 200);
        assert_eq!(confirm(&app.browser(), path, &first).await.code(), "invalid-token");
        assert_eq!(confirm(&app.browser(), path, &second).await.code(), "token-used");
    }
}

#[tokio::test]
async fn a_link_ignores_the_host_of_the_request() {
    let (app, ada) = signed_in().await;
    let json = ("content-type", "application/json");
    for lies in [
        &[("host", "evil.example")][..],
        &[("host", "evil.example:8443"), ("x-forwarded-proto", "http")],
        &[("x-forwarded-host", "evil.example"), ("x-forwarded-server", "evil.example")],
        &[("forwarded", "host=evil.example;proto=https"), ("x-original-host", "evil.example")],
        &[("origin", "https://evil.example"), ("referer", "https://evil.example/")],
        &[("host", "localhost"), ("host", "evil.example")],
    ] {
        for (kind, request, _, to, path) in LINKS {
            let headers = [&[json], lies].concat();
            let body = valid_body().to_string().into_bytes();
            let answer = ada.send(Method::POST, request, &headers, body).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let link = app.last_mail(kind, to).await.link.unwrap();
            let token = link.strip_prefix(&format!("{FRONTEND}{path}?token="));
            let token = token.unwrap_or_else(|| panic!("{link} after {lies:?}"));
            assert!(token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
    }
}

#[tokio::test]
async fn a_link_serves_its_own_purpose_only() {
    let (app, ada) = signed_in().await;
    for (_, request, ..) in LINKS {
        assert_eq!(ada.post(request, valid_body()).await.status, 200);
    }
    for (kind, _, own, to, _) in LINKS {
        let token = app.token(kind, to).await;
        for (_, _, other, ..) in LINKS.iter().filter(|link| link.2 != own) {
            let answer = confirm(&app.browser(), other, &token).await;
            assert_eq!((answer.status, &*answer.detail()), (400, "Invalid or expired token"));
        }
        let cookie = app.browser();
        cookie.set_cookie("session_id", &token);
        assert!(!cookie.is_signed_in().await, "nor is it a session");
    }
    let untouched =
        "users WHERE email = 'ada@example.com' AND NOT email_verified AND token_version = 0";
    assert_eq!(app.database.count(untouched).await, 1);
    // In this order no confirmation voids the next link.
    for at in [0, 2] {
        let (kind, _, own, to, _) = LINKS[at];
        let token = app.token(kind, to).await;
        assert_eq!(confirm(&app.browser(), own, &token).await.status, 200);
    }
}

#[tokio::test]
async fn no_other_spelling_of_a_token_is_accepted() {
    let (app, _) = signed_in().await;
    for (kind, own, to) in [(VerifyEmail, "/email/verify-confirm", ADA)] {
        let token = app.token(kind, to).await;
        let flipped = format!("{}{}", &token[..63], if token.ends_with('0') { '1' } else { '0' });
        for wrong in [
            String::new(),
            token.to_uppercase().replace(|c: char| c.is_ascii_digit(), "A"),
            format!("{token}0"),
            format!(" {token}"),
            token[1..].to_owned(),
            flipped,
            "%".to_owned(),
            "' OR 1=1 --".to_owned(),
            "x".repeat(5000),
        ] {
            let answer = confirm(&app.browser(), own, &wrong).await;
            assert_eq!((answer.status, &*answer.detail()), (400, "Invalid or expired token"));
        }
        for wrong in [json!(null), json!(1), json!([token]), json!({ "token": token })] {
            let answer = app.browser().post(own, json!({ "token": wrong })).await;
            assert_eq!(answer.status, 422);
            assert!(!answer.text.contains(&token), "and is not repeated");
        }
        assert_eq!(confirm(&app.browser(), own, &token).await.status, 200);
    }
}

#[tokio::test]
async fn a_safe_redirect_is_returned_with_the_confirmation() {
    let (app, ada) = signed_in().await;
    // The reset comes last because it revokes the session that the change needs.
    for (kind, request, own, to, _) in [LINKS[0], LINKS[2], LINKS[1]] {
        let mut valid_body = valid_body();
        valid_body["redirect_to"] = "/deep/path?x=1#part".into();
        valid_body["email"] = ada.get("/me").await.json()["email"].clone();
        let to = if kind == ResetPassword { NEW } else { to };
        assert_eq!(ada.post(request, valid_body).await.status, 200);
        let link = app.last_mail(kind, to).await.link.unwrap();
        assert!(!link.contains("deep"), "it is stored with the token, not in the link");
        let answer = confirm(&app.browser(), own, &app.token(kind, to).await).await;
        assert_eq!(answer.status, 200, "{kind:?} {answer:?}");
        assert_eq!(answer.json()["redirect_to"], "/deep/path?x=1#part");
    }
}

#[tokio::test]
async fn a_redirect_to_another_site_is_dropped() {
    let (app, ada) = signed_in().await;
    for unsafe_redirect in [
        "",
        "path",
        "https://evil.example",
        "javascript:alert(1)",
        "//evil.example",
        "/%2fevil.example",
        "%2f/evil.example",
        "/\\evil.example",
        "/%5cevil.example",
        "\\/evil.example",
        "/.//evil.example",
        "/a/..//evil.example",
        "/a\r\nset-cookie: x=1",
        "/a%0d%0aset-cookie:%20x=1",
        "/\u{2028}",
        " //evil.example",
        "https://app.example.com@evil.example",
        "@evil.example",
    ] {
        let (kind, request, own, to, _) = LINKS[1];
        let mut valid_body = valid_body();
        valid_body["redirect_to"] = unsafe_redirect.into();
        assert_eq!(ada.post(request, valid_body).await.status, 200, "{unsafe_redirect}");
        let answer = confirm(&app.browser(), own, &app.token(kind, to).await).await;
        assert_eq!(answer.status, 200);
        assert!(answer.json().get("redirect_to").is_none(), "{unsafe_redirect}: {answer:?}");
    }
    let stored = "users_one_time_tokens WHERE redirect_to IS NOT NULL";
    assert_eq!(app.database.count(stored).await, 0, "no redirect was stored");
}

#[tokio::test]
async fn two_concurrent_requests_get_two_tokens() {
    let (app, _) = signed_in().await;
    assert_ne!(app.reset_token(ADA).await, app.reset_token(ADA).await);
}

#[tokio::test]
async fn links_cookies_and_passwords_are_not_in_the_database() {
    let (app, ada) = signed_in().await;
    for (_, request, ..) in LINKS {
        assert_eq!(ada.post(request, valid_body()).await.status, 200);
    }
    let mut secrets = vec![PASSWORD.as_bytes().to_vec()];
    let mut texts: Vec<_> = ada.cookies().into_values().collect();
    for (kind, _, _, to, _) in LINKS {
        texts.push(app.token(kind, to).await);
    }
    for text in texts {
        let half = text.split('.').next_back().unwrap_or_default();
        let digits = (0..half.len() / 2).filter_map(|at| half.get(2 * at..2 * at + 2));
        let bytes: Vec<_> = digits.filter_map(|two| u8::from_str_radix(two, 16).ok()).collect();
        if bytes.len() == 32 {
            secrets.push(bytes);
        }
        secrets.push(text.into_bytes());
    }
    assert!(secrets.len() > 10, "session, CSRF token, device, three links");
    app.database.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
    let file = app.database.text("SELECT file FROM pragma_database_list WHERE name = 'main'").await;
    let content = std::fs::read(file).unwrap();
    let is_there = |needle: &[u8]| content.windows(needle.len()).any(|part| part == needle);
    assert!(is_there(ADA.as_bytes()), "the file is the right one");
    for secret in secrets {
        assert!(!is_there(&secret), "{}", String::from_utf8_lossy(&secret));
    }
}

#[tokio::test]
async fn the_token_takes_its_place_in_the_template_of_a_link() {
    let app = App::on(Kind::Sqlite).await;
    let Database::Sqlite(pool) = app.database.clone() else { unreachable!() };
    let hour = Duration::from_secs(3600);
    let email = EmailConfig::new(app.outbox.clone(), FRONTEND)
        .verify_link("/#/verify?token={token}", hour)
        .reset_link("/reset/{token}", hour);
    let auth = Auth::builder(pool, SECRET).email(email).build().await.unwrap();
    let app = app.around(auth);
    app.register("ada").await;
    app.browser().post("/password/reset-request", json!({ "email": ADA })).await;
    for (kind, before) in [
        (VerifyEmail, "https://app.example.com/#/verify?token="),
        (ResetPassword, "https://app.example.com/reset/"),
    ] {
        let link = app.last_mail(kind, ADA).await.link.unwrap();
        let token = link.strip_prefix(before).unwrap_or_else(|| panic!("{link}"));
        assert!(token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{link}");
    }
}
