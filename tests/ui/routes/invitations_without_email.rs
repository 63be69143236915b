//! An invitation is a mail, and the mount needs a transport.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, invitations)]
struct Auth;

fn main() {}
