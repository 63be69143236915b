//! Passkeys need sessions.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, bearer, passkeys, email)]
struct Auth;

#[poem::handler]
async fn dashboard(user: crudauth::CurrentUser<Auth, crudauth::Verified>) -> String {
    user.principal().user();
    String::new()
}

fn main() {
    let _ = async |pool: sqlx::SqlitePool| {
        let settings = crudauth::EmailConfig::new(crudauth::PrintingSender, "https://example.com");
        let auth = Auth::builder(pool, "secret").email(settings).build().await.unwrap();
        let _ = poem::EndpointExt::with(auth.mount(poem::Route::new()), auth.clone());
    };
}
