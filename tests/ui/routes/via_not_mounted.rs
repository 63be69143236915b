//! `Via` takes mounted transports only.

use crudauth::{CurrentUser, Superuser, Via, slice};

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

#[poem::handler]
async fn scripts(_: CurrentUser<Auth, Via<slice::Bearer>>) {}

#[poem::handler]
async fn administrators(_: CurrentUser<Auth, (Superuser, Via<slice::ApiKeys>)>) {}

fn main() {}
