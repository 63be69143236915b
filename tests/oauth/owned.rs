//! What the owner of an account with a connection can do, and what happens to it with its events.

use std::time::Duration;

use crudauth::{CurrentUser, Elevated};
use crudauth_tests::{Kind, on_every_database};
use poem::{get, handler};

use super::logout::told_from;
use super::*;

#[crudauth::routes(user = User, session, sessions, email, oauth, passkeys, sudo, account, audit)]
struct Owned;

#[handler]
async fn danger(_: CurrentUser<Owned, Elevated>) -> &'static str {
    "ok"
}

/// A mount in which owners elevate their sessions, export and delete.
async fn owned(app: &App) -> (Owned, App, Provider) {
    owned_within(app, RateLimits::off()).await
}

/// As [`owned`], with these limits.
async fn owned_within(app: &App, limits: RateLimits) -> (Owned, App, Provider) {
    let provider = Provider::start(Arc::clone(&app.clock)).await;
    let auth = match app.database.clone() {
        Database::Sqlite(pool) => mount_owned(app, pool, &provider, limits).await,
        Database::Postgres(pool) => mount_owned(app, pool, &provider, limits).await,
        Database::MySql(pool) => mount_owned(app, pool, &provider, limits).await,
    };
    let routes = auth.mount(Route::new()).at("/danger", get(danger)).with(auth.clone());
    let app = app.serving(routes.map_to_response()).draining(&auth);
    (auth, app, provider)
}

async fn mount_owned<DB>(
    app: &App,
    pool: sqlx::Pool<DB>,
    provider: &Provider,
    limits: RateLimits,
) -> Owned
where
    DB: Backend,
    User: AuthRow<DB>,
{
    Owned::builder(pool, SECRET)
        .email(EmailConfig::new(app.outbox.clone(), FRONTEND))
        .oauth(config(provider))
        .rate_limits(limits)
        .hashing(patient_hashing())
        .trusted_proxy_hops(1)
        .clock(Arc::clone(&app.clock) as _)
        .build()
        .await
        .unwrap()
}

