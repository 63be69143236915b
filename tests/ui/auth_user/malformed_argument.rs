//! Each argument has one form.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
#[auth(table)]
struct User {
    #[auth = "id"]
    id: i64,
    #[auth(register = true)]
    full_name: String,
    #[auth(column("mail"))]
    email: String,
    #[auth(column = username)]
    username: String,
    #[auth(register default)]
    plan: String,
    #[auth("note")]
    note: Option<String>,
    #[auth(skip())]
    seen: u128,
    #[auth(default("de"))]
    language: String,
}

fn main() {}
