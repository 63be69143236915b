//! The app can read the library's columns, except for the hash, but sign-up cannot set them.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
struct User {
    id: i64,
    email: String,
    #[auth(register)]
    is_superuser: bool,
    #[auth(column = "IS_ACTIVE", register)]
    enabled: bool,
    #[auth(register)]
    token_version: i32,
    #[auth(default = true)]
    email_verified: bool,
    hashed_password: String,
    updated_at: i64,
}

#[derive(Clone, AuthUser)]
struct Other {
    #[auth(column = "auth_epoch")]
    id: i64,
    email: String,
}

fn main() {}
