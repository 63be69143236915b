//! The way there and back: state, cookies, redirects, the second factor.

use crudauth::oauth::ResponseMode;
use crudauth_tests::{key_of, on_every_database, totp};
use poem::http::Method;

use super::*;

fn state_cookies(browser: &Browser) -> Vec<String> {
    browser.cookies().into_keys().filter(|name| name.contains("oauth_state")).collect()
}

on_every_database! {
    async fn the_first_sign_in_adds_a_verified_account(app: App) {
        let (app, provider) = with_provider(&app).await;
        let ada = signed_in(&app, &provider).await;
        let me = ada.get("/me").await.json();
        assert_eq!((me["username"].as_str(), me["email_verified"].as_bool()), (Some("ada"), Some(true)));
        let hash = app.database.text("SELECT hashed_password FROM users").await;
        assert!(hash.starts_with('!') && hash.len() > 30, "{hash}");
        assert_eq!(signed_in(&app, &provider).await.id().await, ada.id().await);
        assert_eq!((accounts(&app).await, connections(&app).await), (1, 1));
    }

    async fn a_sign_in_goes_on_to_its_page_and_replaces_the_session(app: App) {
        let (app, provider) = with_provider(&app).await;
        let browser = app.member("bob").await;
        let before = browser.stolen();
        let url = begin(&browser, "?redirect_to=/orders?page%3D2").await;
        let answer = browser.get(&provider.consent(&url)).await;
        assert_eq!(location(&answer), "/orders?page=2");
        assert_eq!(browser.get("/me").await.json()["username"], "ada");
        assert!(!before.is_signed_in().await);
    }

    async fn two_tabs_of_one_browser_both_sign_in(app: App) {
        let (app, provider) = with_provider(&app).await;
        let browser = app.browser();
        let first = begin(&browser, "").await;
        let second = begin(&browser, "").await;
        for url in [first, second] {
            let answer = browser.get(&provider.consent(&url)).await;
            assert_eq!(error(&answer), None);
        }
        assert_eq!(state_cookies(&browser), [""; 0]);
    }

    async fn a_state_works_in_its_browser_and_at_its_provider_only(app: App) {
        let (one, other) = (
            Provider::start(Arc::clone(&app.clock)).await,
            Provider::start(Arc::clone(&app.clock)).await,
        );
        let app = serving(&app, config(&one).provider(client_of(&other, "other"))).await;
        let browser = app.browser();
        let back = one.consent(&begin(&browser, "").await);
        let stranger = app.browser();
        begin(&stranger, "").await;
        assert_refused(&stranger, &stranger.get(&back).await, "invalid_state").await;
        let elsewhere = browser.get(&back.replace("/corp/", "/other/")).await;
        assert_eq!(error(&elsewhere).as_deref(), Some("invalid_state"));
        assert_eq!(other.requests("/token") + one.requests("/token"), 0);
        // The attempts have cleared the cookie of the browser, and not the state.
        let rows = app.database.count("users_challenges").await;
        assert_eq!(rows, 2);
    }

    async fn an_account_with_a_second_factor_needs_its_code(app: App) {
        let (app, provider) = with_provider(&app).await;
        let ada = signed_in(&app, &provider).await;
        let setup = ada.post("/mfa/totp/setup", json!({})).await.json();
        let secret = setup["secret"].as_str().unwrap().to_owned();
        let code = |app: &App| totp(&secret, crudauth::Clock::now(&*app.clock).timestamp() / 30);
        assert_eq!(ada.post("/mfa/totp/confirm", json!({ "code": code(&app) })).await.status, 200);
        app.clock.advance(std::time::Duration::from_secs(60));
        let browser = app.browser();
        let url = begin(&browser, "?redirect_to=/orders").await;
        let answer = browser.get(&provider.consent(&url)).await;
        let (home, challenge) = location(&answer).split_once("#mfa_challenge=").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        assert_eq!(home, FRONTEND);
        assert!(!browser.is_signed_in().await);
        let body = json!({ "challenge": challenge, "code": code(&app) });
        assert_eq!(app.browser().post("/mfa/verify", body.clone()).await.status, 400, "another browser");
        let done = browser.post("/mfa/verify", body).await;
        assert_eq!((done.status, done.json()["redirect_to"].as_str()), (200, Some("/orders")));
        assert!(browser.is_signed_in().await);
        assert!(!key_of(&secret).is_empty());
    }

    async fn a_sign_in_outlives_a_restart(app: App) {
        let (first, provider) = with_provider(&app).await;
        let browser = first.browser();
        let back = provider.consent(&begin(&browser, "?redirect_to=/orders").await);
        let restarted = serving(&app, config(&provider)).await;
        let browser = browser.to(&restarted);
        assert_eq!(location(&browser.get(&back).await), "/orders");
        assert!(browser.is_signed_in().await);
    }

    async fn a_late_answer_is_refused(app: App) {
        let (app, provider) = with_provider(&app).await;
        let browser = app.browser();
        let back = provider.consent(&begin(&browser, "").await);
        app.clock.advance(std::time::Duration::from_secs(1801));
        assert_refused(&browser, &browser.get(&back).await, "invalid_state").await;
    }
}

