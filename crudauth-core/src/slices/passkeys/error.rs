//! Why a passkey was not registered, changed or accepted.

use crate::model::FieldError;
use crate::principal::{NotFresh, OwnerError};
use crate::slices::sudo::Missing;
use crate::store_error::StoreError;

/// Why the passkeys of an account were not changed. Nothing is stored then.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    /// The sign-in is too old or has skipped the second factor, and the session is not elevated.
    #[error(transparent)]
    NotFresh(#[from] NotFresh),
    /// The session is not elevated, and the account has a factor that elevates it.
    #[error("the session is not elevated")]
    NotElevated(Missing),
    /// The recovery contact of the account is not verified.
    #[error("the recovery contact is not verified")]
    NotVerified,
    /// The account has as many passkeys as it may.
    #[error("the account has {max} passkeys already")]
    TooMany {
        /// The limit.
        max: u32,
    },
    /// The passkey is registered already.
    #[error("the passkey is registered already")]
    Known,
    /// The new name is rejected.
    #[error("the name is invalid")]
    Invalid(Vec<FieldError>),
    /// The account has no such passkey.
    #[error("the account has no such passkey")]
    NotFound,
    /// The account has no other way in.
    #[error("the last way in cannot be removed")]
    LastWayIn,
    /// The registration is not accepted.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The caller is a program.
    #[error("program credentials cannot change passkeys")]
    NotOwner,
    /// The account has changed meanwhile, or the caller's credential was revoked; the owner must
    /// sign in again.
    #[error("the caller's sign-in has ended")]
    Ended,
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

/// Why the answer of an authenticator was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The challenge has expired or was used, or belongs to another browser or purpose. The client
    /// begins again.
    #[error("the challenge has ended")]
    Ended,
    /// No account has the passkey. The browser may forget it.
    #[error("the passkey is unknown")]
    Unknown,
    /// The answer is not valid, the passkey belongs to another account, or its counter went back.
    #[error("the passkey is not accepted")]
    Rejected,
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

impl From<OwnerError> for PasskeyError {
    fn from(error: OwnerError) -> Self {
        match error {
            OwnerError::NotOwner => Self::NotOwner,
            OwnerError::Ended => Self::Ended,
            OwnerError::Store(error) => Self::Store(error),
        }
    }
}
