//! Extractors name the mount, not the user struct.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[poem::handler]
async fn dashboard(_: crudauth::CurrentUser<User>) {}

fn main() {}
