//! Settings of `account` and `admin` need their slices.

use crudauth::{AccountConfig, AdminConfig, AuthUser};

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session, admin)]
struct Staff;

#[crudauth::routes(user = User, session, account)]
struct People;

#[crudauth::routes(user = User, account, admin)]
struct Nobody;

fn build(pool: sqlx::SqlitePool) {
    let _ = Staff::builder(pool.clone(), "secret").account(AccountConfig::default());
    let _ = People::builder(pool, "secret").admin(AdminConfig::default());
}

fn main() {}
