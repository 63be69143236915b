//! The slice `recovery` needs a channel.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    username: String,
    phone: String,
}

#[crudauth::routes(user = User, session, recovery)]
struct Auth;

fn main() {
    let _ = |pool: sqlx::SqlitePool| Auth::builder(pool, "secret").build();
}
