//! The user struct needs its derive.

#[derive(Clone, Debug)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

fn main() {}
