//! `Any` takes a tuple of gates, and so does a sub-tree take a gate.

use crudauth::{Any, CurrentUser, Superuser, Verified};

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

#[poem::handler]
async fn not_a_tuple(_: CurrentUser<Auth, Any<Superuser>>) {}

#[poem::handler]
async fn not_a_gate(_: CurrentUser<Auth, Any<(Verified, String)>>) {}

fn sub_tree(auth: &Auth) {
    let _ = auth.guard::<String>(poem::Route::new());
}

fn main() {}
