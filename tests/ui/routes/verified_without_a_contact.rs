//! `Verified` needs a contact that can be verified.

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
