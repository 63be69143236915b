//! Fields that an export has, or cannot have.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct Superfluous {
    id: i64,
    #[auth(export)]
    email: String,
    #[auth(skip, export)]
    seen: u8,
}

#[derive(Clone, Default, sqlx::Type)]
#[sqlx(transparent)]
struct Plan(String);

#[derive(Clone, AuthUser)]
struct Unwritable {
    id: i64,
    email: String,
    #[auth(default, export)]
    plan: Plan,
}

fn main() {}
