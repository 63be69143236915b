//! The slice `oauth` needs an email address.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    username: String,
}

#[crudauth::routes(user = User, session, oauth)]
struct Auth;

fn main() {}
