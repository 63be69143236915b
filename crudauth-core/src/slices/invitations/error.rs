//! Why an invitation was not made.

use crate::form::FieldError;
use crate::store_error::StoreError;

/// Why an invitation was not made.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// These preset columns are unknown, or their values are invalid.
    #[error("the invitation has invalid fields")]
    Invalid(Vec<FieldError>),
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}
