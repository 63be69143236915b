//! The authenticated party of a request.
//!
//! Created by transports; read by gates, handlers and routes.

use chrono::{DateTime, Utc};
use crudauth_core::model::{Account, AuthUser, Scopes};
use crudauth_core::ports::GrantId;
use crudauth_core::slices::sessions::{Standing, Visit, Visitor};

use crate::http::Refusal;

/// The authenticated party of a request: account, method, role, sign-in time and scopes.
#[derive(Clone, Debug)]
pub struct Principal<U: AuthUser> {
    who: Who<U>,
    proof: Proof,
    scopes: Scopes,
    handle: Option<String>,
    signed_in_at: Option<DateTime<Utc>>,
    /// Grant of a bearer token, also if another transport has resolved it.
    grant: Option<GrantId>,
    is_owner: bool,
}

/// The account, and the session if there is one.
#[derive(Clone, Debug)]
enum Who<U: AuthUser> {
    Visitor(Visit<U>),
    Account(Account<U>),
}

/// How a request was authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// A session cookie.
    Session,
    /// An access token.
    Bearer,
    /// An API key.
    ApiKey,
    /// A transport of the app, by name.
    Other(&'static str),
}

impl Proof {
    /// Returns the method of the transport with that name.
    pub(crate) fn by(name: &'static str) -> Self {
        [Self::Session, Self::Bearer, Self::ApiKey]
            .into_iter()
            .find(|own| own.as_str() == name)
            .unwrap_or(Self::Other(name))
    }

    /// Returns the name in responses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Bearer => "bearer",
            Self::ApiKey => "api_key",
            Self::Other(name) => name,
        }
    }
}

impl<U: AuthUser> Principal<U> {
    /// Creates a principal without scopes, for a [`Transport`](crate::Transport) of the app.
    #[must_use]
    pub fn new(account: Account<U>) -> Self {
        let (who, proof) = (Who::Account(account), Proof::Other("other"));
        let scopes = Scopes::default();
        Self { who, proof, scopes, handle: None, signed_in_at: None, grant: None, is_owner: false }
    }

    /// Sets the time of the sign-in.
    ///
    /// If unset, the sign-in counts as too old for freshness checks. The transport must verify that
    /// it has not been revoked; the library does so for its own credentials only.
    #[must_use]
    pub fn with_sign_in(self, signed_in_at: DateTime<Utc>) -> Self {
        Self { signed_in_at: Some(signed_in_at), ..self }
    }

    /// Sets the scopes of the credential.
    #[must_use]
    pub fn with_scopes(self, scopes: Scopes) -> Self {
        Self { scopes, ..self }
    }

    /// Sets the public handle of the credential, for lists. It gives no access.
    #[must_use]
    pub fn with_handle(self, handle: impl Into<String>) -> Self {
        Self { handle: Some(handle.into()), ..self }
    }

    pub(crate) fn proved_by(self, proof: Proof) -> Self {
        Self { proof, ..self }
    }

    pub(crate) fn standing_on(self, grant: GrantId) -> Self {
        Self { grant: Some(grant), handle: Some(grant.to_string()), ..self }
    }

    pub(crate) fn acting_for_owner(self, is_owner: bool) -> Self {
        Self { is_owner, ..self }
    }

    pub(crate) fn visiting(visit: Visit<U>) -> Self {
        let (who, proof) = (Who::Visitor(visit), Proof::Session);
        let scopes = Scopes::default();
        Self { who, proof, scopes, handle: None, signed_in_at: None, grant: None, is_owner: true }
    }

    /// Returns the app's user struct.
    #[must_use]
    pub fn user(&self) -> &U {
        &self.account().user
    }

    /// Returns the account, as of the start of the request.
    #[must_use]
    pub fn account(&self) -> &Account<U> {
        match &self.who {
            Who::Visitor(visit) => &visit.account,
            Who::Account(account) => account,
        }
    }

    /// Returns how the request was authenticated.
    #[must_use]
    pub fn proof(&self) -> Proof {
        self.proof
    }

    /// Returns the scopes of the credential. A session has none, because it acts for the owner.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Returns the public handle of the credential, if it has one. It gives no access.
    #[must_use]
    pub fn handle(&self) -> Option<&str> {
        match &self.who {
            Who::Visitor(visit) => Some(&visit.session.handle),
            Who::Account(_) => self.handle.as_deref(),
        }
    }

    /// Returns the time of the sign-in, if known. An API key, for example, has none.
    #[must_use]
    pub fn signed_in_at(&self) -> Option<DateTime<Utc>> {
        match &self.who {
            Who::Visitor(visit) => Some(visit.session.created_at),
            Who::Account(_) => self.signed_in_at,
        }
    }

    /// Returns the session, if the request was authenticated by one.
    #[must_use]
    pub fn session(&self) -> Option<&Visit<U>> {
        match &self.who {
            Who::Visitor(visit) => Some(visit),
            Who::Account(_) => None,
        }
    }

    /// Returns the session, for the library's routes that only sessions open.
    pub(crate) fn visit(&self) -> Result<&Visit<U>, Refusal> {
        self.session().ok_or_else(Refusal::not_authenticated)
    }
}

impl<'a, U: AuthUser> From<&'a Principal<U>> for Visitor<'a, U> {
    fn from(principal: &'a Principal<U>) -> Self {
        // A transport of the app may have called the session transport and reduced the scopes.
        if let (Some(visit), true) = (principal.session(), principal.is_owner) {
            let mut visitor = Self::from(visit);
            if let (Proof::Other(_), Standing::Owner { scopes, .. }) =
                (principal.proof(), &mut visitor.standing)
            {
                *scopes = Some(principal.scopes());
            }
            return visitor;
        }
        let mut visitor = Self::as_app(principal.account());
        visitor.standing = if principal.is_owner {
            Standing::Owner {
                signed_in_at: principal.signed_in_at(),
                grant: principal.grant,
                scopes: Some(principal.scopes()),
            }
        } else {
            Standing::Program
        };
        visitor
    }
}
