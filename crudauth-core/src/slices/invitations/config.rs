//! Settings of invitations.

use std::time::Duration;

use crate::clock::LONGEST;
use crate::config_error::ConfigError;

crate::settings! {
    /// Settings of the `invitations` slice. The path of the link is a setting of
    /// [`EmailConfig`](crate::slices::recovery::EmailConfig::invitation_link).
    #[derive(Clone, Copy, Debug)]
    pub struct InvitationConfig {
        /// Lifetime of an invitation (default 7 days, 1 minute to 100 years).
        lifetime: Duration = Duration::from_hours(7 * 24),
    }
}

impl InvitationConfig {
    /// Returns an error for each setting out of its bounds.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let bounds = Duration::from_mins(1)..=LONGEST;
        ConfigError::found([ConfigError::duration("invitations.lifetime", self.lifetime, bounds)])
    }

    /// `Builder::hardened` changes nothing here.
    #[doc(hidden)]
    pub fn harden(&mut self) {}
}
