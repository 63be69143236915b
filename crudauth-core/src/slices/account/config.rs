//! Settings of deletion.

use std::time::Duration;

use crate::config_error::ConfigError;

crate::settings! {
    /// Settings of the `account` slice.
    #[derive(Clone, Copy, Debug)]
    pub struct AccountConfig {
        /// How long an owner can withdraw a deletion (default: none, the account is deleted at once;
        /// 1 hour to 1 year). Until then the account is disabled, and the mail about the deletion has
        /// a link that restores it.
        grace: Option<Duration> | Duration = None,
    }
}

impl AccountConfig {
    /// Returns an error for each setting out of its bounds.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let bounds = Duration::from_hours(1)..=Duration::from_hours(365 * 24);
        ConfigError::found([ConfigError::duration("account.grace", self.grace, bounds)])
    }

    /// `Builder::hardened` changes nothing here.
    #[doc(hidden)]
    pub fn harden(&mut self) {}
}
