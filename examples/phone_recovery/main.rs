//! Accounts that are recovered over the phone.
//!
//! You want this one when people have a number rather than an address: the flows are those of the
//! `email` slice - proving the number, choosing a new password, silence about who has an account -
//! and what carries the messages is yours: here whatever prints them, in your app a provider of
//! text messages. The number is optional, and nobody signs in by it.
//!
//! ```sh
//! cargo run -p examples --example phone_recovery
//! ```

use std::time::Duration;

use crudauth::email::BoxError;
use crudauth::{AuthRow, AuthUser, Backend, CurrentUser, RecoveryConfig, Stores, Verified};
use examples::{Settings, log_to_stderr, on_the_database};
use poem::web::Json;
use poem::{EndpointExt, Route, get, handler};
use serde_json::{Value, json};

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct User {
    id: i64,
    username: String,
    #[auth(no_login)]
    phone: Option<String>,
}

#[crudauth::routes(user = User, session, recovery)]
struct Auth;

#[handler]
async fn dashboard(user: CurrentUser<Auth>) -> Json<Value> {
    Json(json!({ "id": user.id }))
}

/// Only for people who have proved their number.
#[handler]
async fn billing(_: CurrentUser<Auth, Verified>) -> Json<Value> {
    Json(json!({ "ok": true }))
}

/// Makes the tables and wires the mount, on whatever database the pool is for.
async fn accounts<DB>(pool: sqlx::Pool<DB>, settings: &Settings) -> Result<Auth, BoxError>
where
    DB: Backend + Stores<i64>,
    User: AuthRow<DB>,
{
    crudauth::migrations!(User).run(&pool).await?;
    let auth = Auth::builder(pool, settings.secret_key.as_str())
        .recovery(RecoveryConfig::new(settings.sender()))
        .cookies(settings.cookies())
        .trusted_proxy_hops(settings.trusted_proxy_hops)
        .build()
        .await?;
    Ok(auth)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    log_to_stderr();
    let settings = Settings::read("phone_recovery")?;
    let auth = on_the_database!(&settings, accounts);
    auth.spawn_purge(Duration::from_secs(600));
    let app = auth
        .mount(Route::new())
        .at("/dashboard", get(dashboard))
        .at("/billing", get(billing))
        .with(auth.clone());
    settings.serve(app, auth.drained()).await
}
