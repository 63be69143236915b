//! Results of a sign-in.

use std::borrow::Cow;
use std::time::Duration;

use super::Challenge;
use crate::hooks::HookError;
use crate::model::{Account, AuthUser};
use crate::password::Busy;
use crate::slices::bearer::Issued;
use crate::slices::sessions::OpenedSession;
use crate::store_error::StoreError;

/// A sign-in that proved what was asked for: it is done, or another factor is still needed.
#[derive(Clone, Debug)]
pub enum SignIn<T> {
    /// The client is signed in.
    Done(T),
    /// Another factor is needed.
    Challenge(Box<Challenge>),
}

impl<T> SignIn<T> {
    /// Returns the result of a sign-in that needs no other factor.
    #[must_use]
    pub fn done(self) -> Option<T> {
        match self {
            Self::Done(done) => Some(done),
            Self::Challenge(_) => None,
        }
    }
}

/// A sign-in with a session.
#[derive(Clone)]
#[non_exhaustive]
pub struct SignedIn<U: AuthUser> {
    /// The account.
    pub account: Account<U>,
    /// The new session.
    pub session: OpenedSession,
    /// The device cookie: by it the device is recognised when strangers lock the account.
    pub device: String,
}

/// A sign-in with bearer tokens.
#[derive(Clone)]
#[non_exhaustive]
pub struct TokensIssued<U: AuthUser> {
    /// The account.
    pub account: Account<U>,
    /// The tokens.
    pub issued: Issued,
    /// The device cookie, or its value for clients that keep no cookies: by it the device is
    /// recognised when strangers lock the account.
    pub device: String,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The account is unknown or disabled, or the password is wrong. Clients are not told which.
    #[error("wrong identifier or password")]
    Refused,
    /// Too many failures. The right password does not pass either.
    #[error("too many attempts; try again in {}s", .retry_after.as_secs())]
    LockedOut {
        /// Time until the lock ends.
        retry_after: Duration,
    },
    /// The password is right, but the account signs in too often from this network.
    #[error("too many sign-ins; try again in {}s", .retry_after.as_secs())]
    TooMany {
        /// Time until a further sign-in is allowed.
        retry_after: Duration,
    },
    /// The password is right, but the account needs a second factor, and may add none before its
    /// recovery contact is verified.
    #[error("the recovery contact must be verified first")]
    NotVerified,
    /// The factors are right, and a hook of the app refuses, for a reason that the client gets.
    #[error("refused by the app: {0}")]
    RefusedByApp(Cow<'static, str>),
    /// The hashing queue is full, or the account or the network has its share of it.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

impl From<HookError> for SignInError {
    fn from(error: HookError) -> Self {
        match error {
            HookError::Refused(reason) => Self::RefusedByApp(reason),
            HookError::Store(error) => Self::Store(error),
        }
    }
}

impl<U: AuthUser> std::fmt::Debug for SignedIn<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("SignedIn");
        shown.field("account", &self.account).field("session", &self.session);
        shown.finish_non_exhaustive()
    }
}

impl<U: AuthUser> std::fmt::Debug for TokensIssued<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("TokensIssued");
        shown.field("account", &self.account).field("issued", &self.issued);
        shown.finish_non_exhaustive()
    }
}
