//! Sessions have no scopes, so no request could pass the gate.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

crudauth::scopes! {
    pub ReportsRead = "reports:read";
}

#[poem::handler]
async fn dashboard(_: crudauth::CurrentUser<Auth, crudauth::Scope<ReportsRead>>) {}

fn main() {}
