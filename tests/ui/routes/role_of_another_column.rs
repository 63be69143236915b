//! A text holds roles with names, an integer those with bits, and a type of the app its own.

use crudauth::{CurrentUser, Role};

#[derive(Clone, Debug, sqlx::Type)]
#[sqlx(transparent)]
struct Rank(String);

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
    #[auth(role)]
    role: Option<String>,
}

#[crudauth::routes(user = User, session)]
struct Auth;

crudauth::roles! { Admin = 1; }

#[poem::handler]
async fn dashboard(_: CurrentUser<Auth, Role<Admin>>) {}

#[derive(Clone, Debug, crudauth::AuthUser)]
struct Member {
    id: i64,
    email: String,
    #[auth(role)]
    rank: Option<Rank>,
}

#[crudauth::routes(user = Member, session)]
struct Members;

#[poem::handler]
async fn ranked(_: CurrentUser<Members, Role<Admin>>) {}

fn main() {}
