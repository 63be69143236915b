//! An account needs a key.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    email: String,
}

#[derive(Clone, AuthUser)]
struct Skipped {
    #[auth(skip)]
    id: i64,
    email: String,
}

fn main() {}
