//! What names an account is always there.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: Option<String>,
    #[auth(username)]
    login: std::option::Option<String>,
}

fn main() {}
