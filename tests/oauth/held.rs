//! Kept tokens of a sign-in that waits for its second factor.

use std::time::Duration;

use crudauth::oauth::AccessTokenError;
use crudauth_tests::{Authenticator, on_every_database, totp};

use super::tokens::{connected, kept, token};
use super::*;

/// Adds an authenticator to the account; its secret.
async fn enrol(app: &App, owner: &Browser, password: Option<&str>) -> String {
    let body = password.map_or(json!({}), |password| json!({ "password": password }));
    let setup = owner.post("/mfa/totp/setup", body).await.json();
    let secret = setup["secret"].as_str().unwrap().to_owned();
    let body = json!({ "code": code(app, &secret) });
    assert_eq!(owner.post("/mfa/totp/confirm", body).await.status, 200);
    app.clock.advance(Duration::from_mins(1));
    secret
}

fn code(app: &App, secret: &str) -> String {
    totp(secret, crudauth::Clock::now(&*app.clock).timestamp() / 30)
}

/// Signs in at the provider; the challenge for the second factor.
async fn challenged(browser: &Browser, provider: &Provider) -> String {
    let answer = sign_in(browser, provider).await;
    let location = location(&answer);
    location.split_once("#mfa_challenge=").unwrap().1.to_owned()
}

on_every_database! {
    async fn tokens_are_replaced_when_the_second_factor_is_proved(app: App) {
        let (auth, app, provider, ada) = connected(&app).await;
        let id = ada.id().await;
        let secret = enrol(&app, &ada, None).await;
        let browser = app.browser();
        let challenge = challenged(&browser, &provider).await;
        assert_eq!(token(&auth, id).await.unwrap(), "access-code-0");
        let wrong = json!({ "challenge": challenge, "code": "000000" });
        assert_eq!(browser.post("/mfa/verify", wrong).await.status, 401);
        assert_eq!(token(&auth, id).await.unwrap(), "access-code-0");
        let right = json!({ "challenge": challenge, "code": code(&app, &secret) });
        assert_eq!(browser.post("/mfa/verify", right).await.status, 200);
        assert_eq!(token(&auth, id).await.unwrap(), "access-code-1");
    }

    async fn a_proved_address_alone_brings_no_tokens_into_an_account(app: App) {
        let provider = Provider::start(Arc::clone(&app.clock)).await;
        provider.script().grant = Some(0);
        let config = OAuthConfig::new(FRONTEND).provider(client_of(&provider, "corp").keep_tokens());
        let (auth, app) = serving_to(&app, config, SignUpPolicy::open()).await;
        let owner = verified(&app, "ada").await;
        let id = owner.id().await;
        enrol(&app, &owner, Some(PASSWORD)).await;
        challenged(&app.browser(), &provider).await;
        let result = token(&auth, id).await;
        assert!(matches!(result, Err(AccessTokenError::Reconnect)), "{result:?}");
        assert_eq!((connections(&app).await, kept(&app).await), (1, 0));
    }

    async fn tokens_are_replaced_when_a_passkey_is_the_second_factor(app: App) {
        let (auth, app, provider, ada) = connected(&app).await;
        let id = ada.id().await;
        let mut authenticator = Authenticator::at(FRONTEND);
        let options = ada.post("/passkeys/register/options", json!({})).await.json();
        let credential = authenticator.create(&options["public_key"]);
        let body = json!({ "credential": credential });
        assert_eq!(ada.post("/passkeys/register/verify", body).await.status, 201);
        enrol(&app, &ada, None).await;
        let browser = app.browser();
        let challenge = challenged(&browser, &provider).await;
        let body = json!({ "challenge": challenge });
        let options = browser.post("/passkeys/sign-in/options", body).await.json();
        let credential = authenticator.get(&options["public_key"]);
        let body = json!({ "challenge": challenge, "credential": credential });
        assert_eq!(browser.post("/passkeys/verify", body).await.status, 200);
        assert_eq!(token(&auth, id).await.unwrap(), "access-code-1");
    }
}
