//! A lying provider opens no session and adds no account, and the log has the reason.

use std::time::Duration;

use crudauth_tests::{Kind, Log};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::Value;

use super::provider::{self, Script};
use super::*;

/// Lies in this way after a first sign-in, so that document and keys are known.
async fn refused(lie: impl FnOnce(&mut Script, &Provider), reason: &str) {
    let log = Log::listen();
    let app = App::on(Kind::Sqlite).await;
    let (app, provider) = with_provider(&app).await;
    signed_in(&app, &provider).await;
    {
        let copy = provider.clone();
        let mut script = provider.script();
        script.person = provider::person("eve-1", "eve");
        lie(&mut script, &copy);
    }
    let browser = app.browser();
    let answer = sign_in(&browser, &provider).await;
    assert_refused(&browser, &answer, "oauth_failed").await;
    assert_eq!((accounts(&app).await, connections(&app).await), (1, 1));
    assert!(log.text().contains(reason), "no {reason:?} in {}", log.text());
}

macro_rules! lies {
    ($($name:ident: $reason:literal, |$script:ident, $provider:ident| $lie:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            refused(|$script, $provider| { $lie; let _ = $provider; }, $reason).await;
        }
    )*};
}

lies! {
    another_issuer: "another issuer", |script, provider| script.id_token = json!({ "iss": "https://evil.example" });
    an_issuer_with_a_slash: "another issuer", |script, provider| script.id_token = json!({ "iss": format!("{}/", provider.issuer) });
    no_issuer: "missing or of the wrong type", |script, provider| script.id_token = json!({ "iss": null });
    another_audience: "another audience", |script, provider| script.id_token = json!({ "aud": "another" });
    a_second_audience: "another audience", |script, provider| script.id_token = json!({ "aud": [CLIENT, "another"] });
    an_empty_audience: "another audience", |script, provider| script.id_token = json!({ "aud": [] });
    no_audience: "missing or of the wrong type", |script, provider| script.id_token = json!({ "aud": null });
    another_authorized_party: "another audience", |script, provider| script.id_token = json!({ "azp": "another" });
    another_nonce: "another nonce", |script, provider| script.id_token = json!({ "nonce": "x" });
    no_nonce: "another nonce", |script, provider| script.id_token = json!({ "nonce": null });
    expired: "expired", |script, provider| script.id_token = json!({ "exp": 1_000 });
    a_negative_expiry: "expired", |script, provider| script.id_token = json!({ "exp": -1 });
    an_expiry_in_a_text: "missing or of the wrong type", |script, provider| script.id_token = json!({ "exp": "9999999999" });
    a_fractional_expiry: "missing or of the wrong type", |script, provider| script.id_token = json!({ "exp": 9_999_999_999.5 });
    no_expiry: "missing or of the wrong type", |script, provider| script.id_token = json!({ "exp": null });
    no_time_of_issue: "missing or of the wrong type", |script, provider| script.id_token = json!({ "iat": null });
    issued_in_the_future: "issued in the future", |script, provider| script.id_token = json!({ "iat": 9_999_999_999_i64 });
    not_valid_yet: "not valid yet", |script, provider| script.id_token = json!({ "nbf": 9_999_999_999_i64 });
    no_subject: "missing or of the wrong type", |script, provider| script.id_token = json!({ "sub": null });
    an_empty_subject: "unusable subject", |script, provider| script.id_token = json!({ "sub": "" });
    a_long_subject: "unusable subject", |script, provider| script.id_token = json!({ "sub": "s".repeat(256) });
    a_number_as_subject: "missing or of the wrong type", |script, provider| script.id_token = json!({ "sub": 7 });
    another_access_token: "another access token", |script, provider| script.id_token = json!({ "at_hash": "AAAA" });
    another_key: "wrong signature", |script, provider| { script.published = Some(1); script.key = 2 };
    an_unknown_key: "no such key", |script, provider| { script.key = 2; script.header = json!({ "kid": "two" }) };
    an_unknown_algorithm: "algorithm not allowed", |script, provider| script.header = json!({ "alg": "none" });
    a_shared_key: "algorithm not allowed", |script, provider| {
        let claims = json!({ "iss": provider.issuer, "aud": CLIENT, "sub": "eve-1", "iat": 1, "exp": 9_999_999_999_i64 });
        let key = EncodingKey::from_secret(provider::public(1).as_bytes());
        script.raw_id_token = Some(provider::sign(&json!({ "alg": "HS256", "kid": "one" }), &claims, &key, Algorithm::HS256))
    };
    an_algorithm_of_another_kind: "no such key", |script, provider| script.header = json!({ "alg": "RS256" });
    a_critical_extension: "critical extensions", |script, provider| script.header = json!({ "crit": ["x"] });
    no_id_token: "missing", |script, provider| script.token = json!({ "id_token": null });
    half_an_id_token: "malformed", |script, provider| script.raw_id_token = Some("e30.e30".to_owned());
    an_endless_id_token: "too long", |script, provider| script.raw_id_token = Some(format!("e30.{}.", "e30".repeat(30_000)));
    no_access_token: "no access token", |script, provider| script.token = json!({ "access_token": null });
    a_profile_of_another_person: "it is of another person", |script, provider| script.profile = json!({ "sub": "ada-1" });
    a_profile_of_nobody: "it is of another person", |script, provider| script.profile = json!({ "sub": null });
    another_issuer_in_the_answer: "names another issuer", |script, provider| script.callback = json!({ "iss": "https://evil.example" });
    a_list_instead_of_an_object: "not an object", |script, provider| answers(script, "/userinfo", provider::Answer::new(200, "[]"));
}

