//! The key is generated and sign-up always sets identifiers, so no other
//! argument may fill them.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    #[auth(register)]
    id: i64,
    #[auth(register)]
    email: String,
    #[auth(default = "nobody")]
    username: String,
}

#[derive(Clone, AuthUser)]
struct Other {
    #[auth(default)]
    id: i64,
    #[auth(email, username)]
    login: String,
}

fn main() {}
