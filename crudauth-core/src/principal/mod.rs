//! The authenticated party of a request or a call: which account, by which method, in which role.
//!
//! Transports create a [`Principal`], gates judge it, and the flows take it as the caller.

mod scope_policy;
mod session;

use std::sync::OnceLock;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

pub use scope_policy::{ScopePolicy, ScopePolicyHandle};
pub use session::CurrentSession;

use crate::clock::LEEWAY;
use crate::model::{Account, AuthUser, FamilyId, Scopes};
use crate::store_error::StoreError;

/// The authenticated party: an account, the method that proved it, and the role it acts in.
#[derive(Clone, Debug)]
pub struct Principal<U: AuthUser> {
    account: Account<U>,
    method: AuthMethod,
    role: Role,
    signed_in_at: Option<DateTime<Utc>>,
    scopes: Scopes,
    handle: OnceLock<String>,
    credential: Credential,
}

/// The credential that a principal came with.
///
/// The library's own kinds are kept even when a transport of the app's own passes the principal on,
/// so that the credential can be checked again before something lasting is stored.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    Session(Box<CurrentSession>),
    TokenFamily(FamilyId),
    Other,
}

/// How a request was authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthMethod {
    /// A session cookie.
    Session,
    /// An access token.
    Bearer,
    /// An API key.
    ApiKey,
    /// The application itself: no request.
    Application,
    /// A transport of the app's own, with this name.
    Other(&'static str),
}

/// In which role a principal acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// The application itself: an admin tool or a command line. Ownership and freshness checks are
    /// skipped.
    Application,
    /// The account's owner, who signed in.
    Owner,
    /// A program that the owner gave a credential. It cannot change the account, and it neither sees
    /// nor revokes the owner's credentials.
    Program,
    /// An administrator who acts as the owner in a session of the account. The app decides what this
    /// role may do; the library gives it less than a program: no change of the account, no view of its
    /// credentials, no new one.
    Impersonator,
}

impl AuthMethod {
    /// The method of the transport with this name.
    #[must_use]
    pub fn of(name: &'static str) -> Self {
        let own = [Self::Session, Self::Bearer, Self::ApiKey];
        own.into_iter().find(|method| method.as_str() == name).unwrap_or(Self::Other(name))
    }

    /// Its name in answers and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Bearer => "bearer",
            Self::ApiKey => "api_key",
            Self::Application => "application",
            Self::Other(name) => name,
        }
    }
}

impl<U: AuthUser> Principal<U> {
    /// A principal that a transport of the app's own authenticated: without scopes, in the role of a
    /// program until the transport is known to act for the owner.
    #[must_use]
    pub fn new(account: Account<U>) -> Self {
        Self {
            account,
            method: AuthMethod::Other("other"),
            role: Role::Program,
            signed_in_at: None,
            scopes: Scopes::default(),
            handle: OnceLock::new(),
            credential: Credential::Other,
        }
    }

    /// The application itself, acting on this account: for admin tools and command lines.
    ///
    /// Ownership and freshness checks are skipped.
    #[must_use]
    pub fn application(account: &Account<U>) -> Self {
        let principal = Self::new(account.clone()).in_role(Role::Application);
        principal.by_method(AuthMethod::Application)
    }

    /// The owner with a session, or the administrator who acts in it.
    pub(crate) fn with_session(account: Account<U>, session: CurrentSession) -> Self {
        let signed_in_at = Some(session.created_at()).filter(|_| session.impersonator.is_none());
        let principal = Self {
            method: AuthMethod::Session,
            signed_in_at,
            credential: Credential::Session(Box::new(session)),
            ..Self::new(account)
        };
        principal.in_role(Role::Owner)
    }

    /// The owner with an access token of this family.
    pub(crate) fn with_family(account: Account<U>, family: FamilyId) -> Self {
        Self {
            method: AuthMethod::Bearer,
            role: Role::Owner,
            credential: Credential::TokenFamily(family),
            ..Self::new(account)
        }
    }

    /// Sets when the owner signed in for the credential.
    ///
    /// If unset, the sign-in counts as too old for every freshness check. A transport of the app's
    /// own must verify that the credential has not been revoked since.
    #[must_use]
    pub fn with_sign_in(self, signed_in_at: DateTime<Utc>) -> Self {
        Self { signed_in_at: Some(signed_in_at), ..self }
    }

    /// Sets the scopes of the credential.
    #[must_use]
    pub fn with_scopes(self, scopes: Scopes) -> Self {
        Self { scopes, ..self }
    }

    /// Sets the public id of the credential, which opens nothing.
    #[must_use]
    pub fn with_handle(self, handle: impl Into<String>) -> Self {
        Self { handle: OnceLock::from(handle.into()), ..self }
    }

    /// Sets the method; the mount does this after a transport has answered.
    #[doc(hidden)]
    #[must_use]
    pub fn by_method(self, method: AuthMethod) -> Self {
        Self { method, ..self }
    }

    /// Sets the role; the mount does this after a transport has answered. A session in which an
    /// administrator acts has one role, whichever transport passes it on.
    #[doc(hidden)]
    #[must_use]
    pub fn in_role(self, role: Role) -> Self {
        let role = if self.impersonator().is_some() { Role::Impersonator } else { role };
        Self { role, ..self }
    }

    /// The app's struct.
    #[must_use]
    pub fn user(&self) -> &U {
        &self.account.user
    }

