//! Known devices: they sign in while the account is locked for other clients.

use crudauth_tests::failed_logins::{fail_login, fail_logins_elsewhere, lock_seconds, locked};
use crudauth_tests::tokens::{Pair, in_cookie};
use crudauth_tests::{Answer, App, Browser, Kind, PASSWORD, on_every_database};
use poem::http::Method;
use serde_json::json;

const NEW: &str = "another-strong-one";

async fn app() -> App {
    App::on(Kind::Sqlite).await
}

on_every_database! {
    async fn a_known_device_signs_in_while_the_account_is_locked(app: App) {
        let laptop = app.member("ada").await;
        laptop.post("/logout", json!({})).await;
        fail_logins_elsewhere(&app, "ada", 5).await;
        lock_seconds(&app.browser(), "ada").await;
        assert_eq!(laptop.login("ada", PASSWORD).await.status, 200);
        assert_eq!(laptop.clone().at("192.0.2.7").login("ada", PASSWORD).await.status, 200);
        lock_seconds(&app.browser(), "ada").await;
    }

    async fn a_reset_makes_its_browser_known_while_strangers_keep_failing(app: App) {
        let laptop = app.member("ada").await;
        let browser = app.browser();
        fail_login(&browser, "ada", 5).await;
        lock_seconds(&browser, "ada").await;
        let token = app.reset_token("ada@example.com").await;
        let answer = reset(&browser, &token, NEW).await;
        let names: Vec<_> = answer.set_cookies().iter().map(|line| name(line)).collect();
        assert_eq!((answer.status, names), (200, vec!["known_device".to_owned()]));
        fail_logins_elsewhere(&app, "ada", 5).await;
        lock_seconds(&laptop, "ada").await;
        assert_eq!(browser.login("ada", NEW).await.status, 200, "its network was locked, too");
    }

    async fn a_reset_lets_a_known_device_in_that_was_locked(app: App) {
        let laptop = app.member("ada").await;
        laptop.post("/logout", json!({})).await;
        fail_login(&laptop, "ada", 5).await;
        lock_seconds(&laptop, "ada").await;
        let token = app.reset_token("ada@example.com").await;
        let body = json!({ "token": token, "new_password": NEW });
        assert_eq!(laptop.post("/password/reset-confirm", body).await.status, 200);
        assert_eq!(laptop.login("ada", NEW).await.status, 200);
        fail_login(&laptop, "ada", 5).await;
        lock_seconds(&laptop, "ada").await;
    }

    async fn a_password_change_makes_a_browser_known_beside_tokens_in_the_body(app: App) {
        let app = app.with_tokens().await;
        let laptop = app.member("ada").await;
        laptop.drop_cookie("known_device");
        assert_eq!(laptop.change_password(PASSWORD, NEW).await.status, 200);
        fail_logins_elsewhere(&app, "ada", 5).await;
        lock_seconds(&app.browser(), "ada").await;
        assert_eq!(laptop.login("ada", NEW).await.status, 200);
    }

    async fn a_password_change_by_token_makes_the_client_known(app: App) {
        let body = json!({ "current_password": PASSWORD, "new_password": NEW });
        let app = app.all(in_cookie()).await.1;
        app.register("ada").await;
        let browser = app.browser();
        let pair = Pair::of(&browser.request_token("ada", PASSWORD, None).await);
        browser.drop_cookie("known_device");
        let path = "/change-password";
        let answer = browser.send_bearer_json(&pair.access, Method::POST, path, &body).await;
        assert_eq!((answer.status, &answer.json()["device"]), (200, &json!(null)));

        let app = app.with_tokens().await;
        let program = app.program("bob").await;
        let client = app.browser();
        let answer = client.send_bearer_json(&program.access, Method::POST, path, &body).await;
        assert_eq!(answer.status, 200);
        let device = answer.json()["device"].as_str().unwrap().to_owned();
        for name in ["ada", "bob"] {
            fail_logins_elsewhere(&app, name, 5).await;
            lock_seconds(&app.browser(), name).await;
        }
        assert_eq!(browser.login("ada", NEW).await.status, 200);
        let form = [("username", "bob"), ("password", NEW), ("device", &device)];
        assert_eq!(app.browser().request_token_with(&form, &[]).await.status, 200);
    }
}

/// Confirms a reset as a page does in a browser without cookies.
async fn reset(browser: &Browser, token: &str, password: &str) -> Answer {
    let headers = [("content-type", "application/json"), ("origin", "http://localhost")];
    let body = json!({ "token": token, "new_password": password }).to_string();
    browser.send(Method::POST, "/password/reset-confirm", &headers, body.into_bytes()).await
}

fn name(line: &str) -> String {
    line.split_once('=').unwrap().0.to_owned()
}

