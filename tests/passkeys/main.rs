//! Passkeys over HTTP: registration, sign-in with nothing typed, the second step, fresh proof, and
//! what an answer of an authenticator is worth elsewhere.
//!
//! The authenticator is software of these tests.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

mod keys;
mod offers;
mod races;
mod registration;
mod second_factor;
mod settings;
mod sign_in;
mod sudo;
mod table;
mod trail;
mod vectors;
mod ways;

use std::sync::Arc;
use std::time::Duration;

use crudauth::email::MessageKind;
use crudauth::{
    Any, AuthRow, Backend, Clock, CurrentUser, Elevated, EmailConfig, Fresh, MfaConfig,
    NotImpersonated, PasskeyConfig, RateLimits, Verified, factor,
};
use crudauth_tests::{
    Answer, App, Authenticator, Browser, Database, FRONTEND, PASSWORD, SECRET, User, concurrently,
    count_status, on_every_database, patient_hashing, totp,
};
use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::{EndpointExt, Response, Route, get, handler};
use serde_json::{Value, json};

#[crudauth::routes(
    user = User, session, bearer, sessions, email, email_login, mfa, passkeys, sudo, account, admin, audit
)]
struct Guarded;

#[handler]
async fn danger(_: CurrentUser<Guarded, Elevated>) -> &'static str {
    "ok"
}

#[handler]
async fn proved_by_passkey(_: CurrentUser<Guarded, Fresh<factor::Passkey, 10>>) -> &'static str {
    "ok"
}

#[handler]
async fn proved_twice(_: CurrentUser<Guarded, Fresh<factor::Second, 10>>) -> &'static str {
    "ok"
}

#[handler]
async fn proved_by_password(_: CurrentUser<Guarded, Fresh<factor::Password, 10>>) -> &'static str {
    "ok"
}

#[handler]
async fn proved_by_mail(_: CurrentUser<Guarded, Fresh<factor::Email, 10>>) -> &'static str {
    "ok"
}

#[handler]
async fn verified(_: CurrentUser<Guarded, Verified>) -> &'static str {
    "ok"
}

#[handler]
async fn owners(_: CurrentUser<Guarded, NotImpersonated>) -> &'static str {
    "ok"
}

#[handler]
async fn any(_: CurrentUser<Guarded, Any<(Elevated, Verified)>>) -> &'static str {
    "ok"
}

/// Settings of the mount.
#[derive(Clone)]
struct Setup {
    passkeys: PasskeyConfig,
    mfa: MfaConfig,
    challenges: Option<vectors::Challenges>,
}

impl Default for Setup {
    fn default() -> Self {
        // A test of its own has the default.
        Self {
            passkeys: PasskeyConfig::default().requires_verified(false),
            mfa: MfaConfig::default(),
            challenges: None,
        }
    }
}

impl Setup {
    fn passkeys(change: impl FnOnce(PasskeyConfig) -> PasskeyConfig) -> Self {
        let setup = Self::default();
        Self { passkeys: change(setup.passkeys.clone()), ..setup }
    }
}

/// A mount with passkeys on the database of `app`.
async fn guarded(app: &App, setup: Setup) -> App {
    guarded_mount(app, setup).await.1
}

/// As [`guarded`], with the mount itself.
async fn guarded_mount(app: &App, setup: Setup) -> (Guarded, App) {
    let auth = match app.database.clone() {
        Database::Sqlite(pool) => mount(app, pool, setup).await,
        Database::Postgres(pool) => mount(app, pool, setup).await,
        Database::MySql(pool) => mount(app, pool, setup).await,
    };
    let app = app.serving(routes(&auth)).draining(&auth);
    (auth, app)
}

async fn mount<DB>(app: &App, pool: sqlx::Pool<DB>, setup: Setup) -> Guarded
where
    DB: Backend,
    User: AuthRow<DB>,
{
    let mut builder = Guarded::builder(pool, SECRET);
    if let Some(challenges) = setup.challenges {
        builder = builder.challenges_in(challenges);
    }
    builder
        .email(EmailConfig::new(app.outbox.clone(), FRONTEND))
        .mfa(setup.mfa)
        .passkeys(setup.passkeys)
        .rate_limits(RateLimits::off())
        .hashing(patient_hashing())
        .trusted_proxy_hops(1)
        .clock(Arc::clone(&app.clock) as _)
        .build()
        .await
        .unwrap()
}

