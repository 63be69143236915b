//! Settings of passkeys belong to a mount with passkeys.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

fn main() {
    let _ = |pool: sqlx::SqlitePool| {
        let _ = Auth::builder(pool, "secret").passkeys(crudauth::PasskeyConfig::default());
    };
}
