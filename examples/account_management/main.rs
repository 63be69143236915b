//! Accounts whose owners look after them: passkeys, second factor, list of devices, fresh proof, export
//! and deletion. Superusers find and disable accounts.
//!
//! Choose it if an account is worth protecting. A sign-in asks for a code once its owner has added an
//! authenticator; a passkey signs in without a password; something dangerous asks for all factors
//! again. Run it, open the address that it prints, and sign up.
//!
//! ```sh
//! cargo run -p examples --example account_management
//! ```
#![allow(clippy::print_stdout, reason = "a program prints to its terminal")]

use std::time::Duration;

use crudauth::email::BoxError;
use crudauth::{
    AccountConfig, AuthRow, AuthUser, Backend, CurrentUser, Elevated, EmailConfig, MfaConfig,
    PasskeyConfig, Superuser,
};
use examples::{Settings, log_to_stderr, on_the_database};
use poem::web::Json;
use poem::{EndpointExt, Route, get, handler};
use serde_json::{Value, json};

mod page;

/// How long a deletion can be withdrawn.
const MONTH: Duration = Duration::from_hours(30 * 24);

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct User {
    id: i64,
    email: String,
    username: String,
    #[auth(register, export)]
    full_name: Option<String>,
}

#[crudauth::routes(user = User, session, sessions, email, mfa, passkeys, sudo, account, admin)]
struct Auth;

#[handler]
async fn dashboard(user: CurrentUser<Auth>) -> Json<Value> {
    Json(json!({ "id": user.id }))
}

/// Open to a session whose owner has just proved all factors again, by `POST /sudo`.
#[handler]
async fn danger(_: CurrentUser<Auth, Elevated>) -> Json<Value> {
    Json(json!({ "ok": true }))
}

#[handler]
async fn admin(_: CurrentUser<Auth, Superuser>) -> Json<Value> {
    Json(json!({ "ok": true }))
}

/// Creates the tables and builds the mount on any database.
async fn accounts<DB>(pool: sqlx::Pool<DB>, settings: &Settings) -> Result<Auth, BoxError>
where
    DB: Backend,
    User: AuthRow<DB>,
{
    crudauth::migrations!(Auth).run(&pool).await?;
    let auth = Auth::builder(pool, settings.secret_key.as_str())
        .mfa(MfaConfig::default().issuer("Recipe"))
        .account(AccountConfig::default().grace(MONTH))
        .passkeys(passkeys(settings))
        .email(EmailConfig::new(settings.sender(), &settings.frontend_url))
        .cookies(settings.cookies())
        .trusted_proxy_hops(settings.trusted_proxy_hops)
        .redis(settings.redis.clone())
        .build()
        .await?;
    Ok(auth)
}

/// Passkeys belong to a domain, and an address of numbers is none. Open the page as `localhost`.
fn passkeys(settings: &Settings) -> PasskeyConfig {
    let origin = settings.frontend_url.replace("//127.0.0.1", "//localhost");
    PasskeyConfig::default().origins(vec![origin]).rp_name("Recipe".to_owned())
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    log_to_stderr();
    let settings = Settings::read("account_management")?;
    let auth = on_the_database!(&settings, accounts);
    auth.spawn_purge(Duration::from_secs(600));
    let app = page::mount(auth.mount(Route::new()))
        .at("/dashboard", get(dashboard))
        .at("/danger", get(danger))
        .at("/admin", get(admin))
        .with(auth.clone());
    println!("Open http://{} and sign up.", settings.bind.replace("127.0.0.1", "localhost"));
    settings.serve(app, auth.drained()).await
}
