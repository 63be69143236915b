//! Gates: what somebody who is signed in must be, beside that.

use std::future::Future;

use crudauth_core::model::Recoverable;
use poem::Request;

use super::Principal;
use crate::http::Refusal;
use crate::mount::Mount;

/// A condition on whoever is signed in; the second parameter of
/// [`CurrentUser`](super::CurrentUser).
///
/// Gates compose as tuples, checked from left to right. An app's own is a type with an `async fn`:
///
/// ```ignore
/// struct Staff;
///
/// impl Gate<Auth> for Staff {
///     async fn check(who: &Principal<User>, _: &Request) -> Result<(), Refusal> {
///         if who.user().email.ends_with("@example.com") { Ok(()) } else { Err(Refusal::denied()) }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot guard a `CurrentUser<{A}>`",
    label = "not a gate of `{A}`",
    note = "gates are `Verified`, `Superuser`, tuples of gates, and your own `impl Gate<{A}>`"
)]
pub trait Gate<A: Mount>: Send + Sync + 'static {
    /// Lets somebody pass, or says why not.
    ///
    /// # Errors
    /// The refusal that the client gets.
    fn check(
        who: &Principal<A::User>,
        request: &Request,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;
}

/// Whoever is signed in passes.
impl<A: Mount> Gate<A> for () {
    async fn check(_: &Principal<A::User>, _: &Request) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Their recovery address is proved. Refuses with 403 `Recovery factor not verified`; does not
/// compile for a shape without such an address.
#[derive(Clone, Copy, Debug)]
pub struct Verified;

impl<A: Mount> Gate<A> for Verified
where
    A::User: Recoverable,
{
    async fn check(who: &Principal<A::User>, _: &Request) -> Result<(), Refusal> {
        if who.account().is_verified() { Ok(()) } else { Err(Refusal::not_verified()) }
    }
}

/// They are a superuser. Refuses with 403 `Insufficient privileges`.
#[derive(Clone, Copy, Debug)]
pub struct Superuser;

impl<A: Mount> Gate<A> for Superuser {
    async fn check(who: &Principal<A::User>, _: &Request) -> Result<(), Refusal> {
        if who.account().is_superuser() { Ok(()) } else { Err(Refusal::not_superuser()) }
    }
}

macro_rules! tuples {
    ($(($($gate:ident),+))*) => {$(
        impl<A: Mount, $($gate: Gate<A>),+> Gate<A> for ($($gate,)+) {
            async fn check(who: &Principal<A::User>, request: &Request) -> Result<(), Refusal> {
                $($gate::check(who, request).await?;)+
                Ok(())
            }
        }
    )*};
}
tuples! { (B) (B, C) (B, C, D) (B, C, D, E) }
