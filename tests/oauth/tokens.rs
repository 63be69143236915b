//! Kept tokens of a provider: only if asked for, encrypted, refreshed once, gone with the connection.

use std::time::Duration;

use crudauth::oauth::{AccessTokenError, Provider as Configured, ProviderError};
use crudauth_tests::{Kind, Log, concurrently, on_every_database};
use serde_json::Value;

use super::provider::{Answer as Scripted, Script};
use super::*;

const NEXT_SECRET: &str = "the-next-secret-for-tests-of-32-bytes";

/// Ten minutes, after which an access token has expired.
const LIFETIME: Duration = Duration::from_secs(600);

fn keeping(provider: &Provider) -> OAuthConfig {
    OAuthConfig::new(FRONTEND).provider(client_of(provider, "corp").keep_tokens())
}

/// A mount that keeps tokens, and an account with some.
pub(super) async fn connected(app: &App) -> (Auth, App, Provider, Browser) {
    let provider = Provider::start(Arc::clone(&app.clock)).await;
    provider.script().grant = Some(0);
    let (auth, app) = serving_to(app, keeping(&provider), SignUpPolicy::open()).await;
    let ada = signed_in(&app, &provider).await;
    (auth, app, provider, ada)
}

pub(super) async fn token(auth: &Auth, id: i64) -> Result<String, AccessTokenError> {
    let token = auth.accounts().oauth().unwrap().access_token(&id, "corp").await?;
    assert_eq!(format!("{token:?}"), "ProviderAccessToken(..)");
    Ok(token.expose().to_owned())
}

macro_rules! assert_error {
    ($result:expr, $error:pat) => {
        let result = $result;
        assert!(matches!(result, Err($error)), "{result:?}");
    };
}

pub(super) async fn kept(app: &App) -> i64 {
    app.database.count("users_connections WHERE tokens IS NOT NULL").await
}

