//! The key cannot be the name that people sign in with.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct Marked {
    #[auth(id, username, exact)]
    name: String,
}

#[derive(Clone, AuthUser)]
struct Named {
    #[auth(id)]
    username: String,
}

#[derive(Clone, AuthUser)]
struct Called {
    #[auth(identifier)]
    id: String,
}

fn main() {}
