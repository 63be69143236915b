//! `register` and `default` exclude each other.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
    #[auth(register, default = "free")]
    plan: String,
}

fn main() {}
