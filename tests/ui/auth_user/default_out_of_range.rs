//! An integer default must fit into 64 bits.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
    #[auth(default = 9_223_372_036_854_775_808)]
    limit: i64,
}

fn main() {}
