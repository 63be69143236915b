//! `Via` takes transports only.

use crudauth::{CurrentUser, Via, slice};

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session, sessions)]
struct Auth;

#[poem::handler]
async fn dashboard(_: CurrentUser<Auth, Via<slice::Sessions>>) {}

fn main() {}