on_every_database! {
    async fn tokens_are_kept_only_if_asked_for(app: App) {
        let provider = Provider::start(Arc::clone(&app.clock)).await;
        provider.script().grant = Some(0);
        let (auth, plain) = serving_to(&app, config(&provider), SignUpPolicy::open()).await;
        let url = begin(&plain.browser(), "").await;
        assert!(!url.contains("offline_access") && !url.contains("prompt"), "{url}");
        let id = signed_in(&plain, &provider).await.id().await;
        assert_eq!(kept(&app).await, 0);
        assert_error!(token(&auth, id).await, AccessTokenError::UnknownProvider);

        let (auth, app) = serving_to(&app, keeping(&provider), SignUpPolicy::open()).await;
        assert_error!(token(&auth, id).await, AccessTokenError::Reconnect);
        let url = begin(&app.browser(), "").await;
        assert!(url.contains("+offline_access") && url.contains("prompt=consent"), "{url}");
        signed_in(&app, &provider).await;
        assert_eq!(kept(&app).await, 1);
        let asked = provider.requests("/token");
        assert_eq!(token(&auth, id).await.unwrap(), "access-code-1");
        assert_eq!(provider.requests("/token"), asked, "the present one is valid");
        assert_error!(token(&auth, id + 1).await, AccessTokenError::NotConnected);
    }

    async fn calls_at_once_on_two_servers_refresh_once(app: App) {
        let (one, app, provider, ada) = connected(&app).await;
        let (other, _) = serving_to(&app, keeping(&provider), SignUpPolicy::open()).await;
        let id = ada.id().await;
        app.clock.advance(LIFETIME);
        provider.script().delay = Duration::from_millis(100);
        let calls = (0..8).map(|number| {
            let auth = if number % 2 == 0 { one.clone() } else { other.clone() };
            async move { token(&auth, id).await }
        });
        for token in concurrently(calls).await {
            assert_eq!(token.unwrap(), "access-canary-2");
        }
        assert_eq!(provider.requests("/token"), 2);
        // The caller goes away, and the refresh goes on.
        app.clock.advance(LIFETIME);
        let gone = tokio::time::timeout(Duration::from_millis(50), token(&one, id)).await;
        assert!(gone.is_err());
        assert_eq!(token(&other, id).await.unwrap(), "access-canary-3");
        assert_eq!(provider.requests("/token"), 3);
    }

    async fn a_refused_sign_in_leaves_the_tokens_as_they_are(app: App) {
        let (auth, app, provider, ada) = connected(&app).await;
        let id = ada.id().await;
        let answer = sign_in(&app.browser().at(REFUSED), &provider).await;
        assert_eq!(error(&answer).as_deref(), Some("refused_by_app"));
        assert_eq!(token(&auth, id).await.unwrap(), "access-code-0");
    }

    async fn a_withdrawn_grant_deletes_the_tokens(app: App) {
        let (auth, app, provider, ada) = connected(&app).await;
        let id = ada.id().await;
        app.clock.advance(LIFETIME);
        provider.script().grant = None;
        assert_error!(token(&auth, id).await, AccessTokenError::Reconnect);
        assert_eq!((kept(&app).await, connections(&app).await), (0, 1));
        let asked = provider.requests("/token");
        assert_error!(token(&auth, id).await, AccessTokenError::Reconnect);
        assert_eq!(provider.requests("/token"), asked);
        provider.script().grant = Some(7);
        signed_in(&app, &provider).await;
        app.clock.advance(LIFETIME);
        assert_eq!(token(&auth, id).await.unwrap(), "access-canary-9");
    }

    async fn tokens_end_with_their_connection(app: App) {
        let (auth, app, provider, ada) = connected(&app).await;
        let id = ada.id().await;
        app.database.execute("UPDATE users SET is_active = FALSE").await;
        assert_error!(token(&auth, id).await, AccessTokenError::NotConnected);
        app.database.execute("UPDATE users SET is_active = TRUE").await;
        // Those of another person open nothing in this row.
        provider.script().person = provider::person("eve-1", "eve");
        let eve = signed_in(&app, &provider).await.id().await;
        let table = "users_connections";
        app.database
            .execute(&format!(
                "UPDATE {table} SET tokens = (SELECT tokens FROM (SELECT tokens, subject FROM {table}) \
                 AS other WHERE subject = 'eve-1') WHERE subject = 'ada-1'"
            ))
            .await;
        assert_error!(token(&auth, id).await, AccessTokenError::Reconnect);
        assert_eq!(token(&auth, eve).await.unwrap(), "access-code-1");

        provider.script().person = provider::person("ada-1", "ada");
        let ada = signed_in(&app, &provider).await;
        let of_ada = auth.accounts().oauth().unwrap().access_token(&id, "corp").await.unwrap();
        assert_eq!((of_ada.expose(), of_ada.subject()), ("access-code-2", "ada-1"));
        assert_eq!(ada.post("/set-password", json!({ "new_password": PASSWORD })).await.status, 200);
        let list = ada.get("/oauth/connections").await;
        assert!(!list.text.contains("access") && !list.text.contains("token"), "{list:?}");
        assert_eq!(list.json()[0]["id"], of_ada.connection().to_string());
        let path = format!("/oauth/connections/{}", list.json()[0]["id"].as_str().unwrap());
        assert_eq!(ada.delete(&path).await.status, 200);
        assert_error!(token(&auth, id).await, AccessTokenError::NotConnected);
        auth.accounts().delete(&eve).await.unwrap();
        assert_error!(token(&auth, eve).await, AccessTokenError::NotConnected);
        assert_eq!(kept(&app).await, 0);
    }

    async fn tokens_survive_new_secrets_of_the_app(app: App) {
        let (_, app, provider, ada) = connected(&app).await;
        let id = ada.id().await;
        let open = SignUpPolicy::open;
        let secrets = [&[NEXT_SECRET, SECRET][..], &[NEXT_SECRET]];
        for secrets in secrets {
            let (auth, _) = serving_under(&app, keeping(&provider), open(), secrets).await;
            assert_eq!(token(&auth, id).await.unwrap(), "access-code-0");
        }
        let (auth, _) = serving_to(&app, keeping(&provider), open()).await;
        assert_error!(token(&auth, id).await, AccessTokenError::Reconnect);
        assert_eq!(provider.requests("/token"), 1);
    }
}

