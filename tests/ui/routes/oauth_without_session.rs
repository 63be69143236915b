//! A sign-in with a provider opens a session.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, bearer, oauth)]
struct Auth;

fn main() {}
