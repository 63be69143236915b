//! An identifier is a text.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: i64,
}

fn main() {}
