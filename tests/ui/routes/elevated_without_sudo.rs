//! The gates for fresh proof need their slices.

use crudauth::{AuthUser, CurrentUser, Elevated, Fresh, MfaConfig, factor};

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

#[poem::handler]
async fn danger(_: CurrentUser<Auth, Elevated>) {}

#[poem::handler]
async fn proved(_: CurrentUser<Auth, Fresh<factor::Second, 5>>) {}

#[crudauth::routes(user = User, bearer, sudo)]
struct Programs;

fn build(pool: sqlx::SqlitePool) {
    let _ = Auth::builder(pool, "secret").mfa(MfaConfig::default());
}

fn main() {}
