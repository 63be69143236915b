//! Settings of administration.

use super::store::MOST;
use crate::config_error::ConfigError;

crate::settings! {
    /// Settings of the `admin` slice.
    #[derive(Clone, Copy, Debug)]
    pub struct AdminConfig {
        /// Accounts of a page for which a request names no size (default 25, 1 to 100).
        page_size: u32 = 25,
    }
}

impl AdminConfig {
    /// Returns an error for each setting out of its bounds.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let most = u64::try_from(MOST).unwrap_or(u64::MAX);
        ConfigError::found([ConfigError::number("admin.page_size", self.page_size, 1..=most)])
    }

    /// `Builder::hardened` changes nothing here.
    #[doc(hidden)]
    pub fn harden(&mut self) {}
}
