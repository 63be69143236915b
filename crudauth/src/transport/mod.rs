//! Transports: the ways to authenticate a request.
//!
//! A mount tries its transports in order; the first that finds a valid credential decides. Called
//! by the extractors.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crudauth_core::model::AuthUser;
use crudauth_core::principal::Role;
use futures_util::future::BoxFuture;
use poem::Request;

use crate::http::Refusal;
use crate::mount::Mounted;

mod api_key;
mod authorization;
mod bearer;
mod session;

pub(crate) use authorization::Authorization;
pub(crate) use crudauth_core::principal::{AuthMethod, Principal};

/// A way to authenticate a request: `session`, `bearer` and `api_keys` in
/// `#[crudauth::routes(..)]`, or a transport of the app, `transport = Certificate`.
///
/// Transports are tried in the order of the attribute. A credential is
///
/// - absent (`Ok(None)`): there is no credential, or it is expired, revoked or unknown. The next
///   transport is tried; after the last one, the request is unauthenticated.
/// - valid (`Ok(Some(_))`): the request acts for its account, and no other transport is tried. A
///   credential of a disabled account always counts as absent.
/// - malformed (`Err(_)`): it was not issued by this app, or could not be looked up. The request is
///   refused, even if authentication is optional.
///
/// A transport of the app has these duties ([`guide::transports`](crate::guide::transports) has a
/// complete one):
///
/// - A stored credential must become invalid when the password changes and when the account is
///   disabled or deleted. Store [`Account::security_stamp`](crate::Account::security_stamp) with
///   it, and compare.
/// - Compare secrets in constant time, and limit the rate of guesses. The body is not available
///   yet, so a signature covers the method, the time ([`Mounted::now`]), a nonce and
///   `request.original_uri()`; `uri()` lacks the prefix that a route is nested under.
///
/// At each use, the mount's [`ScopePolicy`](crate::ScopePolicy) limits the scopes that the
/// transport returns.
///
/// ```
/// # use crudauth::{AuthUser, CurrentUser, Mounted, Principal, Refusal, Transport, Via};
/// # use poem::Request;
/// # #[derive(Clone, Debug, AuthUser)]
/// # struct User { id: i64, email: String }
/// #[crudauth::routes(user = User, session, transport = Certificate)]
/// struct Auth;
///
/// /// The reverse proxy has verified the client's certificate. Every client that reaches this port can
/// /// send the header, so the proxy must remove it from requests, and the port must not be public.
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
/// # async fn f(pool: sqlx::SqlitePool, secret_key: &str) -> Result<(), crudauth::BuildError> {
/// let auth = Auth::builder(pool, secret_key).transport(Certificate).build().await?;
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a transport for accounts of `{U}`",
    label = "not a transport",
    note = "use `slice::Session`, `slice::Bearer` or `slice::ApiKeys`, or implement `Transport<{U}>` for your own type"
)]
pub trait Transport<U: AuthUser>: Send + Sync + 'static {
    /// Name, which `/me` returns as `via`. Names of slices and `api_key` are reserved.
    const NAME: &'static str;

    /// Returns the party that the credential of the request authenticates; `None` if it is absent.
    ///
    /// # Errors
    /// The refusal for a malformed credential.
    fn resolve(
        &self,
        auth: &Mounted<U>,
        request: &Request,
    ) -> impl Future<Output = Result<Option<Principal<U>>, Refusal>> + Send;

    /// Rejects cross-site request forgery. Required if browsers send the credential automatically,
    /// like cookies.
    ///
    /// # Errors
    /// The refusal for the request.
    fn guard(
        &self,
        auth: &Mounted<U>,
        principal: &Principal<U>,
        request: &Request,
    ) -> Result<(), Refusal> {
        let _ = (auth, principal, request);
        Ok(())
    }

    /// Returns the scheme for `WWW-Authenticate` of a 401 (RFC 9110, section 11.6.1).
    fn scheme(&self) -> Option<&'static str> {
        None
    }

    /// Returns `true` if the request has a credential of this kind, valid or not. A 401 then
    /// reports it as invalid, and an ignored one is logged.
    fn is_sent(&self, auth: &Mounted<U>, request: &Request) -> bool {
        let _ = (auth, request);
        false
    }

    /// Returns `true` if the credential acts for the account's owner (default `false`).
    ///
    /// Owners may change the account's password, address, tokens and keys, and pass every handler
    /// that needs only [`CurrentUser`](crate::CurrentUser). Sessions and bearer tokens act for the
    /// owner. Other credentials, such as API keys, act for a program. They pass `/me` and handlers
    /// that require a [`Scope`](crate::Scope) or name the transport in [`Via`](crate::Via), and
    /// nothing else.
    fn acts_for_owner(&self) -> bool {
        false
    }
}

/// Names that no transport of an app may have.
pub(crate) const METHODS: [&str; 4] = [
    AuthMethod::Session.as_str(),
    AuthMethod::Bearer.as_str(),
    AuthMethod::ApiKey.as_str(),
    AuthMethod::Application.as_str(),
];

/// Object-safe form of [`Transport`].
pub(crate) trait AnyTransport<U: AuthUser>: Send + Sync {
    fn method(&self) -> AuthMethod;

    fn name(&self) -> &'static str {
        self.method().as_str()
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
    fn method(&self) -> AuthMethod {
        AuthMethod::of(T::NAME)
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
                auth.accounts().kit.revoke_disabled(principal.account()).await?;
                return Ok(None);
            }
            let method = self.method();
            let principal = match method {
                // The library's own transports have applied the scope policy.
                AuthMethod::Session | AuthMethod::Bearer | AuthMethod::ApiKey => principal,
                _ => clipped(auth, principal).await?,
            };
            let role = if self.acts_for_owner() { Role::Owner } else { Role::Program };
            Ok(Some(principal.by_method(method).in_role(role)))
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

/// Limits the scopes to those that the mount's policy grants the account now.
async fn clipped<U: AuthUser>(
    auth: &Mounted<U>,
    principal: Principal<U>,
) -> Result<Principal<U>, Refusal> {
    let policy = &auth.accounts().kit.scopes;
    let wanted = principal.scopes().clone();
    let scopes = policy.effective_scopes(principal.account(), wanted).await?;
    Ok(principal.with_scopes(scopes))
}

/// The transports of a mount, in the order in which they are tried.
pub struct Transports<U: AuthUser>(Vec<Arc<dyn AnyTransport<U>>>);

impl<U: AuthUser> Transports<U> {
    /// Creates an empty list.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "the start of a chain, not a default")]
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// Appends a transport.
    #[must_use]
    pub fn with(mut self, transport: impl Transport<U>) -> Self {
        self.push(transport);
        self
    }

    /// Moves the first transport of `others` to the end of this list.
    #[must_use]
    pub fn with_first_of(mut self, others: &mut Self) -> Self {
        self.0.extend(others.0.drain(..others.0.len().min(1)));
        self
    }

    pub(crate) fn push(&mut self, transport: impl Transport<U>) {
        self.0.push(Arc::new(transport));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<dyn AnyTransport<U>>> + Clone {
        self.0.iter()
    }

    /// Returns `true` if a transport has this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// Returns the names, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|transport| transport.name())
    }
}

impl<U: AuthUser> fmt::Debug for Transports<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
