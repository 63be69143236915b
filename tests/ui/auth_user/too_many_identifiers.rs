//! A sign-in may query every identifier, so their number is limited.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
    username: String,
    phone: String,
    #[auth(identifier)]
    badge: String,
    #[auth(identifier)]
    desk: String,
}

fn main() {}
