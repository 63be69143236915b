//! The slice `profile` needs a column that owners may change.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
    #[auth(register)]
    full_name: Option<String>,
}

#[crudauth::routes(user = User, session, profile)]
struct Auth;

fn main() {}