/// Begins to connect the account; the path back to the app.
async fn begun(browser: &Browser, provider: &Provider) -> String {
    let answer = browser.post("/oauth/corp/connect", json!({})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    provider.consent(answer.json()["url"].as_str().unwrap())
}

async fn connection(browser: &Browser) -> String {
    let list = browser.get("/oauth/connections").await.json();
    format!("/oauth/connections/{}", list[0]["id"].as_str().unwrap())
}

async fn events(app: &App, kind: &str) -> i64 {
    app.database.count(&format!("users_audit WHERE kind = '{kind}'")).await
}

on_every_database! {
    async fn an_account_without_another_factor_elevates_by_a_new_sign_in_with_its_provider(app: App) {
        let (_, app, provider) = owned(&app).await;
        let ada = signed_in(&app, &provider).await;
        app.clock.advance(Duration::from_secs(601));
        let refused = ada.get("/danger").await;
        assert_eq!((refused.status, &*refused.code()), (403, "reauthentication-required"));
        assert_eq!(refused.json()["ways"], json!(["provider"]), "{refused:?}");
        assert_eq!(ada.post("/sudo", json!({})).await.code(), "sign-in-too-old");
        let again = sign_in(&ada, &provider).await;
        assert_eq!(error(&again), None);
        assert_eq!(ada.get("/danger").await.status, 403, "a sign-in elevates nothing by itself");
        assert_eq!(ada.post("/sudo", json!({})).await.status, 200);
        assert_eq!(ada.get("/danger").await.status, 200);
    }

    async fn an_export_names_the_connections_and_no_token(app: App) {
        let (_, app, provider) = owned(&app).await;
        let ada = signed_in(&app, &provider).await;
        assert_eq!(ada.post("/sudo", json!({})).await.status, 200);
        let answer = ada.get("/account/export").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let export = answer.json();
        let connections = export["connections"].as_array().unwrap();
        assert_eq!(connections.len(), 1);
        assert_eq!(connections[0]["provider"], "corp");
        assert_eq!(connections[0]["email"], "ada@example.com");
        assert!(!answer.text.contains("access-code"), "{}", answer.text);
    }

    async fn a_deleted_account_is_not_found_by_its_person_any_more(app: App) {
        let (_, app, provider) = owned(&app).await;
        let ada = signed_in(&app, &provider).await;
        let before = ada.id().await;
        assert_eq!(ada.post("/sudo", json!({})).await.status, 200);
        let deleted = ada.post("/account/delete", json!({})).await;
        assert_eq!(deleted.status, 200, "{deleted:?}");
        assert_eq!((accounts(&app).await, connections(&app).await), (0, 0));
        let new = signed_in(&app, &provider).await;
        assert_ne!(new.id().await, before);
    }

    async fn no_account_and_no_connection_changes_without_its_event(app: App) {
        let (auth, app, provider) = owned(&app).await;
        let ada = signed_in(&app, &provider).await;
        provider.script().person = provider::person("ada-2", "countess");
        ada.get(&begun(&ada, &provider).await).await;
        let removed = connection(&ada).await;
        provider.script().person = provider::person("ada-3", "lovelace");
        let added = begun(&ada, &provider).await;
        let bob = app.browser();
        provider.script().person = provider::person("bob-1", "bob");
        let entered = provider.consent(&begin(&bob, "").await);
        auth.drained().await;
        let count = async || (accounts(&app).await, connections(&app).await);
        assert_eq!(count().await, (1, 2));

        app.database.execute("ALTER TABLE users_audit RENAME TO users_audit_away").await;
        assert_eq!(ada.delete(&removed).await.status, 500);
        assert!(error(&ada.get(&added).await).is_some());
        assert_refused(&bob, &bob.get(&entered).await, "internal_error").await;
        app.database.execute("ALTER TABLE users_audit_away RENAME TO users_audit").await;

        assert_eq!(count().await, (1, 2));
        assert!(ada.is_signed_in().await);
        assert_eq!(ada.delete(&removed).await.status, 200);
        assert_eq!(error(&sign_in(&bob, &provider).await), None);
        provider.script().person = provider::person("ada-3", "lovelace");
        assert_eq!(error(&ada.get(&begun(&ada, &provider).await).await), None);
        auth.drained().await;
        assert_eq!(events(&app, "connection-removed").await, 1);
        assert_eq!(events(&app, "connection-added").await, 2);
        assert_eq!(events(&app, "registered-with-provider").await, 2);
    }

    async fn what_a_provider_does_is_in_the_trail(app: App) {
        let (auth, app, provider) = owned(&app).await;
        let ada = signed_in(&app, &provider).await;
        let token = provider.logout_token("one", &json!({}), &json!({}));
        let told = told_from(&app.browser(), "corp", &token).await;
        assert_eq!(told.status, 200, "{told:?}");
        assert!(!ada.is_signed_in().await);
        auth.drained().await;
        for kind in ["registered-with-provider", "signed-out-by-provider"] {
            assert_eq!(events(&app, kind).await, 1, "{kind}");
        }
    }
}

#[tokio::test]
async fn an_account_changes_its_connections_ten_times_an_hour() {
    let app = App::on(Kind::Sqlite).await;
    let (_, app, provider) = owned_within(&app, RateLimits::default()).await;
    let ada = signed_in(&app, &provider).await;
    for _ in 0..5 {
        begun(&ada, &provider).await;
        assert_eq!(ada.delete("/oauth/connections/none").await.status, 404);
    }
    let answer = ada.post("/oauth/corp/connect", json!({})).await;
    assert_eq!((answer.status, &*answer.code()), (429, "too-many-requests"));
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    provider.script().person = provider::person("bob-1", "bob");
    begun(&signed_in(&app, &provider).await, &provider).await;
    app.clock.advance(Duration::from_secs(3600));
    assert_eq!(error(&sign_in(&ada, &provider).await), None);
    begun(&ada, &provider).await;
}

#[tokio::test]
async fn a_network_sends_60_logout_tokens_that_prove_nothing_in_an_hour() {
    let app = App::on(Kind::Sqlite).await;
    let (_, app, provider) = owned_within(&app, RateLimits::default()).await;
    let ada = signed_in(&app, &provider).await;
    let stranger = app.browser();
    for _ in 0..60 {
        assert_eq!(told_from(&stranger, "corp", "nothing").await.status, 400);
    }
    assert_eq!(told_from(&stranger, "corp", "nothing").await.status, 429);
    assert!(ada.is_signed_in().await);
    // Those that prove something do not count.
    let token = provider.logout_token("one", &json!({}), &json!({}));
    assert_eq!(told_from(&stranger, "corp", &token).await.status, 200);
    assert!(!ada.is_signed_in().await);
}
