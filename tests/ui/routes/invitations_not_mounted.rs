//! Settings of `invitations` need the slice.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

fn main() {
    let _ = |pool: sqlx::SqlitePool| {
        let _ = Auth::builder(pool, "secret").invitations(crudauth::InvitationConfig::default());
    };
}
