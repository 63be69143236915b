//! Only text has a maximum length.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    #[auth(max_length = 5)]
    id: i64,
    #[auth(max_length = 0)]
    email: String,
    #[auth(max_length = "64")]
    username: String,
    #[auth(register, max_length = 5)]
    age: i64,
    #[auth(register, max_length = 70000)]
    bio: String,
    #[auth(max_length)]
    note: Option<String>,
    #[auth(unique)]
    is_superuser: bool,
}

fn main() {}
