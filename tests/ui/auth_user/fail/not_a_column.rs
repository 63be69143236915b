//! A column is what sqlx can store; which database is known where the pool is.

use crudauth::AuthUser;

#[derive(Clone, Debug, Default)]
struct Plan;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
    #[auth(default)]
    plan: Plan,
}

#[crudauth::routes(user = User, session)]
struct Auth;

fn main() {
    let _ = |pool: sqlx::SqlitePool| Auth::builder(pool, "secret").build();
}
