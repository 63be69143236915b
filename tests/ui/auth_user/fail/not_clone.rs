//! A user struct is `Clone`; rustc says it better than we could.

use crudauth::AuthUser;

#[derive(AuthUser)]
struct User {
    id: i64,
    email: String,
}

fn main() {}
