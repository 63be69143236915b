//! The slice `email_login` needs an email address.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    username: String,
}

#[crudauth::routes(user = User, session, email, email_login)]
struct Auth;

fn main() {}
