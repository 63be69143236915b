//! Sign-in with an OpenID Connect provider, beside accounts with a password.
//!
//! Choose it if people should not need another password. Add a client at the provider, with the
//! callback `http://127.0.0.1:8000/oauth/oidc/callback`. Run it, open the address that it prints, and
//! press the button.
//!
//! ```sh
//! export OIDC_ISSUER=https://login.example.com OIDC_CLIENT_ID=my-app OIDC_CLIENT_SECRET=…
//! cargo run -p examples --example sign_in_with_oidc
//! ```
#![allow(clippy::print_stdout, reason = "a program prints to its terminal")]

use std::time::Duration;

use crudauth::email::BoxError;
use crudauth::oauth::Provider;
use crudauth::{AuthRow, AuthUser, Backend, CurrentUser, OAuthConfig};
use examples::{Settings, log_to_stderr, on_the_database, variable};
use poem::web::Json;
use poem::{EndpointExt, Route, get, handler};
use serde_json::{Value, json};

mod page;

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct User {
    id: i64,
    email: String,
    username: String,
}

#[crudauth::routes(user = User, session, oauth)]
struct Auth;

#[handler]
async fn dashboard(user: CurrentUser<Auth>) -> Json<Value> {
    Json(json!({ "id": user.id }))
}

/// The provider of the environment. It is asked at the first sign-in, so it may be down at the start.
fn provider() -> Provider {
    let text = |name: &str, default: &str| variable(name).unwrap_or_else(|| default.to_owned());
    let issuer = text("OIDC_ISSUER", "http://127.0.0.1:9000");
    Provider::oidc("oidc", issuer, text("OIDC_CLIENT_ID", "client"), text("OIDC_CLIENT_SECRET", ""))
}

/// Creates the tables and builds the mount on any database.
async fn accounts<DB>(pool: sqlx::Pool<DB>, settings: &Settings) -> Result<Auth, BoxError>
where
    DB: Backend,
    User: AuthRow<DB>,
{
    crudauth::migrations!(Auth).run(&pool).await?;
    let auth = Auth::builder(pool, settings.secret_key.as_str())
        .oauth(OAuthConfig::new(&settings.public_url).provider(provider()))
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
    let settings = Settings::read("sign_in_with_oidc")?;
    let auth = on_the_database!(&settings, accounts);
    auth.spawn_purge(Duration::from_secs(600));
    let app =
        page::mount(auth.mount(Route::new())).at("/dashboard", get(dashboard)).with(auth.clone());
    println!("Open {} and sign in.", settings.public_url);
    settings.serve(app, auth.drained()).await
}
