//! Arguments about comparison and recovery apply to identifiers only, and identifiers are text.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct Exact {
    id: i64,
    #[auth(exact)]
    email: String,
    #[auth(exact, key = "username_lower")]
    username: String,
    #[auth(identifier, unique)]
    number: String,
    #[auth(register, no_login)]
    nick: String,
    #[auth(default, key = "nick_key")]
    note: String,
}

#[derive(Clone, AuthUser)]
struct Keys {
    id: i64,
    #[auth(key = "e-mail")]
    email: String,
    #[auth(key = "is_active")]
    username: String,
}

#[derive(Clone, AuthUser)]
struct Typed {
    id: i64,
    phone: i64,
    #[auth(identifier)]
    number: u32,
}

fn main() {}
