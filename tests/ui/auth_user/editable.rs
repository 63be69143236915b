//! Columns that owners cannot change.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct Protected {
    #[auth(editable)]
    id: i64,
    #[auth(editable)]
    email: String,
    #[auth(editable)]
    updated_at: Option<String>,
    #[auth(role, editable)]
    role: Option<String>,
    #[auth(skip, editable)]
    seen: u8,
}

#[derive(Clone, sqlx::Type)]
#[sqlx(transparent)]
struct Plan(String);

#[derive(Clone, AuthUser)]
struct Unreadable {
    id: i64,
    email: String,
    #[auth(editable)]
    plan: Option<Plan>,
}

fn main() {}
