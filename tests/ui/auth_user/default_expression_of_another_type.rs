//! rustc checks the expression of a default, and points at it.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
    #[auth(default = String::new())]
    level: i32,
}

fn main() {}
