//! Errors of sign-in by mail.

use std::borrow::Cow;
use std::time::Duration;

use crate::form::FieldError;
use crate::hooks::HookError;
use crate::slices::recovery::ConfirmError;
use crate::slices::sign_in::SignInError;
use crate::store_error::StoreError;

/// Why a link or a code did not sign in.
#[derive(Debug, thiserror::Error)]
pub enum EmailLoginError {
    /// The link or the challenge is unknown or expired, the account has changed or is disabled, or
    /// the code is used in another browser.
    #[error("invalid or expired link or code")]
    Invalid,
    /// The link or its code was used before.
    #[error("link or code already used")]
    Used,
    /// The code is wrong; another one may be right.
    #[error("wrong code")]
    WrongCode,
    /// Too many failures. The right code does not pass either; the link does.
    #[error("too many attempts; try again in {}s", .retry_after.as_secs())]
    LockedOut {
        /// Time until the lock ends.
        retry_after: Duration,
    },
    /// The new account lacks fields, or has invalid ones. The link and the code work again.
    #[error("the fields of the new account are invalid")]
    Incomplete(Vec<FieldError>),
    /// The address has no account, and the [`SignUpPolicy`](crate::SignUpPolicy) refuses one.
    #[error("sign-up is not open to everyone")]
    SignUpClosed,
    /// The app refuses, for this reason.
    #[error("refused by the app: {0}")]
    RefusedByApp(Cow<'static, str>),
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

impl From<ConfirmError> for EmailLoginError {
    fn from(error: ConfirmError) -> Self {
        match error {
            ConfirmError::Used | ConfirmError::AlreadyDone => Self::Used,
            ConfirmError::Store(error) => Self::Store(error),
            // The last three are of tokens with another purpose.
            ConfirmError::Invalid
            | ConfirmError::Password(_)
            | ConfirmError::AddressTaken
            | ConfirmError::Busy(_) => Self::Invalid,
        }
    }
}

impl From<HookError> for EmailLoginError {
    fn from(error: HookError) -> Self {
        match error {
            HookError::Refused(reason) => Self::RefusedByApp(reason),
            HookError::Store(error) => Self::Store(error),
        }
    }
}

crate::sign_up_policy::from_not_admitted!(EmailLoginError);

impl From<SignInError> for EmailLoginError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::RefusedByApp(reason) => Self::RefusedByApp(reason),
            SignInError::Store(error) => Self::Store(error),
            // The account was disabled meanwhile. Without a password there is neither a lock nor a
            // queue, and the address is proved.
            SignInError::Refused
            | SignInError::NotVerified
            | SignInError::LockedOut { .. }
            | SignInError::TooMany { .. }
            | SignInError::Busy(_) => Self::Invalid,
        }
    }
}
