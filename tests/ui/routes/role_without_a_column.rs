//! `Role` needs a column that holds roles.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
    role: Option<String>,
}

#[crudauth::routes(user = User, session)]
struct Auth;

crudauth::roles! { Admin = "admin"; }

#[poem::handler]
async fn dashboard(_: crudauth::CurrentUser<Auth, crudauth::Role<Admin>>) {}

fn main() {}
