//! Nobody can be verified without an address.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    username: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

#[poem::handler]
async fn dashboard(_: crudauth::CurrentUser<Auth, crudauth::Verified>) {}

fn main() {}
