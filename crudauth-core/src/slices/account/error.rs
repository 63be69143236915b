//! Why an account was neither exported nor deleted.

use super::data::BoxError;
use super::references::Reference;
use crate::principal::OwnerError;
use crate::slices::sudo::SudoError;
use crate::store_error::StoreError;

/// Why an account was neither exported nor deleted. The account stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The owner has not proved the account lately.
    #[error(transparent)]
    Proof(SudoError),
    /// The account has changed meanwhile, or the caller's credential was revoked; the owner must
    /// sign in again.
    #[error("the caller's sign-in has ended")]
    Ended,
    /// The account is the last active superuser.
    #[error("the account is the last active superuser")]
    LastSuperuser,
    /// Rows of another table refer to the account, and no hook has handled them.
    #[error("rows of another table refer to the account: {}", Named(.0.as_ref()))]
    Referenced(Option<Reference>),
    /// The database refuses the deletion, or the row that stays: by a constraint, a trigger or the type
    /// of a column. The text is for a log.
    #[error("the database refuses the deletion: {0}")]
    Refused(String),
    /// A hook of the app failed.
    #[error("hook `{name}` failed")]
    Data {
        /// The name of the hook.
        name: &'static str,
        /// The cause.
        #[source]
        cause: BoxError,
    },
    /// The token is malformed, unknown, used or expired.
    #[error("invalid or expired token")]
    InvalidToken,
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

/// A reference as `table.column`.
struct Named<'a>(Option<&'a Reference>);

impl std::fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(reference) => write!(f, "{}.{}", reference.table, reference.column),
            None => f.write_str("unknown"),
        }
    }
}

impl From<SudoError> for AccountError {
    fn from(error: SudoError) -> Self {
        match error {
            SudoError::Store(error) => Self::Store(error),
            SudoError::Ended => Self::Ended,
            error => Self::Proof(error),
        }
    }
}

impl From<OwnerError> for AccountError {
    fn from(error: OwnerError) -> Self {
        match error {
            OwnerError::NotOwner | OwnerError::Ended => Self::Ended,
            OwnerError::Store(error) => Self::Store(error),
        }
    }
}
