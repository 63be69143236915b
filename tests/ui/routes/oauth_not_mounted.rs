//! Only a mounted slice can be configured.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

fn main() {
    let _ = |pool: sqlx::SqlitePool| {
        let settings = crudauth::OAuthConfig::new("https://app.example.com");
        Auth::builder(pool, "secret").oauth(settings).build()
    };
}
