//! Sign-in by mail sends a mail, and opens a session.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, bearer, email_login)]
struct Auth;

fn main() {}
