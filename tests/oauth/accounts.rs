//! The account of a person: found, connected by a proved address, taken over, or added.

use crudauth::oauth::{AddressTrust, Identity};
use crudauth_tests::{Kind, key_of, on_every_database, totp};
use serde_json::{Map, Value};

use super::*;

/// The app as a client of `corp`, and of `other` with that trust. Both know the person `ada-1` with one
/// address.
async fn with_two_providers(app: &App, trust: AddressTrust) -> (App, Provider, Provider) {
    let one = Provider::start(Arc::clone(&app.clock)).await;
    let other = Provider::start(Arc::clone(&app.clock)).await;
    let config = config(&one).provider(client_of(&other, "other").trust(trust));
    (serving(app, config).await, one, other)
}

/// The account of the person `ada-1` at a provider.
async fn owner(app: &App, provider: &Provider) -> i64 {
    let issuer = &provider.issuer;
    let row = format!("users_connections WHERE subject = 'ada-1' AND issuer = '{issuer}'");
    app.database.number(&format!("SELECT account_id FROM {row}")).await
}

async fn sign_in_at(browser: &Browser, other: &Provider) -> Answer {
    let start = browser.get("/oauth/other/authorize").await;
    browser.get(&other.consent(&location(&start))).await
}

async fn signed_in_at(app: &App, other: &Provider) -> Browser {
    let browser = app.browser();
    assert_eq!(error(&sign_in_at(&browser, other).await), None);
    browser
}

