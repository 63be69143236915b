//! `email` and `recovery` exclude each other.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session, email, recovery)]
struct Auth;

fn main() {}
