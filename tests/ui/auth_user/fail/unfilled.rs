//! A sign-up leaves no column without a value.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
    plan: String,
    r#type: i64,
}

fn main() {}
