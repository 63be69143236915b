//! Sign-up must fill every column that is not an `Option`.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
    plan: String,
    r#type: i64,
}

fn main() {}
