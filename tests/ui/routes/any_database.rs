//! A function over any pool needs a database that crudauth supports.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

fn wire<DB: sqlx::Database>(pool: sqlx::Pool<DB>) {
    let _ = Auth::builder(pool, "secret");
}

fn main() {}
