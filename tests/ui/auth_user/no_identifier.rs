//! An account needs an identifier.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    nickname: Option<String>,
}

fn main() {}
