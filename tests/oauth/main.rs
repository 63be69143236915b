//! Sign-in with providers: the protocol against a provider that lies, the accounts behind it, and
//! their connections.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]
#![allow(clippy::expect_used, reason = "a failed test panics")]

mod accounts;
mod apple;
mod broken;
mod connections;
mod held;
mod lies;
mod logout;
mod microsoft;
mod others;
mod owned;
mod provider;
mod races;
mod sign_in;
mod sign_up;
mod tokens;
mod trust;

use std::sync::Arc;

use crudauth::hook::{BeforeSignIn, HookError, SignInFacts};
use crudauth::{AuthRow, Backend, EmailConfig, OAuthConfig, RateLimits, SignUpPolicy, oauth};
use crudauth_tests::{
    Answer, App, Browser, Database, FRONTEND, PASSWORD, SECRET, User, patient_hashing,
};
use poem::{EndpointExt, Route};
use provider::{CLIENT, CLIENT_SECRET, Provider};
use serde_json::json;

#[crudauth::routes(user = User, session, sessions, email, mfa, passkeys, oauth, invitations)]
struct Auth;

/// The address of clients that the app lets in nowhere.
const REFUSED: &str = "198.51.100.9";

struct Door;

impl BeforeSignIn<User> for Door {
    async fn before_sign_in(&self, sign_in: SignInFacts<'_, User>) -> Result<(), HookError> {
        let address = sign_in.client().address.map(|address| address.to_string());
        let is_refused = address.as_deref() == Some(REFUSED);
        if is_refused { Err(HookError::refused("Not here.")) } else { Ok(()) }
    }
}

/// A mount with these settings on the database of `app`.
async fn serving(app: &App, config: OAuthConfig) -> App {
    serving_to(app, config, SignUpPolicy::open()).await.1
}

/// As [`serving`], for these people, with the mount itself.
async fn serving_to(app: &App, config: OAuthConfig, policy: SignUpPolicy) -> (Auth, App) {
    serving_under(app, config, policy, &[SECRET]).await
}

/// As [`serving_to`], with these secrets, the present one first.
async fn serving_under(
    app: &App,
    config: OAuthConfig,
    policy: SignUpPolicy,
    secrets: &[&'static str],
) -> (Auth, App) {
    let auth = match app.database.clone() {
        Database::Sqlite(pool) => mount(app, pool, (config, policy), secrets).await,
        Database::Postgres(pool) => mount(app, pool, (config, policy), secrets).await,
        Database::MySql(pool) => mount(app, pool, (config, policy), secrets).await,
    };
    let routes = auth.mount(Route::new()).with(auth.clone()).map_to_response();
    let app = app.serving(routes).draining(&auth);
    (auth, app)
}

async fn mount<DB>(
    app: &App,
    pool: sqlx::Pool<DB>,
    (config, policy): (OAuthConfig, SignUpPolicy),
    secrets: &[&'static str],
) -> Auth
where
    DB: Backend,
    User: AuthRow<DB>,
{
    Auth::builder(pool, secrets[0])
        .previous_secrets(secrets[1..].iter().copied())
        .email(EmailConfig::new(app.outbox.clone(), FRONTEND))
        .oauth(config)
        .sign_up(policy)
        .before_sign_in(Door)
        .rate_limits(RateLimits::off())
        .hashing(patient_hashing())
        .trusted_proxy_hops(1)
        .clock(Arc::clone(&app.clock) as _)
        .build()
        .await
        .unwrap()
}

/// The app as a client of a provider of its own, named `corp`.
async fn with_provider(app: &App) -> (App, Provider) {
    let provider = Provider::start(Arc::clone(&app.clock)).await;
    (serving(app, config(&provider)).await, provider)
}

fn config(provider: &Provider) -> OAuthConfig {
    OAuthConfig::new(FRONTEND).provider(client_of(provider, "corp"))
}

fn client_of(provider: &Provider, name: &str) -> oauth::Provider {
    oauth::Provider::oidc(name, &provider.issuer, CLIENT, CLIENT_SECRET)
}

/// Begins a sign-in; the URL of the provider.
async fn begin(browser: &Browser, query: &str) -> String {
    let answer = browser.get(&format!("/oauth/corp/authorize{query}")).await;
    assert_eq!(answer.status, 307, "{answer:?}");
    location(&answer)
}

/// The whole round; the answer to the callback.
async fn sign_in(browser: &Browser, provider: &Provider) -> Answer {
    let url = begin(browser, "").await;
    browser.get(&provider.consent(&url)).await
}

/// A new browser that has signed in with the provider.
async fn signed_in(app: &App, provider: &Provider) -> Browser {
    let browser = app.browser();
    let answer = sign_in(&browser, provider).await;
    assert_eq!(error(&answer), None);
    assert!(browser.is_signed_in().await, "{answer:?}");
    browser
}

fn location(answer: &Answer) -> String {
    answer.header("location").unwrap().to_owned()
}

/// The code with which a callback sends the browser home; `None` if it signed in.
fn error(answer: &Answer) -> Option<String> {
    assert_eq!(answer.status, 307, "{answer:?}");
    let location = location(answer);
    location.split_once("error=").map(|(_, code)| code.to_owned())
}

/// Asserts that a callback is refused for this reason.
async fn assert_refused(browser: &Browser, answer: &Answer, code: &str) {
    assert_eq!(error(answer).as_deref(), Some(code), "{answer:?}");
    assert!(!browser.is_signed_in().await);
}

/// Verifies the address of an account by its mail.
async fn verify(app: &App, address: &str) {
    let token = app.token(crudauth::email::MessageKind::VerifyEmail, address).await;
    let answer = app.browser().post("/email/verify-confirm", json!({ "token": token })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// An account with a password and a verified address, signed in.
async fn verified(app: &App, name: &str) -> Browser {
    assert_eq!(app.register(name).await.status, 202);
    verify(app, &format!("{name}@example.com")).await;
    app.signed_in(name, PASSWORD).await
}

async fn accounts(app: &App) -> i64 {
    app.database.count("users").await
}

async fn connections(app: &App) -> i64 {
    app.database.count("users_connections").await
}
