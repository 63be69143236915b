//! Accounts with email, username and password: the recipe to start from.
//!
//! Choose it if users sign up by themselves and you can send them mail. Run it, open the address
//! that it prints, and sign up. Mails are printed to the terminal.
//!
//! ```sh
//! cargo run -p examples --example email_password
//! ```
#![allow(clippy::print_stdout, reason = "a program prints to its terminal")]

use std::time::Duration;

use crudauth::email::BoxError;
use crudauth::{AuthRow, AuthUser, Backend, CurrentUser, EmailConfig, MaybeUser, Verified};
use examples::{Settings, log_to_stderr, on_the_database};
use poem::web::Json;
use poem::{EndpointExt, Route, get, handler, post};
use serde_json::{Value, json};

mod page;

/// The columns that this app reads.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct User {
    id: i64,
    email: String,
    username: String,
    /// The only app column that a sign-up may set.
    #[auth(register)]
    full_name: Option<String>,
    #[auth(default = "free")]
    plan: String,
}

#[crudauth::routes(user = User, session, email)]
struct Auth;

#[handler]
async fn dashboard(user: CurrentUser<Auth>) -> Json<Value> {
    Json(json!({ "id": user.id }))
}

/// Requires a verified address.
#[handler]
async fn billing(_: CurrentUser<Auth, Verified>) -> Json<Value> {
    Json(json!({ "ok": true }))
}

#[handler]
async fn profile(user: CurrentUser<Auth>) -> Json<Value> {
    Json(json!({ "full_name": user.full_name, "plan": user.plan }))
}

/// Open to all clients; greets a signed-in user by name.
#[handler]
async fn greeting(user: MaybeUser<Auth>) -> Json<Value> {
    Json(json!({ "hello": user.user().map(|user| &user.username) }))
}

/// Changes data, so a session must send its CSRF token.
#[handler]
async fn note(_: CurrentUser<Auth>) -> Json<Value> {
    Json(json!({ "saved": true }))
}

#[handler]
async fn healthz() -> &'static str {
    "ok"
}

/// Creates the tables and builds the mount on any database.
async fn accounts<DB>(pool: sqlx::Pool<DB>, settings: &Settings) -> Result<Auth, BoxError>
where
    DB: Backend,
    User: AuthRow<DB>,
{
    crudauth::migrations!(User).run(&pool).await?;
    let auth = Auth::builder(pool, settings.secret_key.as_str())
        .email(EmailConfig::new(settings.sender(), &settings.frontend_url))
        .cookies(settings.cookies())
        .trusted_proxy_hops(settings.trusted_proxy_hops)
        .redis(settings.redis.clone())
        .build()
        .await?;
    Ok(auth)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    log_to_stderr();
    let settings = Settings::read("email_password")?;
    let auth = on_the_database!(&settings, accounts);
    auth.spawn_purge(Duration::from_secs(600));

    let app = page::mount(auth.mount(Route::new()))
        .at("/dashboard", get(dashboard))
        .at("/billing", get(billing))
        .at("/profile", get(profile))
        .at("/greeting", get(greeting))
        .at("/note", post(note).put(note).patch(note).delete(note))
        .at("/healthz", get(healthz))
        .with(auth.clone());
    println!("Open http://{} and sign up.", settings.bind);
    // Sends queued mails before the process ends, within a time limit.
    settings.serve(app, auth.drained()).await
}
