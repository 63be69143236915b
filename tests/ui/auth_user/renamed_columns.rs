//! A renamed column of the library is still the library's.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
#[auth(hashed_password = "pw_hash", is_superuser = "admin", verified = "confirmed")]
struct User {
    id: i64,
    email: String,
    pw_hash: String,
    #[auth(register)]
    admin: bool,
    #[auth(default = true)]
    confirmed: bool,
    #[auth(register)]
    is_superuser: bool,
}

#[derive(Clone, AuthUser)]
#[auth(hash = "pw", is_active, created_at = 5, updated_at = "changed", updated_at = "x y")]
struct Misspelt {
    id: i64,
    email: String,
}

#[derive(Clone, AuthUser)]
#[auth(created_at = "at", updated_at = "at", token_version = "a version")]
struct Doubled {
    id: i64,
    email: String,
}

fn main() {}
