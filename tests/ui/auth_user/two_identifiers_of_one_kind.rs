//! An account has one identifier of each kind.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
    #[auth(email)]
    work: String,
}

#[derive(Clone, AuthUser)]
struct Other {
    id: i64,
    #[auth(username)]
    login: String,
    username: String,
}

fn main() {}
