//! The handler arguments.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use poem::{FromRequest, Request, RequestBody};
use tracing::{debug, error};

use super::request_auth::{MountAuth, RequestAuth};
use crate::gate::Gate;
use crate::gate::is_admitted;
use crate::http::Refusal;
use crate::http::body::buffer_small;
use crate::mount::Mount;
use crate::transport::Principal;

/// Whoever is signed in: a handler with this argument is for them only.
///
/// It names the mount, and dereferences to the user struct. Make it the **first** argument: poem
/// reads arguments in order, and a stranger should be refused before the body is read.
///
/// It opens to the owner's own credentials: sessions, bearer tokens, and transports of the app's own
/// that [act for the owner](crate::Transport::acts_for_owner). A program that has an API key passes
/// only where a gate asks for its [`Scope`](crate::Scope) or for its transport by
/// [`Via`](crate::Via).
///
/// However many arguments ask, the request costs one look-up; a handler that asks for nobody costs
/// none.
///
/// # Refusals
/// In this order: 401 `Invalid token` or `Invalid API key` for a credential that is none, and 503 for
/// one that could not be looked up; 401 `Not authenticated`; for a
/// session on an unsafe method 403 `Missing CSRF token` or `Invalid CSRF token`; what the gate `G`
/// says; 503 if the store cannot be reached. A route that is not behind `.with(auth)` is a 500, and
/// the log says so.
pub struct CurrentUser<A: Mount, G = ()> {
    principal: Arc<Principal<A::User>>,
    gate: PhantomData<fn() -> G>,
}

impl<A: Mount, G> CurrentUser<A, G> {
    /// Who it is, and how they proved it.
    #[must_use]
    pub fn principal(&self) -> &Principal<A::User> {
        &self.principal
    }
}

impl<A: Mount, G> Deref for CurrentUser<A, G> {
    type Target = A::User;

    fn deref(&self) -> &A::User {
        self.principal.user()
    }
}

impl<A: Mount, G> fmt::Debug for CurrentUser<A, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CurrentUser").field(self.principal.account()).finish()
    }
}

impl<'a, A: Mount, G: Gate<A>> FromRequest<'a> for CurrentUser<A, G> {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        settled(Self::of(request).await, request, body).await
    }
}

impl<A: Mount, G: Gate<A>> CurrentUser<A, G> {
    async fn of(request: &Request) -> Result<Self, Refusal> {
        let cell = cell::<A>(request)?;
        let principal = cell.signed_in(request, is_admitted::<A, G>).await?;
        G::check(&A::new(cell.mounted.clone()), &principal, request).await?;
        Ok(Self { principal, gate: PhantomData })
    }
}

/// Whoever is signed in, if anybody is. Whoever is must pass the gate `G`.
///
/// Use it instead of `Option<CurrentUser<..>>`, which poem makes of every argument: that one turns
/// a missing CSRF token, or a store that is down, into "nobody".
///
/// # Refusals
/// As [`CurrentUser`], but for the 401 `Not authenticated`.
pub struct MaybeUser<A: Mount, G = ()> {
    principal: Option<Arc<Principal<A::User>>>,
    gate: PhantomData<fn() -> G>,
}

impl<A: Mount, G> MaybeUser<A, G> {
    /// The user, if somebody is signed in.
    #[must_use]
    pub fn user(&self) -> Option<&A::User> {
        self.principal().map(Principal::user)
    }

    /// Who it is, and how they proved it.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal<A::User>> {
        self.principal.as_deref()
    }
}

impl<A: Mount, G> fmt::Debug for MaybeUser<A, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let account = self.principal().map(Principal::account);
        f.debug_tuple("MaybeUser").field(&account).finish()
    }
}

impl<'a, A: Mount, G: Gate<A>> FromRequest<'a> for MaybeUser<A, G> {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        settled(Self::of(request).await, request, body).await
    }
}

impl<A: Mount, G: Gate<A>> MaybeUser<A, G> {
    async fn of(request: &Request) -> Result<Self, Refusal> {
        let cell = cell::<A>(request)?;
        let principal = cell.maybe(request, is_admitted::<A, G>).await?;
        if let Some(principal) = &principal {
            G::check(&A::new(cell.mounted.clone()), principal, request).await?;
        }
        Ok(Self { principal, gate: PhantomData })
    }
}

/// A refusal leaves the connection fit for the next request.
async fn settled<T>(
    found: Result<T, Refusal>,
    request: &Request,
    body: &mut RequestBody,
) -> poem::Result<T> {
    match found {
        Ok(found) => Ok(found),
        Err(refusal) => {
            debug!(%refusal, "refused");
            buffer_small(request, body).await;
            Err(refusal.into())
        }
    }
}

/// The cell that the middleware has put into the request.
fn cell<A: Mount>(request: &Request) -> Result<&RequestAuth<A::User>, Refusal> {
    request.extensions().get::<MountAuth<A>>().map(|found| &*found.cell).ok_or_else(|| {
        let mount = std::any::type_name::<A>();
        error!(mount, "a handler asks for its user, but the route is not behind `.with(auth)`");
        Refusal::internal()
    })
}
