//! Settings of administration.

use std::time::Duration;

use super::store::MOST;
use crate::config_error::ConfigError;

crate::settings! {
    /// Settings of the `admin` slice.
    #[derive(Clone, Copy, Debug)]
    pub struct AdminConfig {
        /// Accounts of a page for which a request names no size (default 25, 1 to 100).
        page_size: u32 = 25,
        /// Whether superusers may act as another account (default `false`).
        impersonates: bool = false,
        /// Lifetime of the session of an impersonation, which nothing extends (default 30 minutes, 1
        /// minute to 1 day).
        impersonation_lifetime: Duration = Duration::from_mins(30),
        /// Whether the owner gets a notice of an impersonation (default `true`).
        notifies_of_impersonation: bool = true,
    }
}

impl AdminConfig {
    /// Returns an error for each setting out of its bounds.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let most = u64::try_from(MOST).unwrap_or(u64::MAX);
        let lifetime = Duration::from_mins(1)..=Duration::from_hours(24);
        ConfigError::found([
            ConfigError::number("admin.page_size", self.page_size, 1..=most),
            ConfigError::duration(
                "admin.impersonation_lifetime",
                self.impersonation_lifetime,
                lifetime,
            ),
        ])
    }

    /// `Builder::hardened` changes nothing here.
    #[doc(hidden)]
    pub fn harden(&mut self) {}
}
