//! The second factor over HTTP: enrolment, the second step of a sign-in, guessing, and what a
//! stranger with the password, the cookie or the database can do.

mod address;
mod elevation;
mod enrolment;
mod guessing;
mod proof;
mod races;
mod sign_in;
mod storage;
mod takeover;
mod trust;

use std::sync::Arc;
use std::time::Duration;

use crudauth::email::MessageKind;
use crudauth::{
    AuthRow, Backend, Binding, BuildError, ClientAddress, ClientInfo, Clock, ConfigError,
    CurrentUser, Elevated, EmailConfig, Fresh, MfaConfig, RateLimits, RefreshIn, SignIn, Verified,
    factor,
};
use crudauth_tests::{
    Answer, App, Browser, Database, FRONTEND, PASSWORD, SECRET, User, concurrently, count_status,
    key_of, on_every_database, patient_hashing, totp,
};
use poem::endpoint::BoxEndpoint;
use poem::{EndpointExt, Response, Route, get, handler};
use serde_json::{Value, json};

#[crudauth::routes(user = User, session, bearer, sessions, email, mfa, sudo)]
struct Guarded;

#[handler]
async fn dashboard(_: CurrentUser<Guarded>) -> &'static str {
    "ok"
}

#[handler]
async fn billing(_: CurrentUser<Guarded, Verified>) -> &'static str {
    "ok"
}

#[handler]
async fn danger(_: CurrentUser<Guarded, Elevated>) -> &'static str {
    "ok"
}

#[handler]
async fn proved_lately(_: CurrentUser<Guarded, Fresh<factor::Password, 10>>) -> &'static str {
    "ok"
}

#[handler]
async fn proved_twice(_: CurrentUser<Guarded, Fresh<factor::Second, 10>>) -> &'static str {
    "ok"
}

/// Settings of the mount.
#[derive(Clone)]
struct Setup {
    mfa: MfaConfig,
    refresh_in: RefreshIn,
    secret: &'static str,
    previous: Vec<&'static str>,
    limits: RateLimits,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            mfa: MfaConfig::default().issuer("Tests"),
            refresh_in: RefreshIn::Cookie,
            secret: SECRET,
            previous: Vec::new(),
            limits: RateLimits::off(),
        }
    }
}

/// A mount with second factors on the database of `app`.
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
    built(app, pool, setup).await.unwrap()
}

async fn built<DB>(app: &App, pool: sqlx::Pool<DB>, setup: Setup) -> Result<Guarded, BuildError>
where
    DB: Backend,
    User: AuthRow<DB>,
{
    let builder = Guarded::builder(pool, setup.secret).previous_secrets(setup.previous);
    builder
        .email(EmailConfig::new(app.outbox.clone(), FRONTEND))
        .mfa(setup.mfa)
        .refresh_in(setup.refresh_in)
        .rate_limits(setup.limits)
        .hashing(patient_hashing())
        .trusted_proxy_hops(1)
        .clock(Arc::clone(&app.clock) as _)
        .build()
        .await
}

fn routes(auth: &Guarded) -> BoxEndpoint<'static, Response> {
    let route = auth.mount(Route::new());
    let route = route.at("/dashboard", get(dashboard)).at("/billing", get(billing));
    let route = route
        .at("/danger", get(danger))
        .at("/recent", get(proved_lately))
        .at("/second", get(proved_twice));
    route.with(auth.clone()).map_to_response().boxed()
}

/// The code of a secret, `steps` from now.
fn code(app: &App, secret: &str, steps: i64) -> String {
    totp(secret, app.clock.now().timestamp() / 30 + steps)
}

/// A code that is none of the three that count now.
fn wrong_code(app: &App, secret: &str) -> String {
    let right: Vec<_> = (-1..=1).map(|step| code(app, secret, step)).collect();
    (0..).map(|n| format!("{n:06}")).find(|wrong| !right.contains(wrong)).unwrap()
}

/// An account with an authenticator.
struct Member {
    name: &'static str,
    browser: Browser,
    secret: String,
    codes: Vec<String>,
}

/// Signs up, proves the address, signs in, and adds an authenticator.
async fn enrolled(app: &App, name: &'static str) -> Member {
    let browser = app.member(name).await;
    let token = app.token(MessageKind::VerifyEmail, &format!("{name}@example.com")).await;
    let answer = browser.post("/email/verify-confirm", json!({ "token": token })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let (secret, codes) = enrol(app, &browser).await;
    // The step of the first code is taken.
    app.clock.advance(Duration::from_secs(60));
    Member { name, browser, secret, codes }
}

async fn enrol(app: &App, browser: &Browser) -> (String, Vec<String>) {
    let secret = secret_of(&set_up(browser).await.json());
    let answer = browser.post("/mfa/totp/confirm", json!({ "code": code(app, &secret, 0) })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    (secret, recovery_codes(&answer.json()))
}

async fn set_up(browser: &Browser) -> Answer {
    browser.post("/mfa/totp/setup", json!({ "password": PASSWORD })).await
}

fn secret_of(setup: &Value) -> String {
    setup["secret"].as_str().unwrap().to_owned()
}

fn recovery_codes(body: &Value) -> Vec<String> {
    let codes = body["recovery_codes"].as_array().unwrap();
    codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// The first step of a sign-in, in a new browser. Returns the browser and the challenge.
async fn challenged(app: &App, name: &str) -> (Browser, String) {
    let browser = app.browser();
    let answer = browser.login(name, PASSWORD).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["mfa_required"], true, "{answer:?}");
    let challenge = answer.json()["challenge"].as_str().unwrap().to_owned();
    (browser, challenge)
}

async fn verify(browser: &Browser, challenge: &str, code: &str) -> Answer {
    browser.post("/mfa/verify", json!({ "challenge": challenge, "code": code })).await
}

/// Whether that code signs in, in a new browser.
async fn signs_in(app: &App, name: &str, code: &str) -> bool {
    let (browser, challenge) = challenged(app, name).await;
    verify(&browser, &challenge, code).await.status == 200
}

/// Resets the password of `ada` to that one by mail, in a new browser. Returns the token.
async fn reset(app: &App, new: &str) -> String {
    let token = app.reset_token("ada@example.com").await;
    let body = json!({ "token": token, "new_password": new });
    let answer = app.browser().post("/password/reset-confirm", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    token
}

async fn status(browser: &Browser) -> Value {
    browser.get("/mfa").await.json()
}
