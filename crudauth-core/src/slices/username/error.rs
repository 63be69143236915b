//! Why a username was not changed.

use std::borrow::Cow;

use crate::hooks::HookError;
use crate::model::FieldError;
use crate::principal::OwnerError;
use crate::slices::sudo::SudoError;
use crate::store_error::StoreError;

/// Why a username was not changed. The account keeps its name.
#[derive(Debug, thiserror::Error)]
pub enum UsernameError {
    /// The owner has not proved the account lately.
    #[error(transparent)]
    Proof(SudoError),
    /// The caller is a program.
    #[error("program credentials cannot change the username")]
    NotOwner,
    /// The account has changed meanwhile, or the caller's credential was revoked; the owner must
    /// sign in again.
    #[error("the caller's sign-in has ended")]
    Ended,
    /// The account has that name already, in the same spelling.
    #[error("the username is the current one")]
    SameName,
    /// The name is too long for the table, or the database refuses it.
    #[error("the username is invalid")]
    Invalid(Vec<FieldError>),
    /// Another account has that name. The fact is the name of the field of a sign-up.
    #[error("the {0} is taken")]
    Taken(&'static str),
    /// A hook of the app refuses, for a reason that the client gets.
    #[error("refused by the app: {0}")]
    RefusedByApp(Cow<'static, str>),
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

impl From<SudoError> for UsernameError {
    fn from(error: SudoError) -> Self {
        match error {
            SudoError::Store(error) => Self::Store(error),
            SudoError::NotOwner => Self::NotOwner,
            SudoError::Ended => Self::Ended,
            error => Self::Proof(error),
        }
    }
}

impl From<OwnerError> for UsernameError {
    fn from(error: OwnerError) -> Self {
        match error {
            OwnerError::NotOwner => Self::NotOwner,
            OwnerError::Ended => Self::Ended,
            OwnerError::Store(error) => Self::Store(error),
        }
    }
}

impl From<HookError> for UsernameError {
    fn from(error: HookError) -> Self {
        match error {
            HookError::Refused(reason) => Self::RefusedByApp(reason),
            HookError::Store(error) => Self::Store(error),
        }
    }
}
