//! Transports: by what a request can prove who sends it. A mount has several, in an order, and the
//! first that recognises somebody decides.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crudauth_core::model::AuthUser;
use futures_util::future::BoxFuture;
use poem::Request;

use crate::http::Refusal;
use crate::mount::Mounted;

mod api_key;
mod authorization;
mod bearer;
mod principal;
mod session;

pub(crate) use authorization::Authorization;
pub use principal::{Principal, Proof};

/// A way to prove who sends a request: the words `session`, `bearer` and `api_keys` of
/// `#[crudauth::routes(..)]`, and an app's own by `transport = Certificate`.
///
/// They are tried in the order of the words. A credential is
///
/// - absent (`Ok(None)`): there is none, or it is dead - expired, ended, of nobody. The next
///   transport is tried; if there is none, the request is nobody's;
/// - found (`Ok(Some(_))`): its owner acts, and the other transports are not looked at. A disabled
///   account's is absent, whatever a transport says;
/// - broken (`Err(_)`): it is none of ours, or could not be looked up. That ends the matter, also
///   where nobody would do.
///
/// Who writes one has to see to what the library sees to for its own; [`guide::transports`](crate::guide::transports)
/// has a whole one:
///
/// - A credential that you keep has to end with the account's password, and when the account is
///   disabled or deleted: keep [`Account::stamp`](crate::Account::stamp) beside it and compare.
/// - What the client sent is compared in constant time, and guesses at it are counted. The body is not
///   there yet, so a signature is over the method, the time ([`Mounted::now`]), a number used once, and
///   `request.original_uri()`: `uri()` lacks the prefix under which a route is nested.
///
/// Its scopes are what the mount's [`ScopePolicy`](crate::ScopePolicy) leaves of those that it says,
/// asked at every use.
///
/// ```
/// # use crudauth::{AuthUser, CurrentUser, Mounted, Principal, Refusal, Transport, Via};
/// # use poem::Request;
/// # #[derive(Clone, Debug, AuthUser)]
/// # struct User { id: i64, email: String }
/// #[crudauth::routes(user = User, session, transport = Certificate)]
/// struct Auth;
///
/// /// The proxy in front has looked at the client's certificate. Whoever reaches this port can send
/// /// the header as well: so the proxy removes it from what it forwards, and nobody else gets here.
/// struct Certificate;
///
/// impl Transport<User> for Certificate {
///     const NAME: &'static str = "certificate";
///
///     async fn resolve(
///         &self,
///         auth: &Mounted<User>,
///         request: &Request,
///     ) -> Result<Option<Principal<User>>, Refusal> {
///         let Some(name) = request.header("x-client-certificate") else { return Ok(None) };
///         let account = auth.accounts().find_by_identifier(name).await?;
///         Ok(account.map(Principal::new))
///     }
/// }
///
/// #[poem::handler]
/// async fn machines_only(_: CurrentUser<Auth, Via<Certificate>>) {}
///
/// # async fn f(pool: sqlx::SqlitePool) -> Result<(), crudauth::BuildError> {
/// let auth = Auth::builder(pool, "…").transport(Certificate).build().await?;
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no transport of accounts of `{U}`",
    label = "not a transport",
    note = "transports are `slice::Session`, `slice::Bearer` (feature `bearer`), `slice::ApiKeys`, and your own `impl Transport<{U}>`"
)]
pub trait Transport<U: AuthUser>: Send + Sync + 'static {
    /// Its name: `/me` tells it as `via`. Not that of a slice, nor `api_key`, which are taken.
    const NAME: &'static str;

    /// Whose credential the request carries, if it carries one.
    ///
    /// # Errors
    /// The refusal that the client gets for one that is broken.
    fn resolve(
        &self,
        auth: &Mounted<U>,
        request: &Request,
    ) -> impl Future<Output = Result<Option<Principal<U>>, Refusal>> + Send;

    /// Refuses a request that a page of another site may have made the browser send. A transport
    /// needs this where browsers send its credential along by themselves, as they do cookies.
    ///
    /// # Errors
    /// The refusal that the client gets.
    fn guard(
        &self,
        auth: &Mounted<U>,
        principal: &Principal<U>,
        request: &Request,
    ) -> Result<(), Refusal> {
        let _ = (auth, principal, request);
        Ok(())
    }

    /// The scheme that a 401 names in `WWW-Authenticate` (RFC 9110, section 11.6.1), where a client
    /// could do better by it.
    fn scheme(&self) -> Option<&'static str> {
        None
    }

    /// Whether the request carries a credential of this kind at all, good or not: then a 401 says
    /// that it is not good, and logs tell of one that did not count.
    fn is_sent(&self, auth: &Mounted<U>, request: &Request) -> bool {
        let _ = (auth, request);
        false
    }

    /// Whether who comes by it is the account's owner, and may do whatever they may: change the
    /// account's password, its address, its tokens and keys, and pass wherever a handler asks for no
    /// more than [`CurrentUser`](crate::CurrentUser). Sessions and bearer tokens are the owner's; an
    /// API key is a program's, and so is a transport that does not say otherwise: it opens `/me` and
    /// what asks for a [`Scope`](crate::Scope), or for it by [`Via`](crate::Via), and nothing else.
    fn acts_for_owner(&self) -> bool {
        false
    }
}

