//! No column stores the password of a sign-up.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
    #[auth(register)]
    password: String,
}

fn main() {}