fn routes(auth: &Guarded) -> BoxEndpoint<'static, Response> {
    let route = auth.mount(Route::new()).at("/danger", get(danger));
    let route = route.at("/by-passkey", get(proved_by_passkey)).at("/second", get(proved_twice));
    let route = route.at("/by-password", get(proved_by_password)).at("/verified", get(verified));
    let route = route.at("/not-impersonated", get(owners)).at("/any", get(any));
    route.at("/by-mail", get(proved_by_mail)).with(auth.clone()).map_to_response().boxed()
}

fn authenticator() -> Authenticator {
    Authenticator::at(FRONTEND)
}

/// Signs up, signs in, and registers a passkey.
async fn member(app: &App, name: &str) -> (Browser, Authenticator) {
    let browser = app.member(name).await;
    let mut device = authenticator();
    let answer = register(&browser, &mut device).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    (browser, device)
}

/// The `public_key` of an answer with options. A person proves the password where that is asked for.
async fn options(browser: &Browser, path: &str, body: Value) -> Value {
    let mut answer = browser.post(path, body.clone()).await;
    if answer.status == 403 && answer.code() == "reauthentication-required" {
        let elevated = browser.post("/sudo", json!({ "password": PASSWORD })).await;
        assert_eq!(elevated.status, 200, "{elevated:?}");
        answer = browser.post(path, body).await;
    }
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["public_key"].clone()
}

async fn register(browser: &Browser, device: &mut Authenticator) -> Answer {
    let options = options(browser, "/passkeys/register/options", json!({})).await;
    let credential = device.create(&options);
    browser.post("/passkeys/register/verify", json!({ "credential": credential })).await
}

/// An answer to a sign-in with nothing typed, that was not sent yet.
async fn signed(browser: &Browser, device: &mut Authenticator) -> Value {
    device.get(&options(browser, "/passkeys/sign-in/options", json!({})).await)
}

async fn send(browser: &Browser, credential: &Value) -> Answer {
    browser.post("/passkeys/sign-in/verify", json!({ "credential": credential })).await
}

async fn sign_in(browser: &Browser, device: &mut Authenticator) -> Answer {
    let credential = signed(browser, device).await;
    send(browser, &credential).await
}

async fn list(browser: &Browser) -> Value {
    browser.get("/passkeys").await.json()
}

async fn first_id(browser: &Browser) -> String {
    list(browser).await["passkeys"][0]["id"].as_str().unwrap().to_owned()
}

async fn patch(browser: &Browser, path: &str, body: Value) -> Answer {
    let headers = [("content-type", "application/json")];
    browser.send(Method::PATCH, path, &headers, body.to_string().into_bytes()).await
}

/// Adds an authenticator app, and returns its secret.
async fn enrol(app: &App, browser: &Browser) -> String {
    enrol_with_codes(app, browser).await.0
}

/// As [`enrol`], with the recovery codes.
async fn enrol_with_codes(app: &App, browser: &Browser) -> (String, Vec<String>) {
    let setup = browser.post("/mfa/totp/setup", json!({ "password": PASSWORD })).await.json();
    let secret = setup["secret"].as_str().unwrap().to_owned();
    let answer = browser.post("/mfa/totp/confirm", json!({ "code": code(app, &secret) })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    // The step of the first code is taken.
    app.clock.advance(Duration::from_secs(60));
    let codes = answer.json()["recovery_codes"].as_array().unwrap().clone();
    (secret, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

fn code(app: &App, secret: &str) -> String {
    totp(secret, app.clock.now().timestamp() / 30)
}

/// The first step of a sign-in by password, in a new browser.
async fn challenged(app: &App, name: &str) -> (Browser, Value) {
    let browser = app.browser();
    let answer = browser.login(name, PASSWORD).await;
    assert_eq!(answer.json()["mfa_required"], true, "{answer:?}");
    (browser, answer.json())
}

/// The second step by a passkey.
async fn finish(browser: &Browser, challenge: &Value, device: &mut Authenticator) -> Answer {
    let token = &challenge["challenge"];
    let body = json!({ "challenge": token });
    let credential = device.get(&options(browser, "/passkeys/sign-in/options", body).await);
    let body = json!({ "challenge": token, "credential": credential });
    browser.post("/passkeys/verify", body).await
}
