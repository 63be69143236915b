//! Signing in: identifiers, sessions and rejections.

use std::time::Duration;

use crudauth::email::MessageKind;
use crudauth::{Backend, HashingConfig};
use crudauth_tests::{
    Answer, App, AppBuilder, Browser, FRONTEND, Kind, PASSWORD, Setting, on_every_database,
};
use poem::http::Method;
use serde_json::json;

const NEW: &str = "another-strong-one";

/// Hashes with one more pass.
struct Costly;

impl Setting for Costly {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.hashing(HashingConfig::default().passes(3))
    }
}

/// The `Set-Cookie` line of this cookie.
fn cookie_line(answer: &Answer, name: &str) -> String {
    let line = answer.set_cookies().into_iter().find(|line| line.starts_with(&format!("{name}=")));
    line.unwrap_or_else(|| panic!("no {name}: {answer:?}"))
}

async fn login_from(browser: &Browser, headers: &[(&str, &str)]) -> u16 {
    browser.login_with("ada", PASSWORD, &[], headers).await.status
}

on_every_database! {
    async fn a_name_with_a_blank_is_another_name(app: App) {
        app.register("ada").await;
        for name in ["ada ", "ada   ", " ada", "ada\u{a0}"] {
            assert_eq!(app.browser().login(name, PASSWORD).await.status, 401, "{name:?}");
        }
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
    }

    async fn either_identifier_in_any_case_signs_in(app: App) {
        app.register("Ada").await;
        for typed in
            ["Ada", "ada", "ADA", "\u{ff21}da", "ada@example.com", "ADA@Example.COM", " ada@example.com"]
        {
            let browser = app.browser();
            app.clock.advance(Duration::from_secs(1));
            let answer = browser.login(typed, PASSWORD).await;
            assert_eq!(answer.status, 200, "{typed}");
            assert_eq!(answer.json()["username"], "Ada", "{typed}");
            assert!(browser.is_signed_in().await, "{typed}");
        }
    }

    async fn a_rejected_login_does_not_reveal_the_reason(app: App) {
        for name in ["ada", "dis", "non"] {
            app.register(name).await;
        }
        let disable = "UPDATE users SET is_active = FALSE WHERE username = 'dis'";
        app.database.execute(disable).await;
        let unset = "UPDATE users SET hashed_password = '!' WHERE username = 'non'";
        app.database.execute(unset).await;
        let wrong = app.browser().login("ada", "not-her-password").await;
        assert_eq!((wrong.status, wrong.detail().as_str()), (401, "Incorrect username or password"));
        for (typed, password) in [
            ("dis", PASSWORD),
            ("non", PASSWORD),
            ("non", "!"),
            ("unknown", PASSWORD),
            ("unknown@example.com", PASSWORD),
            ("ada@example.com", "not-her-password"),
            ("not a name", PASSWORD),
            ("\u{0}", PASSWORD),
        ] {
            let refused = app.browser().login(typed, password).await;
            assert_eq!(refused.comparable(), wrong.comparable(), "{typed:?}");
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users_sessions").await, 0);
    }

    async fn a_hash_of_another_cost_is_replaced_at_the_next_login(app: App) {
        let costly = App::over(app.database.clone(), Costly).await;
        let phone = costly.member("ada").await.to(&app);
        let passes = async |passes: u32| {
            let sql = format!("SELECT COUNT(*) FROM users WHERE hashed_password LIKE '%,t={passes},%'");
            app.database.number(&sql).await
        };
        assert_eq!(passes(3).await, 1);
        app.browser().login("ada", "not-her-password").await;
        assert_eq!(passes(3).await, 1, "a wrong password renews nothing");
        app.signed_in("ada", PASSWORD).await;
        assert_eq!((passes(3).await, passes(1).await), (0, 1));
        assert!(phone.is_signed_in().await, "a renewed hash is the same password");
        app.signed_in("ada", PASSWORD).await;
    }

    async fn a_reused_id_accepts_no_old_credential(app: App) {
        let ada = app.member("ada").await;
        let verify = app.token(MessageKind::VerifyEmail, "ada@example.com").await;
        let reset = app.reset_token("ada@example.com").await;
        let id = app.database.number("SELECT id FROM users").await;
        app.database.execute("DELETE FROM users").await;
        // The same identifiers, so that only the account differs.
        app.register("ada").await;
        app.database.execute(&format!("UPDATE users SET id = {id}")).await;
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users_sessions").await, 1);
        assert!(!ada.is_signed_in().await);
        let answer = app.browser().post("/email/verify-confirm", json!({ "token": verify })).await;
        assert_eq!(answer.detail(), "Invalid or expired token");
        let body = json!({ "token": reset, "new_password": NEW });
        let answer = app.browser().post("/password/reset-confirm", body).await;
        assert_eq!(answer.detail(), "Invalid or expired token");
        let new = app.signed_in("ada", PASSWORD).await;
        assert_eq!(new.get("/sessions").await.json().as_array().unwrap().len(), 1);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users WHERE email_verified").await, 0);
    }

    async fn an_account_created_after_a_deletion_inherits_nothing(app: App) {
        let ada = app.member("ada").await;
        let phone = app.signed_in("ada", PASSWORD).await;
        let id = app.database.number("SELECT id FROM users").await;
        assert!(app.auth.accounts().delete(&id).await.unwrap());
        app.register("bob").await;
        assert!(app.database.number("SELECT id FROM users").await > id, "no key is used twice");
        assert!(!ada.is_signed_in().await && !phone.is_signed_in().await);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users_sessions").await, 0);
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 401);
    }
}

