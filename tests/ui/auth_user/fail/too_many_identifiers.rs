//! A sign-in looks in each of them, so there are not many.

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
