//! Settings and the factor of `email_login` need the slice.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

#[poem::handler]
async fn handler(_: crudauth::CurrentUser<Auth, crudauth::Fresh<crudauth::factor::Email, 10>>) {}

fn main() {
    let _ = |pool: sqlx::SqlitePool| {
        let _ = Auth::builder(pool, "secret").email_login(crudauth::EmailLoginConfig::default());
    };
}