#[tokio::test]
async fn a_refresh_with_a_lying_id_token_leaves_the_tokens_as_they_are() {
    type Lie = fn(&mut Script);
    let lies: [(Lie, &str); 17] = [
        (|script| script.refreshed = json!({ "sub": "eve-1" }), "another person"),
        (|script| script.refreshed = json!({ "sub": null }), "a claim is missing or"),
        (|script| script.refreshed = json!({ "iss": "https://evil.example" }), "another issuer"),
        (|script| script.refreshed = json!({ "iss": null }), "a claim is missing or"),
        (|script| script.refreshed = json!({ "aud": "another" }), "another audience"),
        (|script| script.refreshed = json!({ "aud": [CLIENT, "another"] }), "another audience"),
        (|script| script.refreshed = json!({ "aud": null }), "a claim is missing or"),
        (|script| script.refreshed = json!({ "azp": "another" }), "another audience"),
        (|script| script.refreshed = json!({ "iat": 9_999_999_999_i64 }), "issued in the future"),
        (|script| script.refreshed = json!({ "iat": null }), "a claim is missing or"),
        (|script| script.refreshed = json!({ "exp": 1 }), "expired"),
        (|script| script.refreshed = json!({ "auth_time": "now" }), "a claim is missing or"),
        (|script| script.refreshed = json!({ "at_hash": "AAAA" }), "another access token"),
        (|script| (script.published, script.key) = (Some(1), 2), "wrong signature"),
        (|script| script.header = json!({ "kid": "unknown" }), "no such key"),
        (|script| script.header = json!({ "alg": "none" }), "algorithm not allowed"),
        (|script| script.header = json!({ "alg": "HS256" }), "algorithm not allowed"),
    ];
    const STORED: &str = "SELECT HEX(tokens) FROM users_connections";
    for (lie, reason) in lies {
        let log = Log::listen();
        let app = App::on(Kind::Sqlite).await;
        let (auth, app, provider, ada) = connected(&app).await;
        let (id, before) = (ada.id().await, app.database.text(STORED).await);
        app.clock.advance(LIFETIME);
        lie(&mut provider.script());
        let result = token(&auth, id).await;
        let Err(AccessTokenError::Provider(ProviderError::IdToken(told))) = result else {
            panic!("{reason}: {result:?}");
        };
        assert!(told.starts_with(reason), "{told}, not {reason}");
        assert_eq!(app.database.text(STORED).await, before, "{reason}");
        assert!(log.text().contains(reason), "no {reason:?} in {}", log.text());
    }
}