    /// The account, as it was when the credential was checked.
    #[must_use]
    pub fn account(&self) -> &Account<U> {
        &self.account
    }

    /// How the principal was authenticated.
    #[must_use]
    pub fn method(&self) -> AuthMethod {
        self.method
    }

    /// The role in which it acts.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The scopes of the credential. A session has none: it is the owner, not a program.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Public id of the credential, if it has one.
    #[must_use]
    pub fn handle(&self) -> Option<&str> {
        // Few requests need it, and that of a session is a hash.
        match &self.credential {
            Credential::Session(session) => {
                Some(self.handle.get_or_init(|| session.handle().to_string()))
            }
            Credential::TokenFamily(family) => Some(self.handle.get_or_init(|| family.to_string())),
            Credential::Other => self.handle.get().map(String::as_str),
        }
    }

    /// When the owner signed in for the credential, if that is known. An API key needs no sign-in.
    #[must_use]
    pub fn signed_in_at(&self) -> Option<DateTime<Utc>> {
        self.signed_in_at
    }

    /// The session, if the principal came with one.
    #[must_use]
    pub fn session(&self) -> Option<&CurrentSession> {
        match &self.credential {
            Credential::Session(session) => Some(session),
            Credential::TokenFamily(_) | Credential::Other => None,
        }
    }

    /// Key of the administrator who acts as the owner, as text; `None` if the owner acts.
    #[must_use]
    pub fn impersonator(&self) -> Option<&str> {
        Some(&self.session()?.impersonator()?.account)
    }

    pub(crate) fn family(&self) -> Option<FamilyId> {
        match &self.credential {
            Credential::TokenFamily(family) => Some(*family),
            Credential::Session(_) | Credential::Other => None,
        }
    }

    pub(crate) fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Returns the account if the caller may see and revoke the owner's credentials.
    pub(crate) fn owned_account(&self) -> Result<&Account<U>, OwnerError> {
        match self.role {
            Role::Program | Role::Impersonator => Err(OwnerError::NotOwner),
            Role::Application | Role::Owner => Ok(&self.account),
        }
    }

    /// Passes if the owner signed in at most `max_age` ago, or the application acts. A sign-in of a
    /// trusted browser counts once the session has proved the second factor that it skipped: the
    /// cookie of the browser must not lead to a lasting credential. The sign-in of an administrator
    /// who has acted as another account counts after fresh proof.
    pub(crate) fn check_fresh(
        &self,
        max_age: Duration,
        now: DateTime<Utc>,
    ) -> Result<(), NotFresh> {
        let proofs = self.session().map(|own| own.proofs);
        let is_recent = match self.role {
            Role::Application => return Ok(()),
            Role::Program | Role::Impersonator => false,
            Role::Owner if proofs.is_some_and(|proofs| proofs.is_lowered) => false,
            Role::Owner => self.signed_in_at.is_some_and(|at| is_recent(at, max_age, now)),
        };
        if !is_recent {
            return Err(NotFresh::TooOld);
        }
        let has_skipped = proofs.is_some_and(|proofs| proofs.lacks_second_factor());
        if has_skipped { Err(NotFresh::SecondFactorSkipped) } else { Ok(()) }
    }

    /// The scopes that the caller may pass on; `None` if it may pass on every scope.
    pub(crate) fn scope_limit(&self) -> Option<&Scopes> {
        let is_session = self.method == AuthMethod::Session;
        (self.role != Role::Application && !is_session).then_some(&self.scopes)
    }
}

/// Why a sign-in was not enough for a lasting change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFresh {
    /// The owner signed in too long ago, or not at all.
    #[error("the sign-in is too old")]
    TooOld,
    /// A trusted browser stood for the second factor, and the session has not proved it since. To sign
    /// in again is no cure while the browser is trusted.
    #[error("the sign-in skipped the second factor")]
    SecondFactorSkipped,
}

/// Why the owner's credentials were neither shown nor revoked.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// The caller is a program, or an administrator who acts as the owner.
    #[error("program credentials cannot see or revoke the owner's credentials")]
    NotOwner,
    /// The caller's credential was revoked meanwhile, for example by a change of password. Nothing
    /// was revoked: the owner must sign in again.
    #[error("the caller's sign-in has ended")]
    Ended,
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

/// Absolute end of a sign-in: the stored limit or the configured one, whichever is earlier.
pub(crate) fn absolute_expiry(
    signed_in_at: DateTime<Utc>,
    stored: Option<DateTime<Utc>>,
    configured: Option<Duration>,
) -> Option<DateTime<Utc>> {
    let configured = configured.map(|lifetime| signed_in_at + lifetime);
    stored.into_iter().chain(configured).min()
}

/// Returns `true` if a sign-in is at most `max_age` old. Returns `false` if `max_age` is zero, or if
/// the sign-in lies further in the future than clocks may differ.
#[doc(hidden)]
#[must_use]
pub fn is_recent(signed_in_at: DateTime<Utc>, max_age: Duration, now: DateTime<Utc>) -> bool {
    let age = now - signed_in_at;
    let max_age = TimeDelta::from_std(max_age).unwrap_or(TimeDelta::MAX);
    !max_age.is_zero() && -LEEWAY <= age && age <= max_age
}

#[cfg(all(test, feature = "sqlite"))]
mod tests;