on_every_database! {
    async fn a_verified_account_is_connected_by_its_address(app: App) {
        let (app, provider) = with_provider(&app).await;
        let owner = verified(&app, "ada").await;
        let browser = signed_in(&app, &provider).await;
        assert_eq!(browser.id().await, owner.id().await);
        assert!(app.browser().login("ada", PASSWORD).await.status == 200, "the password stays");
        let kind = crudauth::email::MessageKind::ConnectionAdded;
        assert_eq!(app.mail_count(kind, "ada@example.com").await, 1);
    }

    async fn an_unproved_holder_loses_everything_to_the_owner_of_the_address(app: App) {
        let (app, provider) = with_provider(&app).await;
        let squatter = app.member("ada").await;
        let setup = squatter.post("/mfa/totp/setup", json!({ "password": PASSWORD })).await.json();
        let secret = setup["secret"].as_str().unwrap().to_owned();
        let code = totp(&secret, crudauth::Clock::now(&*app.clock).timestamp() / 30);
        assert_eq!(squatter.post("/mfa/totp/confirm", json!({ "code": code })).await.status, 200);
        assert!(!key_of(&secret).is_empty());
        app.browser().post("/password/reset-request", json!({ "email": "ada@example.com" })).await;
        let reset = app.token(crudauth::email::MessageKind::ResetPassword, "ada@example.com").await;

        let owner = signed_in(&app, &provider).await;
        assert_eq!(accounts(&app).await, 1);
        assert!(!squatter.is_signed_in().await);
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 401);
        assert_eq!(app.database.count("users_authenticators").await, 0);
        assert_eq!(app.database.count("users_recovery_codes").await, 0);
        let body = json!({ "token": reset, "new_password": "another-strong-one" });
        assert_eq!(app.browser().post("/password/reset-confirm", body).await.status, 400);
        assert_eq!(owner.get("/me").await.json()["email_verified"], true);
        assert!(signed_in(&app, &provider).await.id().await == owner.id().await);
    }

    async fn an_address_alone_proves_nothing(app: App) {
        let (app, provider) = with_provider(&app).await;
        let owner = verified(&app, "ada").await;
        for lie in [json!(false), json!("true"), json!(1), json!([true]), Value::Null] {
            provider.script().profile = json!({ "email_verified": lie });
            let browser = app.browser();
            assert_refused(&browser, &sign_in(&browser, &provider).await, "email_unverified").await;
        }
        assert_eq!(connections(&app).await, 0);
        assert!(owner.is_signed_in().await);
    }

    async fn the_verdict_of_a_profile_is_not_about_the_address_of_the_id_token(app: App) {
        let (app, provider) = with_provider(&app).await;
        provider.script().id_token = json!({ "email": "ada@example.com", "email_verified": false });
        provider.script().profile = json!({ "email": null });
        let browser = app.browser();
        assert_refused(&browser, &sign_in(&browser, &provider).await, "email_unverified").await;
        provider.script().id_token = json!({ "email": "ada@example.com", "email_verified": true });
        provider.script().profile = json!({ "email": "eve@example.com", "email_verified": null });
        assert_refused(&browser, &sign_in(&browser, &provider).await, "email_unverified").await;
        provider.script().profile = json!({ "email_verified": null });
        signed_in(&app, &provider).await;
    }

    async fn a_subject_alone_opens_no_account_of_another_issuer(app: App) {
        let (app, one, other) = with_two_providers(&app, AddressTrust::Verified).await;
        let ada = signed_in(&app, &one).await;
        other.script().person.insert("email".to_owned(), json!("eve@example.com"));
        let eve = signed_in_at(&app, &other).await;
        let ids = (ada.id().await, eve.id().await);
        assert_ne!(ids.0, ids.1);
        assert_eq!((owner(&app, &one).await, owner(&app, &other).await), ids);
        assert_eq!(signed_in(&app, &one).await.id().await, ids.0);
        assert_eq!(signed_in_at(&app, &other).await.id().await, ids.1);
        assert_eq!((accounts(&app).await, connections(&app).await), (2, 2));
    }

    async fn two_issuers_with_one_subject_and_address_are_two_identities(app: App) {
        let (app, one, other) = with_two_providers(&app, AddressTrust::Verified).await;
        let ada = signed_in(&app, &one).await.id().await;
        // By the proved address, the second identity is one of the same account.
        assert_eq!(signed_in_at(&app, &other).await.id().await, ada);
        assert_eq!((owner(&app, &one).await, owner(&app, &other).await), (ada, ada));
        // Each one is known by issuer and subject from now on.
        for provider in [&one, &other] {
            provider.script().person.insert("email".to_owned(), json!("new@example.com"));
        }
        assert_eq!(signed_in(&app, &one).await.id().await, ada);
        assert_eq!(signed_in_at(&app, &other).await.id().await, ada);
        assert_eq!((accounts(&app).await, connections(&app).await), (1, 2));
    }

    async fn an_issuer_whose_addresses_are_not_trusted_opens_no_account_by_one(app: App) {
        let (app, one, other) = with_two_providers(&app, AddressTrust::Never).await;
        signed_in(&app, &one).await;
        let browser = app.browser();
        assert_refused(&browser, &sign_in_at(&browser, &other).await, "email_unverified").await;
        assert_eq!((accounts(&app).await, connections(&app).await), (1, 1));
    }

    async fn a_second_person_with_the_address_is_refused(app: App) {
        let (app, provider) = with_provider(&app).await;
        signed_in(&app, &provider).await;
        provider.script().person.insert("sub".to_owned(), json!("eve-1"));
        let browser = app.browser();
        let answer = sign_in(&browser, &provider).await;
        assert_refused(&browser, &answer, "provider_already_linked").await;
        assert_eq!(connections(&app).await, 1);
    }

    async fn a_new_name_and_address_keep_the_account(app: App) {
        let (app, provider) = with_provider(&app).await;
        let before = signed_in(&app, &provider).await.id().await;
        {
            let mut script = provider.script();
            script.person = provider::person("ada-1", "lovelace");
            script.person.insert("email_verified".to_owned(), json!(false));
        }
        let browser = signed_in(&app, &provider).await;
        assert_eq!(browser.id().await, before);
        assert_eq!(browser.get("/me").await.json()["email"], "ada@example.com");
    }

    async fn a_disabled_account_stays_out(app: App) {
        let (app, provider) = with_provider(&app).await;
        signed_in(&app, &provider).await;
        app.database.execute("UPDATE users SET is_active = FALSE").await;
        let browser = app.browser();
        assert_refused(&browser, &sign_in(&browser, &provider).await, "account_inactive").await;
        provider.script().person.insert("sub".to_owned(), json!("other"));
        assert_refused(&browser, &sign_in(&browser, &provider).await, "account_inactive").await;
        assert_eq!(connections(&app).await, 1);
    }

    async fn an_account_that_gets_a_used_key_has_no_connection(app: App) {
        let (app, provider) = with_provider(&app).await;
        signed_in(&app, &provider).await;
        let id = app.database.number("SELECT id FROM users").await;
        app.database.execute("DELETE FROM users").await;
        provider.script().person = provider::person("bob-1", "bob");
        signed_in(&app, &provider).await;
        app.database.execute(&format!("UPDATE users SET id = {id}")).await;
        app.database.execute(&format!("UPDATE users_connections SET account_id = {id} WHERE subject = 'bob-1'")).await;
        provider.script().person = provider::person("ada-1", "ada");
        let ada = signed_in(&app, &provider).await;
        assert_eq!(ada.get("/me").await.json()["username"], "ada");
        assert_eq!((accounts(&app).await, connections(&app).await), (2, 2));
    }

    async fn a_taken_name_gets_a_number(app: App) {
        let (app, provider) = with_provider(&app).await;
        app.register_as("ada", "first@example.com").await;
        for number in 1..=2 {
            let mut person = provider::person(&format!("ada-{number}"), "ada");
            person.insert("email".to_owned(), json!(format!("ada{number}@example.com")));
            provider.script().person = person;
            let me = signed_in(&app, &provider).await.get("/me").await.json();
            assert_eq!(me["username"], format!("ada_{number}"));
        }
    }

    async fn a_lookalike_of_an_address_is_not_the_address(app: App) {
        let (app, provider) = with_provider(&app).await;
        verified(&app, "mike").await;
        for address in ["mi\u{212A}e@example.com", "mike@example.com\u{2028}", "mike@example.com,b@c.de", "no-address"] {
            let mut person = provider::person("eve-1", "eve");
            person.insert("email".to_owned(), json!(address));
            provider.script().person = person;
            let browser = app.browser();
            let answer = sign_in(&browser, &provider).await;
            if error(&answer).is_none() {
                assert_ne!(browser.get("/me").await.json()["username"], "mike", "{address}");
            }
        }
        let mikes = "SELECT COUNT(*) FROM users_connections c JOIN users u ON u.id = c.account_id WHERE u.username = 'mike'";
        assert_eq!(app.database.number(mikes).await, 0);
    }

    async fn an_account_without_a_password_sets_its_first_one(app: App) {
        let (app, provider) = with_provider(&app).await;
        let ada = signed_in(&app, &provider).await;
        let body = json!({ "current_password": PASSWORD, "new_password": "x-strong-one" });
        assert_eq!(ada.post("/change-password", body).await.status, 400);
        assert_eq!(ada.post("/set-password", json!({ "new_password": PASSWORD })).await.status, 200);
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
    }

    async fn deleting_the_account_deletes_its_connections(app: App) {
        let (app, provider) = with_provider(&app).await;
        let id = signed_in(&app, &provider).await.id().await;
        assert!(app.auth.accounts().delete(&id).await.unwrap());
        // The mount of `app` has no such slice, so the row stays and leads nowhere.
        signed_in(&app, &provider).await;
        assert_eq!((accounts(&app).await, connections(&app).await), (1, 1));
    }
}

#[tokio::test]
async fn claims_fill_the_columns_that_the_app_derives() {
    let app = App::on(Kind::Sqlite).await;
    let provider = Provider::start(Arc::clone(&app.clock)).await;
    let config = config(&provider).sign_up_fields(|person: &Identity| {
        let name = person.claims.get("name").cloned().unwrap_or_default();
        Map::from_iter([
            ("full_name".to_owned(), name),
            ("is_superuser".to_owned(), json!(true)),
            ("email".to_owned(), json!("victim@example.com")),
        ])
    });
    let app = serving(&app, config).await;
    provider.script().profile = json!({ "name": ["not", "a", "text"] });
    let browser = app.browser();
    assert_refused(&browser, &sign_in(&browser, &provider).await, "sign_up_incomplete").await;
    provider.script().profile = json!({ "name": "Ada Lovelace" });
    let browser = signed_in(&app, &provider).await;
    let me = browser.get("/me").await.json();
    assert_eq!((&me["email"], &me["is_superuser"]), (&json!("ada@example.com"), &json!(false)));
    assert_eq!(app.database.text("SELECT full_name FROM users").await, "Ada Lovelace");
}
