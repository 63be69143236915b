//! The slice `email` needs an email address.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    username: String,
}

#[crudauth::routes(user = User, session, email)]
struct Auth;

fn main() {}
