//! Providers must be configured.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session, oauth)]
struct Auth;

fn main() {
    let _ = async |pool: sqlx::SqlitePool| Auth::builder(pool, "secret").build().await.unwrap();
}
