//! An account has one recovery contact, to which messages can be sent.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct Named {
    id: i64,
    #[auth(recovery)]
    username: String,
    #[auth(register, recovery)]
    nick: String,
}

#[derive(Clone, AuthUser)]
struct Twice {
    id: i64,
    #[auth(recovery)]
    email: String,
    #[auth(recovery)]
    phone: String,
}

fn main() {}
