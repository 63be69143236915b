//! Settings of `audit` need the slice.

use crudauth::{AuditConfig, AuthUser};

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

fn build(pool: sqlx::SqlitePool) {
    let _ = Auth::builder(pool, "secret").audit(AuditConfig::default());
}

fn main() {}
