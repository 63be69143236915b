//! Errors of sign-in with a provider and of connections.

use std::borrow::Cow;

use super::provider::ProviderError;
use crate::form::FieldError;
use crate::hooks::HookError;
use crate::principal::{NotFresh, OwnerError};
use crate::slices::sign_in::SignInError;
use crate::store_error::StoreError;

/// Why a sign-in with a provider failed.
#[derive(Debug, thiserror::Error)]
pub enum OAuthError {
    /// The mount has no provider of this name.
    #[error("no such provider")]
    UnknownProvider,
    /// The state is unknown, expired or used, or belongs to another browser or provider.
    #[error("invalid or expired state")]
    InvalidState,
    /// The provider refused, or its answer proves nothing. The log has the reason.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The person declined, or the answer lacks its parameters.
    #[error("the provider answered without a code")]
    Declined,
    /// The account is disabled.
    #[error("the account is disabled")]
    AccountInactive,
    /// A new account needs an address, and the profile has none.
    #[error("the profile has no email address")]
    EmailMissing,
    /// The provider has not verified the address.
    #[error("the provider has not verified the email address")]
    EmailUnverified,
    /// The address is too long for the column.
    #[error("the email address is too long")]
    EmailTooLong,
    /// The account with this address is connected to another person at the same provider.
    #[error("the account is connected to another person at this provider")]
    AlreadyConnected,
    /// The person is connected to another account.
    #[error("the person at the provider is connected to another account")]
    ConnectedElsewhere,
    /// The new account lacks fields, or has invalid ones.
    #[error("the fields of the new account are invalid")]
    Incomplete(Vec<FieldError>),
    /// Connections are changed by the owner with a session.
    #[error("connections need a session of the owner")]
    NotOwner,
    /// The session has ended, or the account has changed meanwhile.
    #[error("the session has ended")]
    Ended,
    /// The sign-in is too old for this, or has skipped the second factor.
    #[error(transparent)]
    NotFresh(#[from] NotFresh),
    /// The account needs a verified address first.
    #[error("the recovery contact is not verified")]
    NotVerified,
    /// The account has no such connection.
    #[error("no such connection")]
    NoConnection,
    /// The account has neither a password nor another connection.
    #[error("the connection is the last way into the account")]
    LastWayIn,
    /// The address has no account, and the [`SignUpPolicy`](crate::SignUpPolicy) refuses one.
    #[error("sign-up is not open to everyone")]
    SignUpClosed,
    /// A hook of the app refuses, for a reason that the client gets.
    #[error("refused by the app: {0}")]
    RefusedByApp(Cow<'static, str>),
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

impl From<OwnerError> for OAuthError {
    fn from(error: OwnerError) -> Self {
        match error {
            OwnerError::NotOwner => Self::NotOwner,
            OwnerError::Ended => Self::Ended,
            OwnerError::Store(error) => Self::Store(error),
        }
    }
}

impl From<HookError> for OAuthError {
    fn from(error: HookError) -> Self {
        match error {
            HookError::Refused(reason) => Self::RefusedByApp(reason),
            HookError::Store(error) => Self::Store(error),
        }
    }
}

crate::sign_up_policy::from_not_admitted!(OAuthError);

impl From<SignInError> for OAuthError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::NotVerified => Self::EmailUnverified,
            SignInError::RefusedByApp(reason) => Self::RefusedByApp(reason),
            SignInError::Store(error) => Self::Store(error),
            // Without a password there is neither a lock nor a queue.
            SignInError::Refused
            | SignInError::LockedOut { .. }
            | SignInError::TooMany { .. }
            | SignInError::Busy(_) => Self::AccountInactive,
        }
    }
}
