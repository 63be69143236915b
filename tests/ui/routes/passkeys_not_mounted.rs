//! Passkeys need sessions, and their settings and gate a mount that names them.

use crudauth::{AuthUser, CurrentUser, Fresh, PasskeyConfig, factor};

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

#[poem::handler]
async fn proved(_: CurrentUser<Auth, Fresh<factor::Passkey, 5>>) {}

#[crudauth::routes(user = User, bearer, passkeys)]
struct Programs;

fn build(pool: sqlx::SqlitePool) {
    let _ = Auth::builder(pool, "secret").passkeys(PasskeyConfig::default());
}

fn main() {}