#[tokio::test]
async fn the_cookie_of_a_state_is_for_this_host_only() {
    let app = App::on(crudauth_tests::Kind::Sqlite).await;
    let (app, _provider) = with_provider(&app).await;
    let answer = app.browser().get("/oauth/corp/authorize").await;
    let cookies = answer.set_cookies();
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    for cookie in &cookies {
        for attribute in ["HttpOnly", "Secure", "SameSite=lax", "Path=/", "Max-Age=1800"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
    }
    assert!(cookies[0].starts_with("__Host-oauth_state_"), "{cookies:?}");
    assert!(cookies[1].starts_with("oauth_state="), "{cookies:?}");
}

#[tokio::test]
async fn a_head_neither_begins_nor_uses_up_a_sign_in() {
    let app = App::on(crudauth_tests::Kind::Sqlite).await;
    let (app, provider) = with_provider(&app).await;
    let browser = app.browser();
    let head = browser.send(Method::HEAD, "/oauth/corp/authorize", &[], Vec::new()).await;
    assert_eq!((head.status, head.set_cookies().len()), (405, 0));
    let back = provider.consent(&begin(&browser, "").await);
    assert_eq!(browser.send(Method::HEAD, &back, &[], Vec::new()).await.status, 405);
    assert_eq!(browser.send(Method::POST, &back, &[], Vec::new()).await.status, 405);
    assert_eq!(error(&browser.get(&back).await), None);
}

#[tokio::test]
async fn a_front_end_gets_json() {
    let app = App::on(crudauth_tests::Kind::Sqlite).await;
    let provider = Provider::start(Arc::clone(&app.clock)).await;
    let app = serving(&app, config(&provider).response_mode(ResponseMode::Json)).await;
    let browser = app.browser();
    let start = browser.get("/oauth/corp/authorize?redirect_to=/a").await;
    let url = start.json()["url"].as_str().unwrap().to_owned();
    let answer = browser.get(&provider.consent(&url)).await;
    let body = answer.json();
    assert_eq!((&body["user"]["username"], &body["redirect_to"]), (&json!("ada"), &json!("/a")));
    assert_eq!(browser.cookie("csrf_token").as_deref(), body["csrf_token"].as_str());
    let again = browser.get(&provider.consent(&url)).await;
    assert_eq!((again.status, again.code().as_str()), (400, "invalid-state"));
}

#[tokio::test]
async fn a_fresh_proof_is_asked_for_and_checked() {
    let app = App::on(crudauth_tests::Kind::Sqlite).await;
    let (app, provider) = with_provider(&app).await;
    let now = crudauth::Clock::now(&*app.clock).timestamp();
    for (auth_time, is_fresh) in
        [(json!(null), false), (json!(now - 3600), false), (json!(now), true)]
    {
        provider.script().id_token = json!({ "auth_time": auth_time });
        let browser = app.browser();
        let url = begin(&browser, "?fresh=true").await;
        assert!(url.contains("max_age=0"), "{url}");
        let answer = browser.get(&provider.consent(&url)).await;
        assert_eq!(error(&answer).is_none(), is_fresh, "{auth_time}");
    }
}

#[tokio::test]
async fn names_of_providers_do_not_hide_the_connections() {
    let app = App::on(crudauth_tests::Kind::Sqlite).await;
    let provider = Provider::start(Arc::clone(&app.clock)).await;
    let config = OAuthConfig::new(FRONTEND).provider(client_of(&provider, "con"));
    let app = serving(&app, config).await;
    assert_eq!(app.browser().get("/oauth/con/authorize").await.status, 307);
    assert_eq!(app.browser().get("/oauth/connections").await.status, 401);
    for name in ["corp", "Con", "connections", "con%2f"] {
        let answer = app.browser().get(&format!("/oauth/{name}/authorize")).await;
        assert!(matches!(answer.status, 400 | 404 | 405), "{name}: {answer:?}");
    }
}
