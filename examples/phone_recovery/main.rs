//! Accounts that are recovered by phone.
//!
//! Choose it if users have a phone number and no email address. The flows are those of the `email`
//! slice: the number is verified, a password is reset, and answers do not reveal which accounts
//! exist. The app delivers the messages. This recipe prints them; yours would call a text message
//! provider. The number is optional and not used to sign in.
//!
//! ```sh
//! cargo run -p examples --example phone_recovery
//! ```

use std::time::Duration;

use crudauth::email::BoxError;
use crudauth::{AuthRow, AuthUser, Backend, CurrentUser, RecoveryConfig, Verified};
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

/// Requires a verified number.
#[handler]
async fn billing(_: CurrentUser<Auth, Verified>) -> Json<Value> {
    Json(json!({ "ok": true }))
}

/// Creates the tables and builds the mount on any database.
async fn accounts<DB>(pool: sqlx::Pool<DB>, settings: &Settings) -> Result<Auth, BoxError>
where
    DB: Backend,
    User: AuthRow<DB>,
{
    crudauth::migrations!(User).run(&pool).await?;
    let auth = Auth::builder(pool, settings.secret_key.as_str())
        .recovery(RecoveryConfig::new(settings.sender()))
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
