//! Conversion of errors that every flow has into refusals. Each slice converts its own.

use std::time::Duration;

use crudauth_core::StoreError;
use crudauth_core::password::Busy;
use crudauth_core::principal::NotFresh;
use tracing::error;

use super::Refusal;

/// `Retry-After` while a store is unavailable.
const STORE_RETRY: Duration = Duration::from_secs(5);

impl From<NotFresh> for Refusal {
    fn from(cause: NotFresh) -> Self {
        match cause {
            NotFresh::TooOld => Self::sign_in_too_old(),
            NotFresh::SecondFactorSkipped => Self::second_factor_skipped(),
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

/// Capitalizes the first letter: `username` becomes `Username`.
pub(crate) fn capital(field: &str) -> String {
    let mut letters = field.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}
