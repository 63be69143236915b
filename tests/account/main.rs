//! Leaving, administration and history: export, deletion, the actions of superusers, events, who may
//! sign up, and the hooks before sign-up, sign-in and a change of username. Tickets.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

mod admin;
mod admin_pages;
mod audit;
mod audit_chain;
mod canaries;
mod deletion;
mod devices;
mod events;
mod export;
mod grace;
mod hooks;
mod impersonation;
mod invitations;
mod kinds;
mod pages;
mod refusals;
mod sign_up;
mod sockets;
mod tickets;
mod tombstones;
mod trail;
mod trust;
mod username;

use std::sync::Arc;
use std::time::Duration;

use crudauth::email::MessageKind;
use crudauth::store::MemoryStore;
use crudauth::{
    AccountConfig, AdminConfig, AuthRow, AuthUser, Backend, Clock, EmailConfig, MfaConfig, Pages,
    RateLimits, RefreshIn, SessionConfig,
};
use crudauth_tests::{
    Answer, App, Browser, Database, FRONTEND, PASSWORD, SECRET, concurrently, count_status,
    on_every_database, patient_hashing, totp,
};
use poem::EndpointExt;
use poem::Route;
use poem::http::Method;
use serde_json::{Value, json};

/// The accounts of the tests, with marks for the export.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
#[allow(dead_code, reason = "read by the library only")]
struct Person {
    id: i64,
    email: String,
    username: String,
    #[auth(register, export, editable)]
    full_name: Option<String>,
    #[auth(default = "free")]
    plan: String,
}

#[crudauth::routes(
    user = Person, session, bearer, api_keys, sessions, tokens, email, mfa, sudo, account, admin,
    profile, audit, username, tickets
)]
struct Full;

/// Without `sudo`: the proof is in the request.
#[crudauth::routes(user = Person, session, email, mfa, account, admin, username)]
struct Plain;

/// Settings of a mount.
#[derive(Clone, Default)]
struct Setup {
    account: AccountConfig,
    admin: AdminConfig,
    mfa: MfaConfig,
    session: SessionConfig,
    /// A store of sessions beside the database.
    sessions: Option<MemoryStore>,
    poems: Option<hooks::Poems>,
    notifies: bool,
    subscribers: Vec<events::Subscriber>,
    door: Option<refusals::Door>,
}

impl Setup {
    fn grace() -> Self {
        Self { account: AccountConfig::default().grace(MONTH), ..Self::default() }
    }
}

const MONTH: Duration = Duration::from_hours(30 * 24);

macro_rules! mounts {
    ($($function:ident: $mount:ident $(. $setting:ident($value:expr))*;)*) => {$(
        /// A mount on the database of `app`, and an app that serves it.
        async fn $function(app: &App, setup: Setup) -> ($mount, App) {
            async fn build<DB: Backend>(app: &App, pool: sqlx::Pool<DB>, setup: Setup) -> $mount
            where
                Person: AuthRow<DB>,
            {
                crudauth::migrations!(Full).run(&pool).await.unwrap();
                let mut builder = $mount::builder(pool, SECRET)
                    .email(EmailConfig::new(app.outbox.clone(), FRONTEND));
                if let Some(poems) = setup.poems {
                    builder = builder.account_data(poems);
                }
                if let Some(sessions) = setup.sessions {
                    builder = builder.sessions_in(sessions);
                }
                if setup.notifies {
                    builder = builder.notify_new_devices();
                }
                for subscriber in setup.subscribers {
                    builder = builder.on_event(subscriber);
                }
                if let Some(door) = setup.door {
                    builder = builder.before_username_change(door.clone());
                    builder = builder.before_sign_up(door.clone()).before_sign_in(door);
                }
                builder
                    .account(setup.account)
                    .admin(setup.admin)
                    .mfa(setup.mfa)
                    .session(setup.session)
                    $(.$setting($value))*
                    .rate_limits(RateLimits::off())
                    .hashing(patient_hashing())
                    .trusted_proxy_hops(1)
                    .clock(Arc::clone(&app.clock) as _)
                    .build()
                    .await
                    .unwrap()
            }
            let auth = match app.database.clone() {
                Database::Sqlite(pool) => build(app, pool, setup).await,
                Database::Postgres(pool) => build(app, pool, setup).await,
                Database::MySql(pool) => build(app, pool, setup).await,
            };
            let routes = auth.mount(Route::new()).with(auth.clone()).map_to_response();
            let mailing = auth.clone();
            let app = app.serving(routes.boxed()).waiting_for(move || {
                let auth = mailing.clone();
                async move { auth.drained().await }
            });
            (auth, app)
        }
    )*};
}

mounts! {
    full: Full.refresh_in(RefreshIn::Body).pages(Pages::new("/sign-in"));
    plain: Plain;
}

/// Elevates the session of a browser.
async fn elevated(browser: &Browser) -> &Browser {
    let answer = browser.post("/sudo", json!({ "password": PASSWORD })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    browser
}

/// Signs `name` up and in, and elevates the session.
async fn owner(app: &App, name: &str) -> Browser {
    let browser = app.member(name).await;
    elevated(&browser).await;
    browser
}

/// Makes `name` a superuser.
async fn promote(app: &App, name: &str) {
    let promote = format!("UPDATE users SET is_superuser = TRUE WHERE username = '{name}'");
    app.database.execute(&promote).await;
}

/// Bearer tokens of `name`: the access token and the refresh token.
async fn tokens(app: &App, name: &str) -> (String, String) {
    let form = format!("username={name}&password={PASSWORD}").into_bytes();
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let answer = app.browser().send(Method::POST, "/token", &kind, form).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let text = |key: &str| answer.json()[key].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

/// An API key of the signed-in owner.
async fn api_key(browser: &Browser) -> String {
    let answer = browser.post("/api-keys", json!({ "name": "backup" })).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["key"].as_str().unwrap().to_owned()
}

/// The status of `/me` with a token or an API key.
async fn me_with(app: &App, token: &str) -> u16 {
    let header = format!("Bearer {token}");
    let headers = [("authorization", &*header)];
    app.browser().send(Method::GET, "/me", &headers, Vec::new()).await.status
}

/// Adds an authenticator, and returns its secret and the recovery codes.
async fn enrol(app: &App, browser: &Browser) -> (String, Vec<String>) {
    let setup = browser.post("/mfa/totp/setup", json!({ "password": PASSWORD })).await.json();
    let secret = setup["secret"].as_str().unwrap().to_owned();
    let code = totp(&secret, app.clock.now().timestamp() / 30);
    let answer = browser.post("/mfa/totp/confirm", json!({ "code": code })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let codes = answer.json()["recovery_codes"].as_array().unwrap().clone();
    app.clock.advance(Duration::from_secs(60));
    (secret, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

/// Every table of the library with rows of accounts.
const OWNED: [&str; 9] = [
    "sessions",
    "token_families",
    "api_keys",
    "one_time_tokens",
    "authenticators",
    "recovery_codes",
    "browser_trusts",
    "deletions",
    "suspensions",
];

/// How many rows of an account are left, in all tables.
async fn rows_of(app: &App, id: i64) -> i64 {
    let mut rows = app.database.count(&format!("users WHERE id = {id}")).await;
    for table in OWNED {
        rows += app.database.count(&format!("users_{table} WHERE user_id = {id}")).await;
    }
    rows
}
