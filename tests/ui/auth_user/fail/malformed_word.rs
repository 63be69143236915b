//! A word is of one form.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
#[auth(table)]
struct User {
    #[auth]
    id: i64,
    #[auth(register = true)]
    full_name: String,
    #[auth(column("mail"))]
    email: String,
    #[auth(column = username)]
    username: String,
    #[auth(register default)]
    plan: String,
}

fn main() {}
