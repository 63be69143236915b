//! The slice `invitations` needs an email address.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    username: String,
}

#[crudauth::routes(user = User, session, email, invitations)]
struct Auth;

fn main() {}
