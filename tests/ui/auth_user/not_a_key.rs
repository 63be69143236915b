//! A key is an integer, a UUID or a string.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: f64,
    email: String,
}

#[derive(Clone, AuthUser)]
struct Other {
    id: Option<i64>,
    email: String,
}

fn main() {}
