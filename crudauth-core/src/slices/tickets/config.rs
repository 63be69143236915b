//! Settings of tickets.

use std::time::Duration;

use crate::config_error::ConfigError;

crate::settings! {
    /// Settings of the `tickets` slice.
    #[derive(Clone, Copy, Debug)]
    pub struct TicketConfig {
        /// Lifetime of a ticket (default 30 seconds, 1 second to 5 minutes).
        lifetime: Duration = Duration::from_secs(30),
    }
}

impl TicketConfig {
    /// Returns an error for each setting out of its bounds.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let bounds = Duration::from_secs(1)..=Duration::from_mins(5);
        ConfigError::found([ConfigError::duration("tickets.lifetime", self.lifetime, bounds)])
    }

    /// `Builder::hardened` changes nothing here.
    #[doc(hidden)]
    pub fn harden(&mut self) {}
}
