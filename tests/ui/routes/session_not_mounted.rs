//! Session settings belong to a mount with sessions.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, bearer)]
struct Auth;

fn main() {
    let _ = |pool: sqlx::SqlitePool| {
        let _ = Auth::builder(pool, "secret").session(crudauth::SessionConfig::default());
    };
}
