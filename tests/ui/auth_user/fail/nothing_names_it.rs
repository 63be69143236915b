//! An account is named by an address or a username.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    nickname: Option<String>,
}

fn main() {}
