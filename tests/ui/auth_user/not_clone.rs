//! A user struct is `Clone`. rustc's own error explains it.

use crudauth::AuthUser;

#[derive(AuthUser)]
struct User {
    id: i64,
    email: String,
}

fn main() {}
