//! Columns that cannot be erased, or not to this value.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct Misplaced {
    #[auth(erase)]
    id: i64,
    #[auth(erase)]
    email: String,
    #[auth(erase = false)]
    is_superuser: bool,
    #[auth(skip, erase)]
    seen: u8,
}

#[derive(Clone, AuthUser)]
struct Wrong {
    id: i64,
    email: String,
    #[auth(register, erase)]
    city: String,
    #[auth(erase = "none")]
    points: Option<i64>,
    #[auth(default = true, erase = 0)]
    is_new: bool,
    #[auth(unique, erase = "gone")]
    badge: Option<String>,
    #[auth(max_length = 3, erase = "gone")]
    rank: Option<String>,
    #[auth(erase = Plan::gone())]
    plan: Option<String>,
    #[auth(erase(false))]
    note: Option<String>,
}

fn main() {}
