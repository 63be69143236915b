//! Logout at a provider, and by one.

use std::time::Duration;

use crudauth_tests::{Log, on_every_database};
use poem::http::Method;
use serde_json::Value;

use super::*;

/// The provider tells the app that a person has logged out.
async fn told(app: &App, token: &str) -> Answer {
    told_by(app, "corp", token).await
}

pub(super) async fn told_by(app: &App, provider: &str, token: &str) -> Answer {
    told_from(&app.browser(), provider, token).await
}

pub(super) async fn told_from(client: &Browser, provider: &str, token: &str) -> Answer {
    let form = serde_urlencoded::to_string([("logout_token", token)]).unwrap();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let path = format!("/oauth/{provider}/backchannel-logout");
    client.send(Method::POST, &path, &headers, form.into_bytes()).await
}

on_every_database! {
    async fn a_logout_at_the_provider_ends_every_session_of_the_person_and_no_others(app: App) {
        let (app, provider) = with_provider(&app).await;
        for (id, sid) in [("a", json!("laptop")), ("b", Value::Null)] {
            let laptop = signed_in(&app, &provider).await;
            let phone = signed_in(&app, &provider).await;
            let stranger = verified(&app, &format!("bob{}", accounts(&app).await)).await;
            let token = provider.logout_token(id, &json!({ "sid": sid }), &Value::Null);
            let answer = told(&app, &token).await;
            assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
            assert!(!laptop.is_signed_in().await);
            assert!(!phone.is_signed_in().await);
            assert!(stranger.is_signed_in().await);
        }
        let nobody = provider.logout_token("n", &json!({ "sub": "nobody" }), &Value::Null);
        assert_eq!(told(&app, &nobody).await.status, 200, "a person without an account is no error");
    }

    async fn a_logout_token_works_once(app: App) {
        let (app, provider) = with_provider(&app).await;
        signed_in(&app, &provider).await;
        let token = provider.logout_token("a", &Value::Null, &Value::Null);
        assert_eq!(told(&app, &token).await.status, 200);
        let again = signed_in(&app, &provider).await;
        assert_eq!(told(&app, &token).await.status, 200);
        assert!(again.is_signed_in().await);
    }
}

#[tokio::test]
async fn a_logout_token_that_proves_nothing_ends_nothing() {
    let app = App::on(crudauth_tests::Kind::Sqlite).await;
    let (app, provider) = with_provider(&app).await;
    let owner = signed_in(&app, &provider).await;
    let event = "http://schemas.openid.net/event/backchannel-logout";
    let now = crudauth::Clock::now(&*app.clock).timestamp();
    let lies = [
        (json!({ "iss": "https://evil.example" }), "another issuer"),
        (json!({ "aud": "another-client" }), "another audience"),
        (json!({ "aud": [CLIENT, "another-client"] }), "another audience"),
        (json!({ "aud": null }), "a claim is missing"),
        (json!({ "azp": "another-client" }), "another audience"),
        (json!({ "exp": now - 300 }), "expired"),
        (json!({ "exp": null, "iat": now - 3600 }), "too old"),
        (json!({ "iat": now + 3600 }), "issued in the future"),
        (json!({ "iat": null }), "a claim is missing"),
        (json!({ "jti": null }), "a claim is missing"),
        (json!({ "jti": "" }), "no id"),
        (json!({ "sub": null }), "a claim is missing"),
        (json!({ "nonce": "an ID token has one" }), "a nonce"),
        (json!({ "events": null }), "a claim is missing"),
        (json!({ "events": { "https://another.example/event": {} } }), "no logout token"),
        (json!({ "events": { event: "text" } }), "no logout token"),
    ];
    let signed = |claims: &Value, header: &Value| provider.logout_token("a", claims, header);
    let mut tokens: Vec<_> =
        lies.iter().map(|(lie, reason)| (signed(lie, &Value::Null), *reason)).collect();
    for (header, reason) in [
        (json!({ "alg": "none" }), "algorithm not allowed"),
        (json!({ "alg": "HS256" }), "algorithm not allowed"),
        (json!({ "kid": "two" }), "no such key"),
    ] {
        tokens.push((signed(&Value::Null, &header), reason));
    }
    let other = provider.logout_token("b", &Value::Null, &Value::Null);
    let (_, signature) = other.rsplit_once('.').unwrap();
    let own = signed(&Value::Null, &Value::Null);
    let forged = format!("{}.{signature}", own.rsplit_once('.').unwrap().0);
    tokens.extend([(forged, "wrong signature"), (String::new(), "malformed")]);
    tokens.extend([("a.b.c".to_owned(), "malformed"), ("x".repeat(70_000), "")]);
    for (token, reason) in &tokens {
        let log = Log::listen();
        let answer = told(&app, token).await;
        assert!([400, 413].contains(&answer.status), "{token}: {answer:?}");
        assert!(owner.is_signed_in().await, "{token}");
        assert!(log.text().contains(reason), "no {reason:?} in {}", log.text());
    }
    // The id of a rejected token is not spent.
    assert_eq!(
        told(&app, &provider.logout_token("a", &Value::Null, &Value::Null)).await.status,
        200
    );
    assert!(!owner.is_signed_in().await);
}

#[tokio::test]
async fn a_page_logs_out_here_and_is_sent_to_the_provider() {
    let app = App::on(crudauth_tests::Kind::Sqlite).await;
    let (app, provider) = with_provider(&app).await;
    let end = format!("{}/end?tenant=a", provider.issuer);
    provider.script().document = json!({ "end_session_endpoint": end });
    let owner = signed_in(&app, &provider).await;
    let answer = owner.post("/oauth/corp/logout", json!({})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let url = answer.json()["url"].as_str().unwrap().to_owned();
    let query = url.strip_prefix(&format!("{end}&")).unwrap();
    let query: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap();
    let expected = [("client_id", CLIENT), ("post_logout_redirect_uri", FRONTEND)];
    assert_eq!(query, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert!(!owner.is_signed_in().await);
}

#[tokio::test]
async fn a_provider_that_is_down_or_has_no_page_keeps_no_session_alive() {
    let app = App::on(crudauth_tests::Kind::Sqlite).await;
    let (app, provider) = with_provider(&app).await;
    let owner = signed_in(&app, &provider).await;
    let answer = owner.post("/oauth/corp/logout", json!({})).await;
    assert_eq!((answer.status, &answer.json()["url"]), (200, &Value::Null));
    assert!(!owner.is_signed_in().await);

    let owner = signed_in(&app, &provider).await;
    let down = provider::Answer::new(500, "");
    provider.script().answers.insert("/.well-known/openid-configuration", down);
    app.clock.advance(Duration::from_hours(2));
    let answer = owner.post("/oauth/corp/logout", json!({})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(!owner.is_signed_in().await);
}

#[tokio::test]
async fn a_logout_needs_the_csrf_token_and_a_known_provider() {
    let app = App::on(crudauth_tests::Kind::Sqlite).await;
    let (app, provider) = with_provider(&app).await;
    let owner = signed_in(&app, &provider).await;
    let headers = [("content-type", "application/json"), ("x-csrf-token", "wrong")];
    let answer = owner.send(Method::POST, "/oauth/corp/logout", &headers, b"{}".to_vec()).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    assert!(owner.is_signed_in().await);
    assert_eq!(owner.post("/oauth/other/logout", json!({})).await.code(), "unknown-provider");
}
