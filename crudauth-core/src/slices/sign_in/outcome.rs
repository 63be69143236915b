//! What becomes of an attempt to sign in.

use std::time::Duration;

use crate::model::{Account, AuthUser};
use crate::password::Busy;
use crate::ports::StoreError;
use crate::slices::bearer::Issued;
use crate::slices::sessions::OpenedSession;

/// Someone has signed in.
#[derive(Clone)]
#[non_exhaustive]
pub struct SignedIn<U: AuthUser> {
    /// Who.
    pub account: Account<U>,
    /// The new session.
    pub session: OpenedSession,
    /// The device cookie to set: by it this device is known again when others lock the account.
    pub device: String,
}

impl<U: AuthUser> std::fmt::Debug for SignedIn<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("SignedIn");
        shown.field("account", &self.account).field("session", &self.session);
        shown.finish_non_exhaustive()
    }
}

/// Someone has got bearer tokens.
#[derive(Clone)]
#[non_exhaustive]
pub struct Granted<U: AuthUser> {
    /// Who.
    pub account: Account<U>,
    /// The tokens.
    pub issued: Issued,
    /// What to send with the next attempt, in a cookie or however the client keeps it: by it this
    /// device is known again when others lock the account.
    pub device: String,
}

impl<U: AuthUser> std::fmt::Debug for Granted<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Granted");
        shown.field("account", &self.account).field("issued", &self.issued);
        shown.finish_non_exhaustive()
    }
}

/// Why nobody has.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// Unknown, disabled, or the wrong password: nobody learns which.
    #[error("identifier or password is wrong")]
    Refused,
    /// Too many misses; the right password does not pass either.
    #[error("too many attempts; try again in {}s", .retry_after.as_secs())]
    LockedOut {
        /// How long it lasts.
        retry_after: Duration,
    },
    /// Too many passwords are waiting to be verified.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}
