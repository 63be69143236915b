//! An account has one key.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    #[auth(id)]
    number: i64,
    email: String,
}

#[derive(Clone, AuthUser)]
struct Other {
    #[auth(id)]
    number: i64,
    id: i64,
    email: String,
}

fn main() {}
