//! The pool is of a database that the library knows.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

fn main() {
    let _ = |pool: sqlx::Pool<sqlx::Any>| Auth::builder(pool, "secret").build();
}