#[tokio::test]
async fn a_login_returns_the_account_and_two_session_cookies() {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    let browser = app.browser();
    let answer = browser.login("ada", PASSWORD).await;
    let session = browser.cookie("session_id").unwrap();
    let csrf = browser.cookie("csrf_token").unwrap();
    let id = app.database.number("SELECT id FROM users").await;
    let body = json!({ "id": id, "username": "ada", "csrf_token": csrf });
    assert_eq!((answer.status, answer.json()), (200, body));
    let line = format!("session_id={session}; HttpOnly; Path=/; SameSite=lax; Secure");
    assert_eq!(cookie_line(&answer, "session_id"), line);
    let line = format!("csrf_token={csrf}; Path=/; SameSite=lax; Secure");
    assert_eq!(cookie_line(&answer, "csrf_token"), line);
    assert!(cookie_line(&answer, "known_device").contains("; HttpOnly"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(session.len() == 64 && csrf.len() == 64 && session != csrf);
}

#[tokio::test]
async fn remember_me_survives_twenty_nine_idle_days() {
    let app = App::on(Kind::Sqlite).await;
    let other = app.member("ada").await;
    for value in ["1", "on", "True"] {
        let browser = app.browser();
        let answer = browser.login_with("ada", PASSWORD, &[("remember_me", value)], &[]).await;
        for name in ["session_id", "csrf_token"] {
            assert!(cookie_line(&answer, name).contains("; Max-Age=2592000;"), "{value}");
        }
    }
    // The values that forms send for an unchecked box.
    let browser = app.browser();
    let answer = browser.login_with("ada", PASSWORD, &[("remember_me", "")], &[]).await;
    assert_eq!(answer.status, 200);
    assert!(!cookie_line(&answer, "session_id").contains("Max-Age"));
    let remembered = app.browser();
    remembered.login_with("ada", PASSWORD, &[("remember_me", "true")], &[]).await;
    app.clock.advance(Duration::from_secs(29 * 24 * 3600));
    assert!(remembered.is_signed_in().await && !other.is_signed_in().await);
    app.clock.advance(Duration::from_secs(30 * 24 * 3600));
    assert!(!remembered.is_signed_in().await);
    let answer = app.browser().login_with("ada", PASSWORD, &[("remember_me", "maybe")], &[]).await;
    assert_eq!(
        (answer.status, &answer.json()["detail"][0]["loc"][1]),
        (422, &json!("remember_me"))
    );
}

#[tokio::test]
async fn a_login_never_adopts_a_session_id_from_the_request() {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    let planted = "0123456789abcdef".repeat(4);
    let victim = app.browser();
    victim.set_cookie("session_id", &planted);
    victim.login("ada", PASSWORD).await;
    assert_ne!(victim.cookie("session_id").unwrap(), planted);
    let attacker = app.browser();
    attacker.set_cookie("session_id", &planted);
    assert!(victim.is_signed_in().await && !attacker.is_signed_in().await);
}

#[tokio::test]
async fn a_login_revokes_the_session_of_the_request() {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    let browser = app.member("eve").await;
    let before = browser.cookies();
    let copy = browser.stolen();
    assert_eq!(browser.login("ada", PASSWORD).await.status, 200);
    assert_ne!(browser.cookies()["session_id"], before["session_id"]);
    assert_ne!(browser.cookies()["csrf_token"], before["csrf_token"]);
    assert!(!copy.is_signed_in().await, "the old session is revoked, although of another account");
    assert_eq!(browser.get("/me").await.json()["username"], "ada");
}

#[tokio::test]
async fn the_cap_never_revokes_the_new_session() {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    // All at the same instant, so that none is less recent.
    for at in 0..12 {
        assert!(app.signed_in("ada", PASSWORD).await.is_signed_in().await, "{at}");
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users_sessions").await, 5);
}

#[tokio::test]
async fn a_failed_login_keeps_the_old_session() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    let answer = ada.login("ada", "not-her-password").await;
    assert_eq!((answer.status, answer.set_cookies().len()), (401, 0));
    assert!(ada.is_signed_in().await);
}

#[tokio::test]
async fn a_cross_site_form_opens_no_session() {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "Cross-Site")],
        &[("sec-fetch-site", "cross-site"), ("origin", FRONTEND)],
        &[("origin", "https://evil.example")],
        &[("origin", "https://app.example.com.evil.example")],
        &[("origin", "https://localhost.evil.example")],
        &[("origin", "http://app.example.com")],
        &[("origin", "https://localhost:80")],
        &[("origin", "https://localhost:8443")],
        &[("origin", "null")],
        &[("origin", "")],
    ] {
        let browser = app.browser();
        let answer = browser.login_with("ada", PASSWORD, &[], headers).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "cross-site"), "{headers:?}");
        assert_eq!(answer.detail(), "Cross-site login requests are not allowed.");
        assert!(!browser.is_signed_in().await);
    }
    // As in crudauth-py, a malformed form is rejected as such from any origin.
    let answer = app
        .browser()
        .send(Method::POST, "/login", &[("sec-fetch-site", "cross-site")], b"{".to_vec())
        .await;
    assert_eq!(answer.status, 422);
}

#[tokio::test]
async fn same_origin_pages_and_programs_may_sign_in() {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    for headers in [
        &[][..],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("origin", FRONTEND)],
        &[("origin", "https://localhost")],
        &[("origin", "https://localhost:443")],
        &[("origin", "http://localhost"), ("host", "LOCALHOST:80")],
        &[("origin", "https://localhost"), ("host", "localhost:443")],
    ] {
        assert_eq!(login_from(&app.browser(), headers).await, 200, "{headers:?}");
    }
}

#[tokio::test]
async fn credentials_are_read_from_the_form_only() {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    let path = format!("/login?username=ada&password={PASSWORD}");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = app.browser().send(Method::POST, &path, &form, Vec::new()).await;
    assert_eq!(answer.status, 422);
    let body = json!({ "username": "ada", "password": PASSWORD });
    assert_eq!(app.browser().post("/login", body).await.status, 422);
    let part = |name: &str, text: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    };
    let body = part("username", "ada") + &part("password", PASSWORD) + "--b--\r\n";
    let multipart = [("content-type", "multipart/form-data; boundary=b")];
    let answer = app.browser().send(Method::POST, "/login", &multipart, body.into_bytes()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}
