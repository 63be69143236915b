//! Why an administrator changed nothing.

use crate::principal::OwnerError;
use crate::slices::sudo::SudoError;
use crate::store_error::StoreError;

/// Why an administrator changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The caller is no superuser.
    #[error("the caller is no superuser")]
    NotSuperuser,
    /// The caller has not proved the account lately.
    #[error(transparent)]
    Proof(SudoError),
    /// There is no such account.
    #[error("no such account")]
    NotFound,
    /// It is the last active superuser.
    #[error("the account is the last active superuser")]
    LastSuperuser,
    /// It is disabled already, and no administrator has given a reason: its owner deletes it, or the
    /// app has disabled it.
    #[error("the account is disabled already")]
    AlreadyDisabled,
    /// It has no contact that a link could be sent to, or the mount sends no messages.
    #[error("no link can be sent to the account")]
    NoContact,
    /// The mount does not allow impersonation.
    #[error("impersonation is off")]
    Off,
    /// A superuser and a disabled account cannot be impersonated.
    #[error("the account cannot be impersonated")]
    NotImpersonable,
    /// The caller's credential was revoked meanwhile, or the account has changed.
    #[error("the caller's sign-in has ended, or the account has changed")]
    Ended,
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

impl From<SudoError> for AdminError {
    fn from(error: SudoError) -> Self {
        match error {
            SudoError::Store(error) => Self::Store(error),
            SudoError::Ended => Self::Ended,
            error => Self::Proof(error),
        }
    }
}

impl From<OwnerError> for AdminError {
    fn from(error: OwnerError) -> Self {
        match error {
            OwnerError::NotOwner => Self::NotSuperuser,
            OwnerError::Ended => Self::Ended,
            OwnerError::Store(error) => Self::Store(error),
        }
    }
}
