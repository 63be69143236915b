//! An unknown argument is reported with a similar one, else with all that exist.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, sesion, email)]
struct Auth;

#[crudauth::routes(user = User, session, teleport)]
struct Other;

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
