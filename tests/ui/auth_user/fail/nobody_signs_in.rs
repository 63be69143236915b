//! Somebody must be able to sign in: one identifier is everybody's, and a login looks at it.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct Optional {
    id: i64,
    email: Option<String>,
    #[auth(username)]
    login: std::option::Option<String>,
}

#[derive(Clone, AuthUser)]
struct Unasked {
    id: i64,
    #[auth(no_login)]
    phone: String,
}

fn main() {}
