//! Every account needs an identifier to sign in with.

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
