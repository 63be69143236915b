//! The list of tokens needs tokens.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session, tokens)]
struct Auth;

fn main() {}
