//! Names of tables and columns must be plain, so that no database needs quotes.

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
