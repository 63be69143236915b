//! No other argument applies to a skipped field.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
    #[auth(skip, register)]
    a: String,
    #[auth(column = "b", skip)]
    b: String,
    #[auth(skip, default = 1)]
    c: i64,
    #[auth(skip, username)]
    d: String,
}

fn main() {}
