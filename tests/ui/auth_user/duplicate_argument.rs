//! An argument is given once.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
#[auth(table = "users", table = "people")]
struct User {
    id: i64,
    email: String,
    #[auth(register, register)]
    full_name: String,
    #[auth(column = "a")]
    #[auth(column = "b")]
    #[auth(default = 1, default)]
    points: i64,
}

fn main() {}
