//! Accounts in an existing table with its own column names.
//!
//! Choose it if the app already has users. The struct maps the existing columns, and `run` adds the
//! missing ones; it never drops, renames or narrows a column. Hashes of other software still verify
//! (those of crudauth-py by default, others with `legacy_hash`) and are replaced by argon2id at the
//! next sign-in.
//!
//! ```sh
//! cargo run -p examples --example existing_table
//! ```

use std::time::Duration;

use crudauth::email::BoxError;
use crudauth::{AuthRow, AuthUser, Backend, CurrentUser};
use examples::{Settings, log_to_stderr, on_the_database};
use poem::web::Json;
use poem::{EndpointExt, Route, get, handler};
use serde_json::{Value, json};

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "accounts", hashed_password = "pw_hash")]
struct Account {
    #[auth(column = "account_id")]
    id: i64,
    #[auth(column = "email_address")]
    email: String,
    #[auth(column = "login_name")]
    username: String,
    #[auth(default = 0)]
    loyalty_points: i64,
}

/// Without the `email` slice no mail is sent, so a taken address is reported like a taken username.
#[crudauth::routes(user = Account, session)]
struct Auth;

#[handler]
async fn dashboard(account: CurrentUser<Auth>) -> Json<Value> {
    Json(json!({ "id": account.id }))
}

#[handler]
async fn points(account: CurrentUser<Auth>) -> Json<Value> {
    Json(json!({ "loyalty_points": account.loyalty_points }))
}

/// Adds missing columns and tables and builds the mount on any database.
async fn accounts<DB>(pool: sqlx::Pool<DB>, settings: &Settings) -> Result<Auth, BoxError>
where
    DB: Backend,
    Account: AuthRow<DB>,
{
    crudauth::migrations!(Account).run(&pool).await?;
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
    let settings = Settings::read("existing_table")?;
    let auth = on_the_database!(&settings, accounts);
    auth.spawn_purge(Duration::from_secs(600));
    let app = auth
        .mount(Route::new())
        .at("/dashboard", get(dashboard))
        .at("/points", get(points))
        .with(auth.clone());
    settings.serve(app, auth.drained()).await
}
