//! A column belongs to one field. Databases ignore the case of its name.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
    username: String,
    #[auth(register)]
    nick: String,
    #[auth(column = "NICK")]
    handle: Option<String>,
    username_key: Option<String>,
}

fn main() {}