#[tokio::test]
async fn a_rejected_reset_makes_no_device_known() {
    let app = app().await;
    app.register("ada").await;
    let token = app.reset_token("ada@example.com").await;
    for (token, password) in [(&*token, "short"), ("0", NEW)] {
        let answer = reset(&app.browser(), token, password).await;
        assert!(matches!(answer.status, 400 | 422), "{answer:?}");
        assert_eq!(answer.set_cookies(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_known_device_is_locked_after_five_failures_too() {
    let app = app().await;
    let laptop = app.member("ada").await;
    for at in 0..5 {
        fail_login(&laptop.clone().at(&format!("192.0.2.{at}")), "ada", 1).await;
    }
    assert_eq!(locked(&laptop.clone().at("192.0.2.9").login("ada", PASSWORD).await), 60);
    assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200, "only the device is locked");
}

#[tokio::test]
async fn a_forged_or_foreign_device_cookie_has_no_effect() {
    let app = app().await;
    let ada = app.member("ada").await;
    let bob = app.member("bob").await;
    let hers = ada.cookie("known_device").unwrap();
    let his = bob.cookie("known_device").unwrap();
    let (name, mark) = hers.split_once('.').unwrap();
    let (other, _) = his.split_once('.').unwrap();
    fail_logins_elsewhere(&app, "ada", 5).await;
    for forged in [
        his.clone(),
        format!("{other}.{mark}"),
        format!("{name}.{}", "0".repeat(32)),
        format!("{name}."),
        name.to_owned(),
        String::new(),
        format!("{}.{mark}", "0".repeat(32)),
    ] {
        let browser = app.browser();
        browser.set_cookie("known_device", &forged);
        assert_eq!(browser.login("ada", PASSWORD).await.status, 429, "{forged}");
    }
    let browser = app.browser();
    browser.set_cookie("known_device", &hers);
    assert!(!browser.is_signed_in().await, "the cookie alone opens no session");
    assert_eq!(browser.login("ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_planted_cookie_does_not_replace_the_device() {
    let app = app().await;
    let ada = app.member("ada").await;
    let eve = app.member("eve").await;
    let hers = ada.cookie("known_device").unwrap();
    let planted = eve.cookie("known_device").unwrap();
    fail_logins_elsewhere(&app, "ada", 5).await;
    let form = format!("username=ada&password={PASSWORD}").into_bytes();
    let login = async |cookie: &str| {
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("cookie", cookie)];
        app.browser().send(Method::POST, "/login", &headers, form.clone()).await
    };
    assert_eq!(login("known_device=x").await.status, 429);
    let many: Vec<_> = (0..20).map(|n| format!("x{n}")).collect();
    for before in ["x".to_owned(), planted, many.join("; known_device=")] {
        let cookie = format!("known_device={before}; known_device={hers}");
        assert_eq!(login(&cookie).await.status, 200, "{before}");
    }
}

#[tokio::test]
async fn a_password_change_keeps_the_device_beside_a_planted_cookie() {
    let app = app().await;
    let tablet = app.member("ada").await;
    let eve = app.member("eve").await;
    app.register("bob").await;
    assert_eq!(tablet.login("bob", PASSWORD).await.status, 200);
    assert_eq!(tablet.login("ada", PASSWORD).await.status, 200);
    let own = tablet.cookie("known_device").unwrap();
    tablet.set_cookie(
        "known_device",
        &format!("{}; known_device={own}", eve.cookie("known_device").unwrap()),
    );
    assert_eq!(tablet.change_password(PASSWORD, "another-strong-one").await.status, 200);
    let name = |cookie: &str| cookie.split_once('.').unwrap().0.to_owned();
    assert_eq!(name(&tablet.cookie("known_device").unwrap()), name(&own));
    fail_logins_elsewhere(&app, "bob", 5).await;
    fail_logins_elsewhere(&app, "ada", 5).await;
    assert_eq!(tablet.login("bob", PASSWORD).await.status, 200, "it is bob's tablet as well");
    assert_eq!(tablet.login("ada", "another-strong-one").await.status, 200);
}

#[tokio::test]
async fn an_account_with_a_reused_id_has_no_known_device() {
    let app = app().await;
    let laptop = app.member("ada").await;
    let id = app.database.number("SELECT id FROM users").await;
    app.database.execute("DELETE FROM users").await;
    app.register("ada").await;
    app.database.execute(&format!("UPDATE users SET id = {id}")).await;
    fail_logins_elsewhere(&app, "ada", 5).await;
    assert_eq!(laptop.login("ada", PASSWORD).await.status, 429);
}

#[tokio::test]
async fn a_shared_device_is_known_to_both_accounts() {
    let app = app().await;
    let tablet = app.member("ada").await;
    app.register("bob").await;
    tablet.login("bob", PASSWORD).await;
    tablet.post("/logout", json!({})).await;
    for name in ["ada", "bob"] {
        fail_logins_elsewhere(&app, name, 5).await;
        lock_seconds(&app.browser(), name).await;
        assert_eq!(tablet.login(name, PASSWORD).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn a_password_change_elsewhere_makes_the_device_unknown() {
    let app = app().await;
    let ada = app.member("ada").await;
    let thief = app.signed_in("ada", PASSWORD).await;
    assert_eq!(ada.change_password(PASSWORD, "another-strong-one").await.status, 200);
    fail_logins_elsewhere(&app, "ada", 5).await;
    lock_seconds(&thief, "ada").await;
    ada.post("/logout", json!({})).await;
    assert_eq!(ada.login("ada", "another-strong-one").await.status, 200, "hers is known");
}
