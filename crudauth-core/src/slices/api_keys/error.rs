//! Why an API key was not created.

use crate::model::FieldError;
use crate::principal::{NotFresh, OwnerError};
use crate::store_error::StoreError;

/// Why an API key was not created.
#[derive(Debug, thiserror::Error)]
pub enum ApiKeyError {
    /// The fields `name` or `expires_in` are invalid.
    #[error("the key has invalid fields")]
    Invalid(Vec<FieldError>),
    /// The account has as many keys as it may.
    #[error("the account has {max} keys already")]
    TooMany {
        /// The limit.
        max: u32,
    },
    /// The caller is a program.
    #[error("program credentials cannot create API keys")]
    NotOwner,
    /// The sign-in is too old for this, or has skipped the second factor.
    #[error(transparent)]
    NotFresh(#[from] NotFresh),
    /// The account has changed meanwhile, or the caller's credential was revoked; the owner must
    /// sign in again.
    #[error("the caller's sign-in has ended")]
    Ended,
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

impl From<OwnerError> for ApiKeyError {
    fn from(error: OwnerError) -> Self {
        match error {
            OwnerError::NotOwner => Self::NotOwner,
            OwnerError::Ended => Self::Ended,
            OwnerError::Store(error) => Self::Store(error),
        }
    }
}
