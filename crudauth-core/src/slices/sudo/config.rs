//! Settings of fresh proof.

use std::time::Duration;

use crate::config_error::ConfigError;
use crate::guard::store::LockRule;

crate::settings! {
    /// Settings of the `sudo` slice.
    #[derive(Clone, Copy, Debug)]
    pub struct SudoConfig {
        /// How long a session stays elevated (default 5 minutes, 1 minute to 1 hour). Use does not
        /// prolong it.
        window: Duration = Duration::from_mins(5),
        /// The wrong password of a session that locks its elevation (default 3, 1 to 100).
        max_attempts: u32 = 3,
        /// How long the elevation of that session is locked (default 15 minutes, 1 minute to 1 day).
        lockout: Duration = Duration::from_mins(15),
        /// Oldest sign-in that elevates an account with neither password nor second factor (default
        /// 10 minutes, at most 1 day). Zero disables it.
        max_sign_in_age: Duration = Duration::from_mins(10),
    }
}

impl SudoConfig {
    /// Returns an error for each setting out of its bounds.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let hour = Duration::from_hours(1);
        let day = Duration::from_hours(24);
        let minute = Duration::from_mins(1);
        ConfigError::found([
            ConfigError::duration("sudo.window", self.window, minute..=hour),
            ConfigError::number("sudo.max_attempts", self.max_attempts, 1..=100),
            ConfigError::duration("sudo.lockout", self.lockout, minute..=day),
            ConfigError::duration(
                "sudo.max_sign_in_age",
                self.max_sign_in_age,
                Duration::ZERO..=day,
            ),
        ])
    }

    /// `Builder::hardened` changes nothing here.
    #[doc(hidden)]
    pub fn harden(&mut self) {}

    /// The last allowed failure is the one before the lock.
    pub(super) fn rule(&self) -> LockRule {
        LockRule {
            max_failures: self.max_attempts - 1,
            window: self.lockout,
            base: self.lockout,
            max: self.lockout,
            escalation_window: self.lockout,
        }
    }
}
