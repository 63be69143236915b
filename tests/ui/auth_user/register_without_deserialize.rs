//! A field with `register` must be readable by serde.

use crudauth::AuthUser;

#[derive(Clone, Debug, sqlx::Type)]
#[sqlx(transparent)]
struct Plan(String);

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
    #[auth(register)]
    plan: Plan,
}

fn main() {}
