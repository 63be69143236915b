//! A gate that wants a role of the app.

use crudauth_core::model::RoleHolder;
use poem::Request;

use super::{Gate, Named};
use crate::http::Refusal;
use crate::mount::Mount;
use crate::transport::Principal;

/// Requires the role `R` in the app's column with `#[auth(role)]`. Refuses with 403 `Insufficient
/// privileges`.
///
/// The column is loaded with the account, so the gate costs no query, and a change of the row counts
/// at the next request. Does not compile for a user struct without a role column, or for a column
/// that [cannot hold](crate::HasRole) the role.
///
/// ```
/// # use crudauth::{AuthUser, CurrentUser, Role};
/// crudauth::roles! {
///     pub Editor = "editor";
///     pub Admin = "admin";
/// }
///
/// #[derive(Clone, Debug, AuthUser)]
/// struct User {
///     id: i64,
///     email: String,
///     #[auth(role)]
///     roles: Option<String>, // "editor", or "editor,admin"
/// }
///
/// # #[crudauth::routes(user = User, session)]
/// # struct Auth;
/// #[poem::handler]
/// async fn publish(_: CurrentUser<Auth, Role<Editor>>) {}
/// ```
///
/// No route sets a role; run `UPDATE users SET roles = 'admin' WHERE …`. Outside of gates,
/// [`Account::has_role`](crate::Account::has_role) checks for one, for example in
/// [`scopes_for`](crate::Builder::scopes_for).
#[derive(Debug)]
pub struct Role<R>(Named<R>);

impl<A: Mount, R: 'static> Gate<A> for Role<R>
where
    A::User: RoleHolder<R>,
{
    async fn check(_: &A, who: &Principal<A::User>, _: &Request) -> Result<(), Refusal> {
        if who.account().has_role::<R>() { Ok(()) } else { Err(Refusal::missing_role()) }
    }
}
