//! The same accounts for a browser, a single-page app and a script.
//!
//! Choose it if users sign in on your pages and their programs call the same routes. The session
//! cookie is tried first, then an access token. Requests that change data need a CSRF token if they
//! are authenticated by the cookie. A route that is narrowed to tokens ignores the cookie.
//!
//! ```sh
//! cargo run -p examples --example web_and_api
//! curl localhost:8000/register --json '{"email":"ada@example.com","username":"ada","password":"a-strong-one"}'
//! curl localhost:8000/token -d username=ada -d password=a-strong-one -d scope=reports:write
//! curl localhost:8000/api-keys -H "Authorization: Bearer $ACCESS_TOKEN" --json '{"name":"cron","scopes":["reports:write"]}'
//! curl localhost:8000/import -X POST -H "X-API-Key: $KEY"
//! ```

use std::time::Duration;

use crudauth::email::BoxError;
use crudauth::{
    ApiKeyConfig, AuthRow, AuthUser, Backend, BearerConfig, CurrentUser, EmailConfig, Scope, Via,
    slice,
};
use examples::{Settings, log_to_stderr, on_the_database};
use poem::web::Json;
use poem::{EndpointExt, Route, get, handler, post};
use serde_json::{Value, json};

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct User {
    id: i64,
    email: String,
    username: String,
}

/// Credentials are tried in this order.
#[crudauth::routes(user = User, session, bearer, api_keys, email)]
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
async fn whoami(user: CurrentUser<Auth>) -> Json<Value> {
    Json(json!({ "id": user.id, "transport": user.principal().method().as_str() }))
}

/// Changes data, so a session must send its CSRF token. A token needs none: another site cannot
/// send it.
#[handler]
async fn note(user: CurrentUser<Auth>) -> Json<Value> {
    Json(json!({ "transport": user.principal().method().as_str() }))
}

/// For programs: the session cookie is ignored.
#[handler]
async fn api_only(user: CurrentUser<Auth, Via<slice::Bearer>>) -> Json<Value> {
    Json(json!({ "transport": user.principal().method().as_str() }))
}

/// For programs that may write reports, by access token or API key.
#[handler]
async fn import(
    user: CurrentUser<Auth, (Via<slice::Bearer, slice::ApiKeys>, Scope<ReportsWrite>)>,
) -> Json<Value> {
    Json(json!({ "transport": user.principal().method().as_str() }))
}

/// Scopes that a client gets by default and may request. Refresh tokens are in a cookie that
/// scripts cannot read.
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
        .api_keys(ApiKeyConfig::default().grantable_scopes(ReportsRead | ReportsWrite))
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
    let settings = Settings::read("web_and_api")?;
    let auth = on_the_database!(&settings, accounts);
    auth.spawn_purge(Duration::from_secs(600));
    let app = auth
        .mount(Route::new())
        .at("/dashboard", get(dashboard))
        .at("/whoami", get(whoami))
        .at("/note", post(note))
        .at("/api-only", get(api_only))
        .at("/import", post(import))
        .with(auth.clone());
    settings.serve(app, auth.drained()).await
}
