//! No column holds a password as it was typed.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
    #[auth(register)]
    password: String,
}

fn main() {}
