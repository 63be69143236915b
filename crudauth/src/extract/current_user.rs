//! Handler arguments with the authenticated user.

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

/// The signed-in user. A handler with this argument requires authentication.
///
/// It names the mount, and dereferences to the user struct. Make it the **first** argument: poem
/// reads arguments in order, and an unauthenticated request should be refused before its body is
/// read.
///
/// It accepts the credentials of the owner: sessions, bearer tokens, and transports of the app's own
/// that [act for the owner](crate::Transport::acts_for_owner). An API key is accepted only if a gate
/// requires a [`Scope`](crate::Scope) or names its transport with [`Via`](crate::Via).
///
/// Any number of such arguments costs one look-up. A handler without one costs none.
///
/// # Refusals
/// In this order:
///
/// 1. 401 `Invalid token` or `Invalid API key` for a malformed credential
/// 2. 503 if the store cannot be reached
/// 3. 401 `Not authenticated`
/// 4. 403 `Missing CSRF token` or `Invalid CSRF token` for a session on an unsafe method
/// 5. the refusals of the gate `G`
///
/// A route that is not behind `.with(auth)` answers 500, and the log names the cause.
pub struct CurrentUser<A: Mount, G = ()> {
    principal: Arc<Principal<A::User>>,
    csrf: Option<String>,
    gate: PhantomData<fn() -> G>,
}

impl<A: Mount, G> CurrentUser<A, G> {
    /// The authenticated party: account, method and time of the sign-in, scopes.
    #[must_use]
    pub fn principal(&self) -> &Principal<A::User> {
        &self.principal
    }

    /// Key of the administrator who acts as the user, as text; `None` if the user acts. A page may
    /// show it, and [`NotImpersonated`](crate::NotImpersonated) refuses the administrator.
    #[must_use]
    pub fn impersonator(&self) -> Option<&str> {
        self.principal.impersonator()
    }

    /// The CSRF token of the session, for the hidden field `csrf_token` of a form in a page.
    ///
    /// `None` without a session, and without [`Builder::pages`](crate::Builder::pages).
    #[must_use]
    pub fn csrf_token(&self) -> Option<&str> {
        self.csrf.as_deref()
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
        let csrf = cell.csrf_of_page(request, &principal).await?;
        Ok(Self { principal, csrf, gate: PhantomData })
    }
}

/// The signed-in user, if there is one. A signed-in user must pass the gate `G`.
///
/// Use it instead of poem's `Option<CurrentUser<..>>`, which turns a missing CSRF token or an
/// unreachable store into `None`.
///
/// # Refusals
/// Those of [`CurrentUser`], without the 401 `Not authenticated`.
pub struct MaybeUser<A: Mount, G = ()> {
    principal: Option<Arc<Principal<A::User>>>,
    csrf: Option<String>,
    gate: PhantomData<fn() -> G>,
}

impl<A: Mount, G> MaybeUser<A, G> {
    /// The user, if one is signed in.
    #[must_use]
    pub fn user(&self) -> Option<&A::User> {
        self.principal().map(Principal::user)
    }

    /// The authenticated party: account, method and time of the sign-in, scopes.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal<A::User>> {
        self.principal.as_deref()
    }

    /// The CSRF token of the session, as in [`CurrentUser::csrf_token`].
    #[must_use]
    pub fn csrf_token(&self) -> Option<&str> {
        self.csrf.as_deref()
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
        let mut csrf = None;
        if let Some(principal) = &principal {
            G::check(&A::new(cell.mounted.clone()), principal, request).await?;
            csrf = cell.csrf_of_page(request, principal).await?;
        }
        Ok(Self { principal, csrf, gate: PhantomData })
    }
}

/// Converts a refusal, and reads the rest of the body so that the connection can be reused.
pub(super) async fn settled<T>(
    found: Result<T, Refusal>,
    request: &Request,
    body: &mut RequestBody,
) -> poem::Result<T> {
    match found {
        Ok(found) => Ok(found),
        Err(refusal) => {
            debug!(%refusal, "refused");
            // Behind a pointer: poem moves the future of every handler, and most requests pass.
            Box::pin(buffer_small(request, body)).await;
            Err(refusal.into())
        }
    }
}

/// Returns what the middleware has put into the request.
pub(super) fn cell<A: Mount>(request: &Request) -> Result<&RequestAuth<A::User>, Refusal> {
    request.extensions().get::<MountAuth<A>>().map(|found| &*found.cell).ok_or_else(|| {
        let mount = std::any::type_name::<A>();
        error!(mount, "a handler has a user argument, but its route is not behind `.with(auth)`");
        Refusal::internal()
    })
}
