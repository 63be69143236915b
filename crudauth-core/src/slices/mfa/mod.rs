//! The second factor: codes of an authenticator app (TOTP), and recovery codes on paper.
//!
//! An account with an authenticator is signed in only after a code. A code works once: a conditional
//! UPDATE takes its step. Wrong codes are counted for the account over all sign-ins. After too many
//! of them three right codes in a row are needed, which a guesser cannot enter and the owner can, so
//! that nobody is locked out.
//!
//! Adding and removing the factor changes the state of the account: its other credentials, which
//! were issued without the factor or rely on it, are invalid from then on. So is the trust in a
//! browser, which an owner may give it after a right second factor.

mod config;
mod enrol;
mod error;
mod recovery_code;
mod sql;
pub mod store;
pub mod takeover;
mod takeover_sql;
mod totp;
mod trust;
mod trust_sql;
mod verify;

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
pub use config::MfaConfig;
pub(crate) use enrol::guesser;
pub use enrol::{Disabled, Enrolled, MfaStatus, Setup};
pub use error::{CodeError, MfaError};
pub use recovery_code::RecoveryCode;
pub use sql::{AUTHENTICATORS, RECOVERY_CODES};
use store::{FactorStore, TrustStore};
pub use totp::TotpSecret;
pub use trust::{BrowserTrust, TrustedBrowser};
pub use trust_sql::TRUSTED_BROWSERS;
pub(crate) use verify::RightCode;

use crate::guard::Action;
use crate::guard::store::RateLimit;
use crate::kit::Kit;
use crate::model::{Account, AuthUser};
use crate::notify::MessageKind;
use crate::slices::accounts::Callers;
use crate::store_error::StoreError;

/// Changes of the second factor, by account: 10 an hour by default.
pub const MANAGE: Action = Action::per_hour("mfa_manage", 10);

/// Requests that finish a sign-in by a code, by client network: 60 in 5 minutes by default.
pub const VERIFY: Action = Action::new("mfa_verify", RateLimit::new(60, Duration::from_mins(5)));

/// Adds, checks and removes second factors.
pub struct Mfa<U: AuthUser> {
    kit: Kit<U>,
    store: Arc<dyn FactorStore<U>>,
    callers: Callers<U>,
    config: MfaConfig,
    trusts: Arc<dyn TrustStore<U>>,
}

impl<U: AuthUser> Mfa<U> {
    /// How long an authenticator may await its first code.
    const SETUP_LIFETIME: TimeDelta = TimeDelta::hours(1);

    /// Creates the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(
        kit: Kit<U>,
        (store, trusts): (Arc<dyn FactorStore<U>>, Arc<dyn TrustStore<U>>),
        callers: Callers<U>,
        config: MfaConfig,
    ) -> Self {
        Self { kit, store, callers, config, trusts }
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &MfaConfig {
        &self.config
    }

    /// Returns `true` if the account has a second factor.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn is_enrolled(&self, account: &Account<U>) -> Result<bool, StoreError> {
        let found = self.store.find(account).await?;
        Ok(found.is_some_and(|found| found.confirmed_at.is_some()))
    }

    fn notify(&self, kind: MessageKind, account: &Account<U>) {
        if let Some(notifier) = &self.kit.notifier {
            notifier.notify_account(kind, account);
        }
    }
}

impl<U: AuthUser> std::fmt::Debug for Mfa<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mfa").field("config", &self.config).finish_non_exhaustive()
    }
}
