//! Sign-in by mail: the link, the code, the page, and what a stranger can do.

mod code;
mod link;
mod page;
mod proof;
mod races;
mod refused;
mod requests;
mod sign_up;

use std::sync::Arc;
use std::time::Duration;

use crudauth::email::MessageKind::{self, EmailLogin};
use crudauth::{
    AuthRow, Backend, CurrentUser, EmailConfig, EmailLoginConfig, EmailMessage, Flash, Fresh,
    Pages, RateLimits, factor,
};
use crudauth_tests::{
    Answer, App, Browser, Database, FRONTEND, PASSWORD, SECRET, User, concurrently, count_status,
    on_every_database, patient_hashing, totp,
};
use poem::{EndpointExt, Route, get, handler};
use serde_json::{Value, json};

#[crudauth::routes(user = User, session, bearer, sessions, email, mfa, email_login)]
struct Mailed;

const ADA: &str = "ada@example.com";

#[handler]
async fn proved_lately(_: CurrentUser<Mailed, Fresh<factor::Email, 10>>) -> &'static str {
    "ok"
}

#[handler]
async fn proved_by_password(_: CurrentUser<Mailed, Fresh<factor::Password, 10>>) -> &'static str {
    "ok"
}

/// Shows what a template puts into the form for the code.
#[handler]
async fn page_for_the_code(flash: Flash<Mailed>) -> String {
    let message = flash.message().unwrap();
    format!("{} {}", message.code, message.challenge.as_deref().unwrap_or("none"))
}

/// A mount with sign-in by mail on the database of `app`.
async fn mailed(app: &App) -> App {
    with_limits(app, RateLimits::off()).await
}

async fn with_limits(app: &App, limits: RateLimits) -> App {
    mounted(app, limits, EmailLoginConfig::default()).await.1
}

/// A mount in which an address without an account gets one.
async fn inviting(app: &App) -> App {
    inviting_mount(app).await.1
}

/// As [`inviting`], with the mount itself.
async fn inviting_mount(app: &App) -> (Mailed, App) {
    let config = EmailLoginConfig::default().creates_accounts(true);
    mounted(app, RateLimits::off(), config).await
}

/// As [`mailed`], with the mount itself.
async fn mounted(app: &App, limits: RateLimits, config: EmailLoginConfig) -> (Mailed, App) {
    let auth = match app.database.clone() {
        Database::Sqlite(pool) => mount(app, pool, limits, config).await,
        Database::Postgres(pool) => mount(app, pool, limits, config).await,
        Database::MySql(pool) => mount(app, pool, limits, config).await,
    };
    let route = auth.mount(Route::new());
    let route = route.at("/recent", get(proved_lately)).at("/password", get(proved_by_password));
    let route = route.at("/code", get(page_for_the_code));
    let app = app.serving(route.with(auth.clone()).map_to_response()).draining(&auth);
    (auth, app)
}

async fn mount<DB>(
    app: &App,
    pool: sqlx::Pool<DB>,
    limits: RateLimits,
    config: EmailLoginConfig,
) -> Mailed
where
    DB: Backend,
    User: AuthRow<DB>,
{
    Mailed::builder(pool, SECRET)
        .email(EmailConfig::new(app.outbox.clone(), FRONTEND))
        .email_login(config)
        .pages(Pages::new("/sign-in").home("/home"))
        .rate_limits(limits)
        .hashing(patient_hashing())
        .trusted_proxy_hops(1)
        .clock(Arc::clone(&app.clock) as _)
        .build()
        .await
        .unwrap()
}

/// What a mail and the response to its request have.
#[derive(Clone)]
struct Sent {
    token: String,
    code: String,
    challenge: String,
}

impl Sent {
    fn link(&self) -> Value {
        json!({ "token": self.token })
    }

    fn code(&self) -> Value {
        json!({ "challenge": self.challenge, "code": self.code })
    }

    /// A code that is not the one of the mail.
    fn wrong_code(&self) -> Value {
        let last = if self.code.ends_with('0') { "1" } else { "0" };
        json!({ "challenge": self.challenge, "code": format!("{}{last}", &self.code[..7]) })
    }
}

async fn request(browser: &Browser, address: &str) -> Answer {
    browser.post("/email-login/request", json!({ "email": address })).await
}

async fn confirm(browser: &Browser, body: Value) -> Answer {
    browser.post("/email-login/confirm", body).await
}

/// Asks for a mail in that browser, and reads it.
async fn ask(app: &App, browser: &Browser, address: &str) -> Sent {
    let answer = request(browser, address).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    read(app, address, answer.json()["challenge"].as_str().unwrap()).await
}

/// Reads the last mail of a request with that challenge.
async fn read(app: &App, address: &str, challenge: &str) -> Sent {
    let mail = app.last_mail(EmailLogin, address).await;
    Sent { token: token_of(&mail), code: mail.code.unwrap(), challenge: challenge.to_owned() }
}

fn token_of(mail: &EmailMessage) -> String {
    let link = mail.link.as_ref().unwrap();
    link.strip_prefix(&format!("{FRONTEND}/email-login?token=")).unwrap().to_owned()
}

/// An account with a password and a proved address, signed in by the password.
async fn verified(app: &App, name: &str) -> Browser {
    assert_eq!(app.register(name).await.status, 202);
    let token = app.token(MessageKind::VerifyEmail, &format!("{name}@example.com")).await;
    let answer = app.browser().post("/email/verify-confirm", json!({ "token": token })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    app.signed_in(name, PASSWORD).await
}

/// Asserts that nobody was signed in, for this reason.
async fn assert_refused(browser: &Browser, answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, &*answer.code()), (status, code), "{answer:?}");
    assert!(!browser.is_signed_in().await);
}
