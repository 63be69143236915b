//! An identifier is text.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: i64,
}

struct Address;

impl Clone for Address {
    fn clone(&self) -> Self {
        Self
    }
}

#[derive(Clone, AuthUser)]
struct Other {
    id: i64,
    email: Address,
}

fn main() {}