/// The names of the library's own transports, and of what a reader would take for one.
pub(crate) const RESERVED: [&str; 8] = [
    Proof::Session.as_str(),
    Proof::Bearer.as_str(),
    Proof::ApiKey.as_str(),
    "api_keys",
    "sessions",
    "tokens",
    "email",
    "recovery",
];

/// [`Transport`] behind a pointer.
pub(crate) trait AnyTransport<U: AuthUser>: Send + Sync {
    fn proof(&self) -> Proof;

    fn name(&self) -> &'static str {
        self.proof().as_str()
    }

    fn resolve<'a>(
        &'a self,
        auth: &'a Mounted<U>,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<Option<Principal<U>>, Refusal>>;

    fn guard(
        &self,
        auth: &Mounted<U>,
        principal: &Principal<U>,
        request: &Request,
    ) -> Result<(), Refusal>;

    fn scheme(&self) -> Option<&'static str>;

    fn is_sent(&self, auth: &Mounted<U>, request: &Request) -> bool;

    fn acts_for_owner(&self) -> bool;
}

impl<U: AuthUser, T: Transport<U>> AnyTransport<U> for T {
    fn proof(&self) -> Proof {
        Proof::by(T::NAME)
    }

    fn resolve<'a>(
        &'a self,
        auth: &'a Mounted<U>,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<Option<Principal<U>>, Refusal>> {
        Box::pin(async move {
            let found = Transport::resolve(self, auth, request).await?;
            let Some(principal) = found else { return Ok(None) };
            if !principal.account().is_active() {
                auth.accounts().end_all_of_disabled(principal.account()).await?;
                return Ok(None);
            }
            let proof = self.proof();
            let principal = match proof {
                // The library's own have asked the policy.
                Proof::Other(_) => clipped(auth, principal).await?,
                _ => principal,
            };
            Ok(Some(principal.proved_by(proof).acting_for_owner(self.acts_for_owner())))
        })
    }

    fn guard(
        &self,
        auth: &Mounted<U>,
        principal: &Principal<U>,
        request: &Request,
    ) -> Result<(), Refusal> {
        Transport::guard(self, auth, principal, request)
    }

    fn scheme(&self) -> Option<&'static str> {
        Transport::scheme(self)
    }

    fn is_sent(&self, auth: &Mounted<U>, request: &Request) -> bool {
        Transport::is_sent(self, auth, request)
    }

    fn acts_for_owner(&self) -> bool {
        Transport::acts_for_owner(self)
    }
}

/// With no more scopes than the mount's policy gives the account now.
async fn clipped<U: AuthUser>(
    auth: &Mounted<U>,
    principal: Principal<U>,
) -> Result<Principal<U>, Refusal> {
    let (granting, wanted) = (&auth.parts().granting, principal.scopes().clone());
    let scopes = granting.of(principal.account(), wanted).await?;
    Ok(principal.with_scopes(scopes))
}

/// The transports of a mount, in the order in which they are tried.
pub struct Transports<U: AuthUser>(Vec<Arc<dyn AnyTransport<U>>>);

impl<U: AuthUser> Transports<U> {
    /// None.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it is where a chain begins, not a default")]
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds one, to be tried after the others.
    #[must_use]
    pub fn with(mut self, transport: impl Transport<U>) -> Self {
        self.0.push(Arc::new(transport));
        self
    }

    /// Adds the first of `others`, which loses it.
    #[must_use]
    pub fn with_first_of(mut self, others: &mut Self) -> Self {
        self.0.extend(others.0.drain(..others.0.len().min(1)));
        self
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<dyn AnyTransport<U>>> + Clone {
        self.0.iter()
    }

    /// Whether one has this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// The names, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|transport| transport.name())
    }
}

impl<U: AuthUser> fmt::Debug for Transports<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
