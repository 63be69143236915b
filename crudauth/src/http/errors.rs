//! Conversion of each flow's errors into refusals, which reveal no more than clients may know.

use std::time::Duration;

use crudauth_core::StoreError;
use crudauth_core::password::Busy;
use crudauth_core::slices::accounts::PasswordError;
use crudauth_core::slices::accounts::RegisterError;
use crudauth_core::slices::api_keys::ApiKeyError;
use crudauth_core::slices::bearer::RefreshError;
use crudauth_core::slices::recovery::{ChangeError, ConfirmError};
use crudauth_core::slices::sessions::OwnerError;
use crudauth_core::slices::sign_in::SignInError;
use poem::http::StatusCode;
use tracing::error;

use super::Refusal;

/// `Retry-After` while a store is unavailable.
const STORE_RETRY: Duration = Duration::from_secs(5);

impl From<RefreshError> for Refusal {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Store(error) => error.into(),
            RefreshError::Unknown | RefreshError::Ended | RefreshError::Reused => {
                Self::refresh_invalid()
            }
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(cause: StoreError) -> Self {
        error!(error = &cause as &dyn std::error::Error, "store failed");
        match cause {
            StoreError::Unavailable(_) => Self::unavailable(STORE_RETRY),
            StoreError::Failed(_) => Self::internal(),
        }
    }
}

impl From<Busy> for Refusal {
    fn from(busy: Busy) -> Self {
        Self::unavailable(busy.retry_after)
    }
}

impl From<SignInError> for Refusal {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::LockedOut { retry_after } => Self::locked_out(retry_after),
            SignInError::TooMany { retry_after } => Self::too_many_sign_ins(retry_after),
            SignInError::Busy(busy) => busy.into(),
            SignInError::Store(cause) => cause.into(),
            SignInError::Refused => Self::bad_credentials(),
        }
    }
}

impl From<RegisterError> for Refusal {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Invalid(errors) => Self::invalid_fields(errors),
            RegisterError::Taken(field) => {
                Self::taken("taken", format!("{} already taken", capital(field)))
            }
            RegisterError::Busy(busy) => busy.into(),
            RegisterError::Store(cause) => cause.into(),
        }
    }
}

impl From<PasswordError> for Refusal {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::WrongPassword => Self::wrong_current_password(),
            PasswordError::NoPassword => Self::no_password(),
            PasswordError::HasPassword => Self::has_password(),
            PasswordError::NotFresh => Self::sign_in_too_old(),
            PasswordError::NotOwner | PasswordError::Ended => Self::not_authenticated(),
            PasswordError::Invalid(errors) => Self::invalid_fields(errors),
            PasswordError::Busy(busy) => busy.into(),
            PasswordError::Store(cause) => cause.into(),
        }
    }
}

impl From<ApiKeyError> for Refusal {
    fn from(error: ApiKeyError) -> Self {
        match error {
            ApiKeyError::Invalid(errors) => Self::invalid_fields(errors),
            ApiKeyError::TooMany { max } => {
                let detail = format!("There are {max} API keys already; revoke one first.");
                Self::new(StatusCode::CONFLICT, "too-many-api-keys", detail)
            }
            ApiKeyError::Ended | ApiKeyError::NotOwner => Self::not_authenticated(),
            ApiKeyError::NotFresh => Self::sign_in_too_old(),
            ApiKeyError::Store(cause) => cause.into(),
        }
    }
}

impl From<OwnerError> for Refusal {
    fn from(error: OwnerError) -> Self {
        match error {
            OwnerError::NotOwner | OwnerError::Ended => Self::not_authenticated(),
            OwnerError::Store(cause) => cause.into(),
        }
    }
}

impl From<ChangeError> for Refusal {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::WrongPassword => Self::wrong_password(),
            ChangeError::NotOwner => Self::not_authenticated(),
            ChangeError::SameAddress => Self::same_email(),
            ChangeError::Busy(busy) => busy.into(),
            ChangeError::Store(cause) => cause.into(),
        }
    }
}

impl From<ConfirmError> for Refusal {
    fn from(error: ConfirmError) -> Self {
        match error {
            ConfirmError::Invalid => Self::invalid_link(),
            ConfirmError::Used => Self::used_link(),
            ConfirmError::Password(errors) => Self::invalid_fields(errors),
            ConfirmError::AddressTaken => Self::taken("email-taken", "Email already in use"),
            ConfirmError::Busy(busy) => busy.into(),
            ConfirmError::Store(cause) => cause.into(),
        }
    }
}

/// Capitalizes the first letter: `username` becomes `Username`.
pub(crate) fn capital(field: &str) -> String {
    let mut letters = field.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}
