//! A misspelt word is told with the one that was meant, and nothing that follows from it.

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

fn main() {}
