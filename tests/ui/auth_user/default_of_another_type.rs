//! A default must have the type of its column.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
    #[auth(default = 1)]
    plan: String,
    #[auth(default = "0")]
    points: i64,
    #[auth(default = 0)]
    is_beta: bool,
}

fn main() {}
