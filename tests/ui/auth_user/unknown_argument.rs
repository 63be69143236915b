//! An unknown argument is reported with a similar one, and causes no further errors.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
#[auth(tabel = "users")]
struct User {
    id: i64,
    #[auth(emial)]
    address: String,
    #[auth(regster)]
    full_name: String,
    #[auth(secret)]
    note: String,
}

#[derive(Clone, AuthUser)]
#[auth(engine = "public")]
struct Admin {
    id: i64,
    email: String,
}

fn main() {}
