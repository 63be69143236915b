//! Accounts with a username and a password, and nothing else.
//!
//! Choose it if accounts have no address: games, kiosks, devices on a local network. There is no
//! column for an address and no route that recovers an account. An administrator resets passwords
//! with `auth.accounts()`.
//!
//! ```sh
//! cargo run -p examples --example username_only
//! ```

use std::time::Duration;

use crudauth::email::BoxError;
use crudauth::{AuthRow, AuthUser, Backend, CurrentUser};
use examples::{Settings, log_to_stderr, on_the_database};
use poem::web::Json;
use poem::{EndpointExt, Route, get, handler};
use serde_json::{Value, json};

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct User {
    id: i64,
    username: String,
    display_name: Option<String>,
}

#[crudauth::routes(user = User, session)]
struct Auth;

#[handler]
async fn dashboard(user: CurrentUser<Auth>) -> Json<Value> {
    Json(json!({ "id": user.id }))
}

/// A column that the app sets; it is NULL after sign-up.
#[handler]
async fn greeting(user: CurrentUser<Auth>) -> Json<Value> {
    Json(json!({ "hello": user.display_name.as_ref().unwrap_or(&user.username) }))
}

/// Creates the tables and builds the mount on any database.
async fn accounts<DB>(pool: sqlx::Pool<DB>, settings: &Settings) -> Result<Auth, BoxError>
where
    DB: Backend,
    User: AuthRow<DB>,
{
    crudauth::migrations!(User).run(&pool).await?;
    let auth = Auth::builder(pool, settings.secret_key.as_str())
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
    let settings = Settings::read("username_only")?;
    let auth = on_the_database!(&settings, accounts);
    auth.spawn_purge(Duration::from_secs(600));
    let app = auth
        .mount(Route::new())
        .at("/dashboard", get(dashboard))
        .at("/greeting", get(greeting))
        .with(auth.clone());
    settings.serve(app, auth.drained()).await
}
