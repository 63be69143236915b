//! A gate is a type that implements `Gate`.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

#[poem::handler]
async fn dashboard(_: crudauth::CurrentUser<Auth, String>) {}

fn main() {}
