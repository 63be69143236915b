//! What only rustc can tell about a default, it tells at the default.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
    #[auth(default = String::new())]
    level: i32,
}

fn main() {}