fn answers(script: &mut Script, path: &'static str, answer: provider::Answer) {
    script.answers.insert(path, answer);
}

#[tokio::test]
async fn without_a_key_id_only_one_key_may_fit() {
    let log = Log::listen();
    let app = App::on(Kind::Sqlite).await;
    let (app, provider) = with_provider(&app).await;
    provider.script().header = json!({ "kid": null });
    provider.script().more_keys = vec![(2, "two")];
    let browser = app.browser();
    assert_refused(&browser, &sign_in(&browser, &provider).await, "oauth_failed").await;
    assert_eq!((accounts(&app).await, connections(&app).await), (0, 0));
    assert!(log.text().contains("several keys fit"), "{}", log.text());
    provider.script().more_keys.clear();
    signed_in(&app, &provider).await;
}

#[tokio::test]
async fn an_answer_names_its_issuer_if_the_provider_promises_that() {
    let log = Log::listen();
    let app = App::on(Kind::Sqlite).await;
    let (app, provider) = with_provider(&app).await;
    provider.script().document = json!({ "authorization_response_iss_parameter_supported": true });
    let browser = app.browser();
    assert_refused(&browser, &sign_in(&browser, &provider).await, "oauth_failed").await;
    assert_eq!((accounts(&app).await, provider.requests("/token")), (0, 0));
    assert!(log.text().contains("names another issuer, or none"), "{}", log.text());
    provider.script().callback = json!({ "iss": provider.issuer });
    signed_in(&app, &provider).await;
}

