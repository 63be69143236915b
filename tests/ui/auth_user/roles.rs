//! Columns that cannot hold roles.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct Chosen {
    id: i64,
    email: String,
    #[auth(role, register)]
    role: String,
}

#[derive(Clone, AuthUser)]
struct Two {
    id: i64,
    email: String,
    #[auth(role)]
    role: Option<String>,
    #[auth(role)]
    rank: Option<i64>,
}

#[derive(Clone, AuthUser)]
struct NotOwn {
    id: i64,
    #[auth(role)]
    email: String,
    #[auth(skip, role)]
    rank: i64,
}

#[derive(Clone, AuthUser)]
struct Library {
    id: i64,
    email: String,
    #[auth(role)]
    is_superuser: bool,
}

fn main() {}