#[tokio::test]
async fn an_outage_keeps_the_tokens() {
    let app = App::on(Kind::Sqlite).await;
    let (auth, app, provider, ada) = connected(&app).await;
    let id = ada.id().await;
    provider.script().answers.insert("/token", Scripted::new(503, r#"{"error":"invalid_grant"}"#));
    app.clock.advance(LIFETIME - Duration::from_secs(30));
    assert_eq!(token(&auth, id).await.unwrap(), "access-code-0", "it is valid for 30 seconds");
    assert_eq!(provider.requests("/token"), 2, "a refresh was tried");
    app.clock.advance(LIFETIME);
    let down = ProviderError::Status { endpoint: "token", status: 503 };
    let result = token(&auth, id).await.map_err(|error| error.to_string());
    assert_eq!(result, Err(down.to_string()));
    provider.script().answers.clear();
    assert_eq!(token(&auth, id).await.unwrap(), "access-canary-2");
}

#[tokio::test]
async fn a_refresh_spends_nothing_while_the_keys_cannot_be_had() {
    let app = App::on(Kind::Sqlite).await;
    let (auth, app, provider, ada) = connected(&app).await;
    let id = ada.id().await;
    // Keys are read again after an hour.
    app.clock.advance(Duration::from_hours(2));
    provider.script().answers.insert("/jwks", Scripted::new(503, ""));
    let asked = provider.requests("/token");
    assert_error!(token(&auth, id).await, AccessTokenError::Provider(_));
    assert_eq!((provider.requests("/token"), kept(&app).await), (asked, 1));
    provider.script().answers.clear();
    assert_eq!(token(&auth, id).await.unwrap(), "access-canary-2");
    // A key that was rotated since is read.
    provider.script().key = 2;
    provider.script().kid = Some("two".to_owned());
    app.clock.advance(LIFETIME);
    assert_eq!(token(&auth, id).await.unwrap(), "access-canary-3");
}

#[tokio::test]
async fn an_answer_without_refresh_token_keeps_the_one_before() {
    let app = App::on(Kind::Sqlite).await;
    let (auth, app, provider, ada) = connected(&app).await;
    let id = ada.id().await;
    // As Google answers after the first consent.
    provider.script().token = json!({ "refresh_token": null });
    signed_in(&app, &provider).await;
    provider.script().grant = Some(1);
    app.clock.advance(LIFETIME);
    assert_eq!(token(&auth, id).await.unwrap(), "access-canary-2");
    // Some answer a refresh without a new one, too.
    provider.script().grant = Some(1);
    app.clock.advance(LIFETIME);
    assert_eq!(token(&auth, id).await.unwrap(), "access-canary-2");
    // Without any, an access token is good until it expires.
    app.database.execute("UPDATE users_connections SET tokens = NULL").await;
    signed_in(&app, &provider).await;
    assert!(token(&auth, id).await.is_ok());
    app.clock.advance(LIFETIME);
    assert_error!(token(&auth, id).await, AccessTokenError::Reconnect);
}

#[tokio::test]
async fn neither_the_database_nor_the_log_has_a_token() {
    let log = Log::listen();
    let app = App::on(Kind::Sqlite).await;
    let (auth, app, _provider, ada) = connected(&app).await;
    let id = ada.id().await;
    let stored = |cells: String| {
        for canary in ["access-code", "access-canary", "refresh-canary"] {
            assert!(!cells.contains(&hex::encode(canary)), "stored: {canary}");
            assert!(!log.text().contains(canary), "logged: {canary}");
        }
        assert!(cells.contains(&hex::encode("ada@example.com")), "the search sees cells");
    };
    assert_eq!(kept(&app).await, 1);
    stored(app.database.cells_in_hex().await);
    app.clock.advance(LIFETIME);
    token(&auth, id).await.unwrap();
    stored(app.database.cells_in_hex().await);
    app.database.execute("DELETE FROM users_sessions").await;
    assert_eq!(kept(&app).await, 1);
}

#[tokio::test]
async fn each_provider_is_asked_for_a_refresh_token_in_its_way() {
    let app = App::on(Kind::Sqlite).await;
    let provider = Provider::start(Arc::clone(&app.clock)).await;
    let google = "https://accounts.google.com";
    let directory = "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0";
    let microsoft = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    let (offline, scope, consent) = ("access_type=offline", "offline_access", "prompt=consent");
    let oidc = |scopes: &[&'static str]| client_of(&provider, "corp").scopes(scopes.to_vec());
    let issuer = &*provider.issuer;
    for (configured, issuer, supported, asked) in [
        (Configured::google("id", "s"), google, json!(null), &[offline, consent][..]),
        (Configured::microsoft(microsoft, "id", "s"), directory, json!(null), &[scope]),
        (oidc(&["email"]), issuer, json!(null), &[scope, consent]),
        (oidc(&["email"]), issuer, json!(["openid", "email"]), &[consent]),
        (oidc(&["email", "offline_access"]), issuer, json!(null), &[scope, consent]),
    ] {
        let known = provider.known_as(issuer);
        known.script().document = json!({ "scopes_supported": supported });
        let name = configured.name().to_owned();
        let config = OAuthConfig::new(FRONTEND).provider(configured.keep_tokens());
        let app = serving(&app, config.http_client(known)).await;
        let url = location(&app.browser().get(&format!("/oauth/{name}/authorize")).await);
        for part in [offline, scope, consent] {
            let times = usize::from(asked.contains(&part));
            assert_eq!(url.matches(part).count(), times, "{part} in {url}");
        }
    }
}

#[tokio::test]
async fn tokens_of_github_are_refreshed_at_github_only() {
    let app = App::on(Kind::Sqlite).await;
    let github = Provider::start(Arc::clone(&app.clock)).await;
    let other = Provider::start(Arc::clone(&app.clock)).await;
    let at = |provider: &Provider| {
        let github = Configured::github(CLIENT, CLIENT_SECRET).github_enterprise(&provider.issuer);
        OAuthConfig::new(FRONTEND).provider(github.named("corp").keep_tokens())
    };
    let answer = |path: &'static str, body: Value| {
        github.script().answers.insert(path, Scripted::new(200, body.to_string()));
    };
    let tokens = "/login/oauth/access_token";
    answer(tokens, json!({ "access_token": "a1", "refresh_token": "r1", "expires_in": "600" }));
    answer("/api/v3/user", json!({ "id": 7, "login": "ada" }));
    let address = json!({ "email": "ada@example.com", "primary": true, "verified": true });
    answer("/api/v3/user/emails", json!([address]));
    let (auth, served) = serving_to(&app, at(&github), SignUpPolicy::open()).await;
    let id = signed_in(&served, &github).await.id().await;
    assert_eq!(token(&auth, id).await.unwrap(), "a1");
    app.clock.advance(LIFETIME);
    answer(tokens, json!({ "access_token": "a2", "refresh_token": "r2", "expires_in": 600 }));
    assert_eq!(token(&auth, id).await.unwrap(), "a2");
    let (_, form, _) = github.script().seen.last().unwrap().clone();
    assert_eq!((&*form["grant_type"], &*form["refresh_token"]), ("refresh_token", "r1"));
    // The name has got another server since.
    app.clock.advance(LIFETIME);
    let (moved, _) = serving_to(&app, at(&other), SignUpPolicy::open()).await;
    assert_error!(token(&moved, id).await, AccessTokenError::Provider(_));
    assert_eq!(other.script().seen.len(), 0);
    answer(tokens, json!({ "error": "bad_refresh_token" }));
    assert_error!(token(&auth, id).await, AccessTokenError::Reconnect);
    assert_eq!(kept(&app).await, 0);
}
