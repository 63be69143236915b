//! A scope is a type that `scopes!` declares.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, bearer)]
struct Auth;

struct Reports;

#[poem::handler]
async fn dashboard(_: crudauth::CurrentUser<Auth, crudauth::Scope<Reports>>) {}

fn main() {}
