//! A misspelt scope is not a type.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, bearer)]
struct Auth;

crudauth::scopes! {
    pub ReportsRead = "reports:read";
}

#[poem::handler]
async fn dashboard(_: crudauth::CurrentUser<Auth, crudauth::Scope<ReportsReed>>) {}

fn main() {}
