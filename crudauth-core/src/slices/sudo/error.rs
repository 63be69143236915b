//! Why a session was not elevated.

use std::time::Duration;

use super::Missing;
use crate::password::Busy;
use crate::principal::OwnerError;
use crate::slices::mfa::CodeError;
use crate::store_error::StoreError;

/// Why a session was not elevated.
#[derive(Debug, thiserror::Error)]
pub enum SudoError {
    /// The principal has no session.
    #[error("only a session can be elevated")]
    NeedsSession,
    /// The session is not elevated.
    #[error("the session is not elevated")]
    NotElevated(Missing),
    /// The password is wrong or missing.
    #[error("the password is wrong")]
    WrongPassword,
    /// The account has a second factor, and no code was sent.
    #[error("a code of the second factor is needed")]
    CodeNeeded,
    /// The account has a passkey as second factor, and none was used.
    #[error("a passkey is needed")]
    PasskeyNeeded,
    /// The code is not accepted.
    #[error(transparent)]
    Code(CodeError),
    /// The account has neither password nor second factor, no passkey was used, and the sign-in is too
    /// old.
    #[error("the sign-in is too old")]
    NotFresh,
    /// Too many failures of this session. The right password does not pass either.
    #[error("too many attempts; try again in {}s", .retry_after.as_secs())]
    LockedOut {
        /// Time until the lock ends.
        retry_after: Duration,
    },
    /// The caller is a program.
    #[error("program credentials cannot be elevated")]
    NotOwner,
    /// The session has ended meanwhile.
    #[error("the session has ended")]
    Ended,
    /// The hashing queue is full.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

impl From<CodeError> for SudoError {
    fn from(error: CodeError) -> Self {
        match error {
            CodeError::Store(error) => Self::Store(error),
            error => Self::Code(error),
        }
    }
}

impl From<OwnerError> for SudoError {
    fn from(error: OwnerError) -> Self {
        match error {
            OwnerError::NotOwner => Self::NotOwner,
            OwnerError::Ended => Self::Ended,
            OwnerError::Store(error) => Self::Store(error),
        }
    }
}
