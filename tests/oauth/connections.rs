//! Connections that an owner lists, adds and removes.

use std::time::Duration;

use crudauth::email::MessageKind;
use crudauth::oauth::{Identity, OAuthError};
use crudauth_tests::{Authenticator, on_every_database};
use poem::http::Method;
use serde_json::Value;

use super::*;

async fn listed(browser: &Browser) -> Vec<Value> {
    let answer = browser.get("/oauth/connections").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json().as_array().unwrap().clone()
}

async fn connect(browser: &Browser) -> Answer {
    browser.post("/oauth/corp/connect", json!({ "redirect_to": "/settings" })).await
}

fn url(answer: &Answer) -> String {
    answer.json()["url"].as_str().unwrap().to_owned()
}

async fn remove(browser: &Browser, connection: &Value) -> Answer {
    browser.delete(&format!("/oauth/connections/{}", connection["id"].as_str().unwrap())).await
}

/// Registers a passkey; its path.
async fn register(browser: &Browser) -> String {
    let options = browser.post("/passkeys/register/options", json!({})).await;
    assert_eq!(options.status, 200, "{options:?}");
    let credential = Authenticator::at(FRONTEND).create(&options.json()["public_key"]);
    let body = json!({ "credential": credential });
    let answer = browser.post("/passkeys/register/verify", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    format!("/passkeys/{}", answer.json()["id"].as_str().unwrap())
}

on_every_database! {
    async fn an_owner_adds_and_removes_a_connection(app: App) {
        let (app, provider) = with_provider(&app).await;
        let owner = verified(&app, "bob").await;
        let phone = app.signed_in("bob", PASSWORD).await;
        assert_eq!(listed(&owner).await.len(), 0);
        let answer = owner.get(&provider.consent(&url(&connect(&owner).await))).await;
        assert_eq!(location(&answer), "/settings");
        let list = listed(&owner).await;
        assert_eq!((&list[0]["provider"], &list[0]["email"]), (&json!("corp"), &json!("ada@example.com")));
        assert_eq!(signed_in(&app, &provider).await.id().await, owner.id().await);

        let before = owner.stolen();
        assert_eq!(remove(&owner, &list[0]).await.status, 200);
        assert!(owner.is_signed_in().await);
        assert!(!before.is_signed_in().await && !phone.is_signed_in().await);
        assert_eq!(listed(&owner).await.len(), 0);
        assert_eq!(remove(&owner, &list[0]).await.status, 404);
        let mails = [MessageKind::ConnectionAdded, MessageKind::ConnectionRemoved];
        for kind in mails {
            assert_eq!(app.mail_count(kind, "bob@example.com").await, 1, "{kind:?}");
        }
        let other = signed_in(&app, &provider).await;
        assert_eq!(other.get("/me").await.json()["username"], "ada");
    }

    async fn a_reset_ends_connections_and_the_owner_is_connected_again(app: App) {
        let (app, provider) = with_provider(&app).await;
        let ada = verified(&app, "ada").await;
        signed_in(&app, &provider).await;
        provider.script().person = provider::person("eve-1", "eve");
        let connected = connect(&ada).await;
        assert_eq!(connected.status, 200, "{connected:?}");
        let url = connected.json()["url"].as_str().unwrap().to_owned();
        assert_eq!(error(&ada.get(&provider.consent(&url)).await), None);
        assert_eq!(connections(&app).await, 2);
        let token = app.reset_token("ada@example.com").await;
        let body = json!({ "token": token, "new_password": "another-strong-one" });
        assert_eq!(app.browser().post("/password/reset-confirm", body).await.status, 200);
        assert_eq!(connections(&app).await, 0);
        let eve = signed_in(&app, &provider).await;
        assert_eq!(accounts(&app).await, 2, "the other person gets an account of their own");
        assert_ne!(eve.get("/me").await.json()["email"], "ada@example.com");
        provider.script().person = provider::person("ada-1", "ada");
        let owner = signed_in(&app, &provider).await;
        assert_eq!(owner.get("/me").await.json()["email"], "ada@example.com");
    }

    async fn the_last_way_in_stays(app: App) {
        let (app, provider) = with_provider(&app).await;
        let ada = signed_in(&app, &provider).await;
        let first = listed(&ada).await.remove(0);
        let answer = remove(&ada, &first).await;
        assert_eq!((answer.status, answer.code().as_str()), (409, "last-way-in"));
        assert!(ada.is_signed_in().await);

        provider.script().person = provider::person("ada-2", "countess");
        ada.get(&provider.consent(&url(&connect(&ada).await))).await;
        assert_eq!(listed(&ada).await.len(), 2);
        assert_eq!(remove(&ada, &first).await.status, 200);
        let second = listed(&ada).await.remove(0);
        assert_eq!(remove(&ada, &second).await.status, 409);
        assert_eq!(ada.post("/set-password", json!({ "new_password": PASSWORD })).await.status, 200);
        assert_eq!(remove(&ada, &second).await.status, 200);
    }

    async fn a_connection_of_another_system_opens_its_account(app: App) {
        let provider = Provider::start(Arc::clone(&app.clock)).await;
        let (auth, app) = serving_to(&app, config(&provider), SignUpPolicy::open()).await;
        let oauth = auth.accounts().oauth().unwrap();
        let bob = verified(&app, "bob").await.id().await;
        let person = |subject: &str| Identity {
            issuer: provider.issuer.clone(),
            subject: subject.to_owned(),
            ..Identity::default()
        };
        let ada = person("ada-1");
        assert!(matches!(oauth.import(&bob, "other", &ada).await, Err(OAuthError::UnknownProvider)));
        assert!(oauth.import(&bob, "corp", &ada).await.unwrap());
        assert!(!oauth.import(&bob, "corp", &ada).await.unwrap());
        assert_eq!(signed_in(&app, &provider).await.id().await, bob);
        assert_eq!(app.mail_count(MessageKind::ConnectionAdded, "bob@example.com").await, 0);

        app.register("eve").await;
        let eve = app.database.number("SELECT id FROM users WHERE username = 'eve'").await;
        assert!(!oauth.import(&eve, "corp", &ada).await.is_ok_and(|is_new| is_new));
        let own = person("eve-1");
        assert!(matches!(oauth.import(&eve, "corp", &own).await, Err(OAuthError::NotVerified)));
        app.database.execute("UPDATE users SET is_active = FALSE").await;
        assert!(matches!(oauth.import(&bob, "corp", &own).await, Err(OAuthError::AccountInactive)));
        assert_eq!((accounts(&app).await, connections(&app).await), (2, 1));
    }

    async fn a_passkey_and_a_connection_are_ways_in_for_each_other(app: App) {
        let (app, provider) = with_provider(&app).await;
        let ada = signed_in(&app, &provider).await;
        let connection = listed(&ada).await.remove(0);
        let passkey = register(&ada).await;
        assert_eq!(ada.delete(&passkey).await.status, 200, "the connection is left");
        let passkey = register(&ada).await;
        assert_eq!(remove(&ada, &connection).await.status, 200, "the passkey is left");
        let answer = ada.delete(&passkey).await;
        assert_eq!((answer.status, answer.code().as_str()), (409, "last-way-in"));
    }

    async fn a_person_of_another_account_is_not_connected(app: App) {
        let (app, provider) = with_provider(&app).await;
        signed_in(&app, &provider).await;
        let bob = verified(&app, "bob").await;
        let answer = bob.get(&provider.consent(&url(&connect(&bob).await))).await;
        assert_eq!(error(&answer).as_deref(), Some("connected_elsewhere"));
        assert_eq!(bob.get("/me").await.json()["username"], "bob");
        assert_eq!(listed(&bob).await.len(), 0);
    }

    async fn a_connection_is_added_only_by_the_session_that_began_it(app: App) {
        let (app, provider) = with_provider(&app).await;
        let bob = verified(&app, "bob").await;
        let begun = url(&connect(&bob).await);
        // The browser changes hands in between.
        bob.post("/logout", json!({})).await;
        let answer = bob.get(&provider.consent(&begun)).await;
        assert_eq!(error(&answer).as_deref(), Some("not_authenticated"));
        assert_eq!((accounts(&app).await, connections(&app).await), (1, 0));
    }

    async fn only_a_recent_session_of_a_verified_owner_connects(app: App) {
        let (app, provider) = with_provider(&app).await;
        let squatter = app.member("eve").await;
        let answer = connect(&squatter).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "not-verified"));
        assert_eq!(connect(&app.browser()).await.status, 401);
        let owner = verified(&app, "bob").await;
        let headers = [("x-csrf-token", ""), ("content-type", "application/json")];
        let forged = owner.send(Method::POST, "/oauth/corp/connect", &headers, b"{}".to_vec()).await;
        assert_eq!(forged.status, 403);
        let begun = url(&connect(&owner).await);
        app.clock.advance(Duration::from_secs(601));
        assert_eq!(connect(&owner).await.code(), "sign-in-too-old");
        let answer = owner.get(&provider.consent(&begun)).await;
        assert_eq!(error(&answer).as_deref(), Some("sign_in_too_old"));
        assert_eq!(connections(&app).await, 0);
    }
}