#[tokio::test]
async fn a_document_that_lies_begins_nothing() {
    for (lie, reason) in [
        (json!({ "issuer": "https://evil.example" }), "another issuer"),
        (json!({ "token_endpoint": null }), "lacks an endpoint"),
        (json!({ "jwks_uri": "https://10.0.0.1/jwks" }), "not allowed"),
        (json!({ "token_endpoint": "http://169.254.169.254/latest" }), "not allowed"),
        (json!({ "authorization_endpoint": "javascript:alert(1)" }), "not allowed"),
        (json!({ "userinfo_endpoint": 7 }), "of a wrong type"),
        (json!({ "token_endpoint_auth_methods_supported": ["private_key_jwt"] }), "authentication"),
    ] {
        let log = Log::listen();
        let app = App::on(Kind::Sqlite).await;
        let (app, provider) = with_provider(&app).await;
        provider.script().document = lie.clone();
        let browser = app.browser();
        let answer = browser.get("/oauth/corp/authorize").await;
        assert_eq!(error(&answer).as_deref(), Some("oauth_failed"), "{lie}");
        assert_eq!(answer.set_cookies(), [""; 0], "{lie}");
        assert!(log.text().contains(reason), "no {reason:?} in {}", log.text());
        assert_eq!((accounts(&app).await, connections(&app).await), (0, 0));
        provider.script().document = Value::Null;
        assert_eq!(error(&sign_in(&browser, &provider).await), None, "it recovers");
    }
}

#[tokio::test]
async fn a_key_that_was_rotated_is_fetched_once() {
    let app = App::on(Kind::Sqlite).await;
    let (app, provider) = with_provider(&app).await;
    signed_in(&app, &provider).await;
    signed_in(&app, &provider).await;
    assert_eq!(provider.requests("/jwks"), 1);
    {
        let mut script = provider.script();
        script.key = 2;
        script.kid = Some("two".to_owned());
    }
    signed_in(&app, &provider).await;
    signed_in(&app, &provider).await;
    assert_eq!(provider.requests("/jwks"), 2);
}

#[tokio::test]
async fn requests_for_unknown_keys_are_limited() {
    let app = App::on(Kind::Sqlite).await;
    let (app, provider) = with_provider(&app).await;
    provider.script().header = json!({ "kid": "unknown" });
    for _ in 0..15 {
        let browser = app.browser();
        assert_refused(&browser, &sign_in(&browser, &provider).await, "oauth_failed").await;
    }
    assert_eq!(provider.requests("/jwks"), 10);
    app.clock.advance(Duration::from_secs(301));
    provider.script().header = Value::Null;
    signed_in(&app, &provider).await;
}

#[tokio::test]
async fn an_old_document_serves_while_the_provider_does_not_answer() {
    let app = App::on(Kind::Sqlite).await;
    let (app, provider) = with_provider(&app).await;
    signed_in(&app, &provider).await;
    let gone = provider::Answer::new(503, "");
    provider.script().answers.insert("/.well-known/openid-configuration", gone);
    app.clock.advance(Duration::from_secs(2 * 3600));
    signed_in(&app, &provider).await;
    assert_eq!(provider.requests("/.well-known/openid-configuration"), 3);
    app.clock.advance(Duration::from_secs(24 * 3600));
    let answer = app.browser().get("/oauth/corp/authorize").await;
    assert_eq!(error(&answer).as_deref(), Some("oauth_failed"));
}

#[tokio::test]
async fn no_secret_is_logged_or_stored_in_clear() {
    let log = Log::listen();
    let app = App::on(Kind::Sqlite).await;
    let (app, provider) = with_provider(&app).await;
    let browser = app.browser();
    let url = begin(&browser, "").await;
    let stored = app.database.text("SELECT CAST(value AS TEXT) FROM users_challenges").await;
    let back = provider.consent(&url);
    let cookie = browser.cookie("oauth_state").unwrap();
    provider.script().answers.insert("/userinfo", provider::Answer::new(500, ""));
    assert_refused(&browser, &browser.get(&back).await, "oauth_failed").await;
    let seen = provider.script().seen.clone();
    let (_, form, authorization) = seen.iter().find(|(path, ..)| path == "/token").unwrap();
    assert!(
        authorization.as_ref().unwrap().starts_with("Basic ")
            && !form.contains_key("client_secret")
    );
    let state = back.split("state=").nth(1).unwrap();
    for secret in [&form["code_verifier"], &cookie, state, CLIENT_SECRET, "access-code-0"] {
        assert!(!log.text().contains(secret) && !stored.contains(secret), "{secret}");
    }
}
