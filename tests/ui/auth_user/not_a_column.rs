//! A column needs a type that sqlx can store in the pool's database.

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
