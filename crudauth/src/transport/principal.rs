//! Who acts in a request, and how they proved it.

use chrono::{DateTime, Utc};
use crudauth_core::model::{Account, AuthUser, Scopes};
use crudauth_core::ports::GrantId;
use crudauth_core::slices::sessions::{Standing, Visit, Visitor};

use crate::http::Refusal;

/// Who acts in a request, and how they proved it.
#[derive(Clone, Debug)]
pub struct Principal<U: AuthUser> {
    who: Who<U>,
    proof: Proof,
    scopes: Scopes,
    handle: Option<String>,
    signed_in_at: Option<DateTime<Utc>>,
    /// What a bearer token stands on, whatever transport has asked for it.
    grant: Option<GrantId>,
    is_owner: bool,
}

/// A session is read together with its account.
#[derive(Clone, Debug)]
enum Who<U: AuthUser> {
    Visitor(Visit<U>),
    Account(Account<U>),
}

/// How a request was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// By a session cookie.
    Session,
    /// By an access token.
    Bearer,
    /// By an API key.
    ApiKey,
    /// By a transport of the app's own, of this name.
    Other(&'static str),
}

impl Proof {
    /// The transport of that name.
    pub(crate) fn by(name: &'static str) -> Self {
        [Self::Session, Self::Bearer, Self::ApiKey]
            .into_iter()
            .find(|own| own.as_str() == name)
            .unwrap_or(Self::Other(name))
    }

    /// Its name in answers.
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
    /// Somebody whom a [`Transport`](crate::Transport) of the app's own has recognised, without
    /// scopes.
    #[must_use]
    pub fn new(account: Account<U>) -> Self {
        let (who, proof) = (Who::Account(account), Proof::Other("other"));
        let scopes = Scopes::default();
        Self { who, proof, scopes, handle: None, signed_in_at: None, grant: None, is_owner: false }
    }

    /// When the owner signed in for the credential. Who does not say is taken for somebody who
    /// signed in long ago. That it has not ended since is for the transport to see: the library knows
    /// that of its own credentials only.
    #[must_use]
    pub fn with_sign_in(self, signed_in_at: DateTime<Utc>) -> Self {
        Self { signed_in_at: Some(signed_in_at), ..self }
    }

    /// What the credential may be used for.
    #[must_use]
    pub fn with_scopes(self, scopes: Scopes) -> Self {
        Self { scopes, ..self }
    }

    /// The credential's name in lists: what shows it and does not open anything.
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

    /// What the app declared of the account.
    #[must_use]
    pub fn user(&self) -> &U {
        &self.account().user
    }

    /// The account, as it was when the request came in.
    #[must_use]
    pub fn account(&self) -> &Account<U> {
        match &self.who {
            Who::Visitor(visit) => &visit.account,
            Who::Account(account) => account,
        }
    }

    /// How the request was proved.
    #[must_use]
    pub fn proof(&self) -> Proof {
        self.proof
    }

    /// What the credential may be used for. A session has no scopes: it is its owner, not a program
    /// that they sent.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// The credential's name in lists, if it is in one; opens nothing.
    #[must_use]
    pub fn handle(&self) -> Option<&str> {
        match &self.who {
            Who::Visitor(visit) => Some(&visit.session.handle),
            Who::Account(_) => self.handle.as_deref(),
        }
    }

    /// When the owner signed in for the credential, if that is known: an API key, for one, needs no
    /// sign-in.
    #[must_use]
    pub fn signed_in_at(&self) -> Option<DateTime<Utc>> {
        match &self.who {
            Who::Visitor(visit) => Some(visit.session.created_at),
            Who::Account(_) => self.signed_in_at,
        }
    }

    /// The session, if the request was proved by one.
    #[must_use]
    pub fn session(&self) -> Option<&Visit<U>> {
        match &self.who {
            Who::Visitor(visit) => Some(visit),
            Who::Account(_) => None,
        }
    }

    /// The session, for routes of the library's that only sessions open.
    pub(crate) fn visit(&self) -> Result<&Visit<U>, Refusal> {
        self.session().ok_or_else(Refusal::not_authenticated)
    }
}

impl<'a, U: AuthUser> From<&'a Principal<U>> for Visitor<'a, U> {
    fn from(principal: &'a Principal<U>) -> Self {
        // A transport of the app's own may have asked the session's, and narrowed what it found.
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
        visitor.standing = match principal.is_owner {
            false => Standing::Program,
            true => Standing::Owner {
                signed_in_at: principal.signed_in_at(),
                grant: principal.grant,
                scopes: Some(principal.scopes()),
            },
        };
        visitor
    }
}
