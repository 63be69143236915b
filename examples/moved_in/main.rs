//! Accounts in an unchanged Django database.
//!
//! Choose it if another framework has created the users; the guide's page `moving` has the struct
//! for nine of them. `run` adds columns and tables, and Django goes on working with its own. Its
//! users sign in with their passwords, whose hashes are replaced by argon2id.
//!
//! ```sh
//! sqlite3 moved_in.db < tests/fixtures/django/sqlite.sql   # or the database of a Django app
//! cargo run -p examples --example moved_in
//! ```

use std::time::Duration;

use crudauth::email::BoxError;
use crudauth::legacy::Pbkdf2;
use crudauth::{AuthRow, AuthUser, Backend, CurrentUser, EmailConfig};
use examples::{Settings, log_to_stderr, on_the_database};
use poem::web::Json;
use poem::{EndpointExt, Route, get, handler};
use serde_json::{Value, json};

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "auth_user", hashed_password = "password", created_at = "date_joined")]
struct User {
    id: i64,
    username: String,
    #[auth(blank_is_null)]
    email: Option<String>,
    #[auth(default = "")]
    first_name: String,
    #[auth(default = "")]
    last_name: String,
    #[auth(default = false)]
    is_staff: bool,
}

#[crudauth::routes(user = User, session, email)]
struct Auth;

#[handler]
async fn dashboard(user: CurrentUser<Auth>) -> Json<Value> {
    Json(json!({ "id": user.id, "name": format!("{} {}", user.first_name, user.last_name).trim() }))
}

/// Members of the staff, who may open Django's admin pages.
#[handler]
async fn staff(user: CurrentUser<Auth>) -> Json<Value> {
    Json(json!({ "is_staff": user.is_staff }))
}

/// Adds missing columns and tables and builds the mount on any database.
async fn accounts<DB>(pool: sqlx::Pool<DB>, settings: &Settings) -> Result<Auth, BoxError>
where
    DB: Backend,
    User: AuthRow<DB>,
{
    crudauth::migrations!(User).run(&pool).await?;
    let auth = Auth::builder(pool, settings.secret_key.as_str())
        .legacy_hash(Pbkdf2::default().iterations(1_000_000)) // of Django 5.2
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
    let settings = Settings::read("moved_in")?;
    let auth = on_the_database!(&settings, accounts);
    auth.spawn_purge(Duration::from_secs(600));
    let app = auth
        .mount(Route::new())
        .at("/dashboard", get(dashboard))
        .at("/staff", get(staff))
        .with(auth.clone());
    settings.serve(app, auth.drained()).await
}
