//! Who asks for something about an account.

pub(crate) mod scope_policy;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{Account, AuthUser, Digest, Scopes};
use crate::ports::{Credential, GrantId, LEEWAY, SessionRecord, StoreError};

/// A request's session and account.
#[derive(Clone, Debug)]
pub struct Visit<U: AuthUser> {
    /// Whose session it is.
    pub account: Account<U>,
    /// The session.
    pub session: SessionRecord,
    pub(crate) digest: Digest,
    pub(crate) has_slid: bool,
}

impl<U: AuthUser> Visit<U> {
    /// Whether its life was prolonged just now, so that cookies with a date want to be renewed.
    #[must_use]
    pub fn has_slid(&self) -> bool {
        self.has_slid
    }

    /// What stands for its secret in the store.
    pub(crate) fn digest(&self) -> &Digest {
        &self.digest
    }
}

/// Who asks for something about an account, and by what.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Visitor<'a, U: AuthUser> {
    /// Whose it is.
    pub account: &'a Account<U>,
    /// The session, which lives on when the others end.
    pub session: Option<&'a Visit<U>>,
    /// As what they ask.
    pub standing: Standing<'a>,
}

/// As what somebody asks for something about an account.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Standing<'a> {
    /// As the app itself: for an administrator, or by a command line. No sign-in is asked for.
    App,
    /// As the account's owner, who has signed in.
    Owner {
        /// When; if nobody knows, it is long ago.
        signed_in_at: Option<DateTime<Utc>>,
        /// The grant of their bearer token.
        grant: Option<GrantId>,
        /// What their credential may be used for, if that is not everything.
        scopes: Option<&'a Scopes>,
    },
    /// As a program of theirs: it changes no password, makes no key, and neither sees nor ends what
    /// its owner has.
    Program,
}

impl<'a, U: AuthUser> Visitor<'a, U> {
    /// The app itself asks, for an administrator or by a command line, whoever the account is of:
    /// nothing is asked of it.
    pub fn as_app(account: &'a Account<U>) -> Self {
        Self { account, session: None, standing: Standing::App }
    }

    /// The account, for what is its owner's to see and to end.
    pub(crate) fn owned(&self) -> Result<&'a Account<U>, OwnerError> {
        match self.standing {
            Standing::Program => Err(OwnerError::NotOwner),
            Standing::App | Standing::Owner { .. } => Ok(self.account),
        }
    }

    /// The grant of their bearer token.
    pub(crate) fn grant(&self) -> Option<GrantId> {
        match self.standing {
            Standing::Owner { grant, .. } => grant,
            Standing::App | Standing::Program => None,
        }
    }

    /// What they ask by, which must still be there when what they ask for is done.
    pub(crate) fn credential(&self) -> Option<Credential> {
        match (self.session, self.standing) {
            (Some(visit), _) => Some(Credential::Session(visit.digest)),
            (None, Standing::Owner { grant, .. }) => grant.map(Credential::Grant),
            (None, _) => None,
        }
    }
}

impl<'a, U: AuthUser> From<&'a Visit<U>> for Visitor<'a, U> {
    fn from(visit: &'a Visit<U>) -> Self {
        let signed_in_at = Some(visit.session.created_at);
        let standing = Standing::Owner { signed_in_at, grant: None, scopes: None };
        Self { account: &visit.account, session: Some(visit), standing }
    }
}

/// Why what is an account's owner's to see and to end was not shown or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnerError {
    /// Who asks is a program.
    #[error("a program does not see what its owner has")]
    NotOwner,
    /// What they ask by has ended meanwhile, as by a change of password, and so nothing was ended by
    /// it: they must sign in anew.
    #[error("the sign-in has ended")]
    Ended,
    /// The store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

/// When a sign-in of then ends however it is used: as was said when it was made, or sooner by what is
/// said now.
pub(crate) fn end_of(
    signed_in_at: DateTime<Utc>,
    said: Option<DateTime<Utc>>,
    absolute: Option<Duration>,
) -> Option<DateTime<Utc>> {
    let now_said = absolute.map(|lifetime| signed_in_at + lifetime);
    said.into_iter().chain(now_said).min()
}

/// Whether a sign-in of then is recent now; none is where `within` is zero, nor one that is still to
/// come by more than clocks differ.
pub(crate) fn is_recent(signed_in_at: DateTime<Utc>, within: Duration, now: DateTime<Utc>) -> bool {
    let age = now - signed_in_at;
    let within = TimeDelta::from_std(within).unwrap_or(TimeDelta::MAX);
    !within.is_zero() && -LEEWAY <= age && age <= within
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_is_recent_for_a_while_and_not_before_it_was() {
        let now = DateTime::UNIX_EPOCH;
        let minutes = |n| now + TimeDelta::minutes(n);
        let within = Duration::from_secs(600);
        for (at, is_it) in [(-11, false), (-10, true), (0, true), (1, true), (2, false)] {
            assert_eq!(is_recent(minutes(at), within, now), is_it, "{at}");
        }
        assert!(!is_recent(now, Duration::ZERO, now));
        assert!(is_recent(DateTime::<Utc>::MIN_UTC, Duration::MAX, now));
    }
}
