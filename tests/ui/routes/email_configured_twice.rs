//! A slice is configured once.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session, email)]
struct Auth;

fn main() {
    let _ = |pool: sqlx::SqlitePool| {
        let settings =
            || crudauth::EmailConfig::new(crudauth::PrintingSender, "https://example.com");
        Auth::builder(pool, "secret").email(settings()).email(settings()).build()
    };
}
