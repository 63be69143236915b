//! Names are plain, so that no database needs a second look.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
#[auth(table = "my users")]
struct User {
    id: i64,
    #[auth(column = "e-mail")]
    email: String,
    #[auth(column = "2fa")]
    factor: Option<String>,
    größe: Option<i64>,
}

#[derive(Clone, AuthUser)]
struct Schüler {
    id: i64,
    email: String,
}

fn main() {}
