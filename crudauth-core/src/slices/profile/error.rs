//! Why an edit was not stored.

use crate::model::FieldError;
use crate::principal::OwnerError;
use crate::store_error::StoreError;

/// Why an edit was not stored.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The caller is a program.
    #[error("program credentials cannot edit a profile")]
    NotOwner,
    /// The account has changed meanwhile, for example its password: the owner must sign in again.
    #[error("the caller's sign-in has ended")]
    Ended,
    /// The database refuses these fields.
    #[error("the edit has invalid fields")]
    Invalid(Vec<FieldError>),
    /// Another account has this value of a unique column.
    #[error("the {0} is taken")]
    Taken(&'static str),
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

impl From<OwnerError> for EditError {
    fn from(error: OwnerError) -> Self {
        match error {
            OwnerError::NotOwner => Self::NotOwner,
            OwnerError::Ended => Self::Ended,
            OwnerError::Store(error) => Self::Store(error),
        }
    }
}
