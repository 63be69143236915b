//! The slice `username` needs a username.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session, username)]
struct Auth;

fn main() {}
