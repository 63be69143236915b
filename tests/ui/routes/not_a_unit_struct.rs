//! A mount is a unit struct.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Tuple(i64);

#[crudauth::routes(user = User, session)]
struct Named {
    a: i64,
}

#[crudauth::routes(user = User, session)]
enum Enum {
    A,
}

#[crudauth::routes(user = User, session)]
struct Generic<T>;

#[crudauth::routes(user = User, session)]
fn function() {}

#[crudauth::routes(user = User, session)]
mod module {}

#[crudauth::routes(user = User, session, email)]
struct Auth {}

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
