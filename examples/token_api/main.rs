//! An API for programs: access tokens with scopes, refresh tokens in the body, no cookie.
//!
//! Choose it for mobile apps, command lines and other servers, which store tokens by themselves.
//! Run it and request a token:
//!
//! ```sh
//! cargo run -p examples --example token_api
//! curl localhost:8000/register --json '{"email":"ada@example.com","username":"ada","password":"a-strong-one"}'
//! curl localhost:8000/token -d username=ada -d password=a-strong-one -d scope='reports:read reports:write'
//! curl localhost:8000/reports -H "Authorization: Bearer $ACCESS_TOKEN"
//! ```

use std::time::Duration;

use crudauth::email::BoxError;
use crudauth::{AuthRow, AuthUser, Backend, BearerConfig, CurrentUser, RefreshIn, Scope};
use examples::{Settings, log_to_stderr, on_the_database};
use poem::web::Json;
use poem::{EndpointExt, Route, get, handler};
use serde_json::{Value, json};

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct User {
    id: i64,
    email: String,
    username: String,
}

#[crudauth::routes(user = User, bearer)]
struct Auth;

crudauth::scopes! {
    ReportsRead = "reports:read";
    ReportsWrite = "reports:write";
}

#[handler]
async fn dashboard(user: CurrentUser<Auth>) -> Json<Value> {
    Json(json!({ "id": user.id }))
}

#[handler]
async fn reports(user: CurrentUser<Auth, Scope<ReportsRead>>) -> Json<Value> {
    Json(json!({ "scopes": user.principal().scopes() }))
}

#[handler]
async fn write_report(user: CurrentUser<Auth, Scope<ReportsWrite>>) -> Json<Value> {
    Json(json!({ "scopes": user.principal().scopes() }))
}

/// Scopes that a client gets by default and may request. Every account may have both here;
/// `Builder::scopes_for` decides per account.
fn tokens() -> BearerConfig {
    BearerConfig::default().default_scopes(ReportsRead).grantable_scopes(ReportsRead | ReportsWrite)
}

/// Creates the tables and builds the mount on any database.
async fn accounts<DB>(pool: sqlx::Pool<DB>, settings: &Settings) -> Result<Auth, BoxError>
where
    DB: Backend,
    User: AuthRow<DB>,
{
    crudauth::migrations!(User).run(&pool).await?;
    let auth = Auth::builder(pool, settings.secret_key.as_str())
        .bearer(tokens())
        .refresh_in(RefreshIn::Body)
        .trusted_proxy_hops(settings.trusted_proxy_hops)
        .redis(settings.redis.clone())
        .build()
        .await?;
    Ok(auth)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    log_to_stderr();
    let settings = Settings::read("token_api")?;
    let auth = on_the_database!(&settings, accounts);
    auth.spawn_purge(Duration::from_secs(600));
    let app = auth
        .mount(Route::new())
        .at("/dashboard", get(dashboard))
        .at("/reports", get(reports).post(write_report))
        .with(auth.clone());
    settings.serve(app, auth.drained()).await
}
