//! Settings of the second factor.

use std::time::Duration;

use crate::config_error::ConfigError;

crate::settings! {
    /// Settings of the `mfa` slice.
    #[derive(Clone, Debug)]
    pub struct MfaConfig {
        /// Name of the app in authenticators (default `Accounts`; 1 to 64 characters, no `:`).
        issuer: String as impl Into<String> = "Accounts".to_owned(),
        /// Whether every account needs a second factor (default `false`). Owners without one enrol
        /// at their next sign-in; credentials from before go on.
        is_required: bool = false,
        /// Whether only accounts with a verified recovery contact may enrol (default `false`, as in
        /// crudauth-py). A stranger who signs up with somebody's address could add a factor to the
        /// account before its owner confirms the address.
        requires_verified: bool = false,
        /// Lifetime of a sign-in that waits for a code (default 5 minutes, 1 minute to 1 hour).
        challenge_lifetime: Duration = Duration::from_mins(5),
        /// Codes that one sign-in may try (default 5, at least 3, at most 100).
        max_attempts: u32 = 5,
        /// Consecutive wrong codes of an account, over all sign-ins, after which one right code is
        /// not enough (default 10, 3 to 100): then three right codes in a row are asked for, so that
        /// patient guessing leads nowhere and nobody can lock the owner out.
        max_failures: u32 = 10,
        /// Number of recovery codes (default 10, 1 to 20).
        recovery_codes: u32 = 10,
        /// Oldest sign-in by which an account without a password may enrol (default 10 minutes, at
        /// most 1 day). Zero disables it.
        max_sign_in_age: Duration = Duration::from_mins(10),
    }
}

impl MfaConfig {
    /// Returns an error for each setting out of its bounds.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let lifetime = Duration::from_mins(1)..=Duration::from_hours(1);
        let sign_in_age = Duration::ZERO..=Duration::from_hours(24);
        ConfigError::found([
            self.invalid_issuer(),
            ConfigError::duration("mfa.challenge_lifetime", self.challenge_lifetime, lifetime),
            ConfigError::number("mfa.max_attempts", self.max_attempts, 3..=100),
            ConfigError::number("mfa.max_failures", self.max_failures, 3..=100),
            ConfigError::number("mfa.recovery_codes", self.recovery_codes, 1..=20),
            ConfigError::duration("mfa.max_sign_in_age", self.max_sign_in_age, sign_in_age),
        ])
    }

    /// Applies the limits of `Builder::hardened`.
    #[doc(hidden)]
    pub fn harden(&mut self) {
        self.requires_verified = true;
    }

    fn invalid_issuer(&self) -> Option<ConfigError> {
        let length = self.issuer.chars().count();
        if (1..=64).contains(&length) && !self.issuer.contains(':') {
            return None;
        }
        Some(ConfigError::InvalidName {
            setting: "mfa.issuer",
            name: self.issuer.clone(),
            rule: "1 to 64 characters without `:`",
        })
    }
}
