//! A gate that opens to one of several conditions.

use std::future::Future;

use poem::Request;

use super::{Admission, Gate, Named};
use crate::http::Refusal;
use crate::mount::Mount;
use crate::transport::{AuthMethod, Principal};

/// Requires one of up to four gates: `Any<(Superuser, Scope<ReportsRead>)>`. Refuses as the first gate
/// does for which the credential counts.
///
/// Each gate decides by itself which credentials count. The gate above opens to the session of a
/// superuser and to an API key with the scope, and not to the key of a superuser without it.
#[derive(Debug)]
pub struct Any<G>(Named<G>);

impl<A: Mount, G: Gates<A>> Gate<A> for Any<G> {
    fn admits(transport: AuthMethod) -> Admission {
        G::admits_any(transport)
    }

    async fn check(auth: &A, who: &Principal<A::User>, request: &Request) -> Result<(), Refusal> {
        let mut transports = auth.mounted().parts().transports.iter();
        match transports.find(|transport| transport.method() == who.method()) {
            Some(one) => G::check_any(auth, who, request, one.acts_for_owner()).await,
            None => Err(Refusal::denied()),
        }
    }
}

/// A tuple of gates for [`Any`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tuple of gates of `{A}`",
    label = "expected two to four gates",
    note = "name the gates in a tuple: `Any<(Superuser, Scope<ReportsRead>)>`"
)]
pub trait Gates<A: Mount>: Send + Sync + 'static {
    /// Whether credentials of that transport count for one of the gates.
    #[doc(hidden)]
    fn admits_any(transport: AuthMethod) -> Admission;

    /// Checks the gates for which the credential counts, until one opens.
    #[doc(hidden)]
    fn check_any(
        auth: &A,
        who: &Principal<A::User>,
        request: &Request,
        acts_for_owner: bool,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;
}

/// One gate decides for the transport if another one ignores it.
const fn either(one: Admission, other: Admission) -> Admission {
    match (one, other) {
        (Admission::Accept, _) | (_, Admission::Accept) => Admission::Accept,
        (Admission::Default, _) | (_, Admission::Default) => Admission::Default,
        (Admission::Ignore, Admission::Ignore) => Admission::Ignore,
    }
}

macro_rules! alternatives {
    ($(($($gate:ident),+))*) => {$(
        impl<A: Mount, $($gate: Gate<A>),+> Gates<A> for ($($gate,)+) {
            fn admits_any(transport: AuthMethod) -> Admission {
                let mut admission = Admission::Ignore;
                $(admission = either(admission, $gate::admits(transport));)+
                admission
            }

            async fn check_any(
                auth: &A,
                who: &Principal<A::User>,
                request: &Request,
                acts_for_owner: bool,
            ) -> Result<(), Refusal> {
                let mut refusal = None;
                $(if $gate::admits(who.method()).is_granted(acts_for_owner) {
                    match $gate::check(auth, who, request).await {
                        Ok(()) => return Ok(()),
                        Err(error) => refusal = refusal.or(Some(error)),
                    }
                })+
                Err(refusal.unwrap_or_else(Refusal::denied))
            }
        }
    )*};
}
alternatives! { (B, C) (B, C, D) (B, C, D, E) }
