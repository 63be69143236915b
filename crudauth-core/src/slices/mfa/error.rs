//! Why a second factor was not changed, and why a code was not accepted.

use crate::password::Busy;
use crate::principal::{NotFresh, OwnerError};
use crate::store_error::StoreError;

/// Why the second factor of an account was not changed. Nothing is stored then.
#[derive(Debug, thiserror::Error)]
pub enum MfaError {
    /// The password is wrong or missing.
    #[error("the password is wrong")]
    WrongPassword,
    /// The account has no password, and the sign-in is too old or has skipped the second factor.
    #[error(transparent)]
    NotFresh(#[from] NotFresh),
    /// The recovery contact of the account is not verified.
    #[error("the recovery contact is not verified")]
    NotVerified,
    /// The account has a second factor already.
    #[error("the account has a second factor already")]
    AlreadyEnabled,
    /// No authenticator awaits its first code.
    #[error("no authenticator awaits its first code")]
    NoSetup,
    /// Every account needs a second factor.
    #[error("a second factor is required")]
    Required,
    /// The code is not accepted.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// The caller is a program.
    #[error("program credentials cannot change the second factor")]
    NotOwner,
    /// The account has changed meanwhile, or the caller's credential was revoked; the owner must
    /// sign in again.
    #[error("the caller's sign-in has ended")]
    Ended,
    /// The hashing queue is full.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

/// Why a code was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// It is wrong or was used before, or the account has no second factor.
    #[error("the code is wrong or was used before")]
    Invalid,
    /// Too many wrong codes came before. Three right codes of the authenticator in a row are needed,
    /// or a recovery code. Clients must not be told whether this code was right.
    #[error("too many wrong codes; three right codes in a row are needed")]
    ThreeNeeded {
        /// Whether the code was right. It counts for the row of three then.
        was_right: bool,
    },
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

impl From<OwnerError> for MfaError {
    fn from(error: OwnerError) -> Self {
        match error {
            OwnerError::NotOwner => Self::NotOwner,
            OwnerError::Ended => Self::Ended,
            OwnerError::Store(error) => Self::Store(error),
        }
    }
}
