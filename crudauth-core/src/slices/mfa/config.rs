//! Settings of the second factor.

use std::time::Duration;

use crate::config_error::ConfigError;
use crate::model::FernetKey;
use crate::settings::MONTH;

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
        /// How long a browser that its owner trusts is not asked for the second factor (default
        /// `None`: no browser is trusted; 30 days are usual, at most 400 days, which is the longest
        /// lifetime of a cookie). `Builder::hardened` lowers it to 30 days.
        trusted_browsers: Option<Duration> | Duration = None,
    }
    private {
        /// Keys of crudauth-py; `None` for a text that is none.
        crudauth_py_keys: Vec<Option<FernetKey>> = Vec::new(),
    }
}

impl MfaConfig {
    /// Sets the Fernet keys with which crudauth-py encrypted second factors, its `encryption_key`
    /// (default none).
    ///
    /// `build()` then moves the factors from the columns of crudauth-py to the library's tables, and
    /// encrypts their secrets under a key of the app's secret. It fails if an account has a factor
    /// that no key decrypts: the password alone would sign in to it.
    #[must_use]
    pub fn crudauth_py_keys<K: AsRef<str>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        let keys = keys.into_iter().map(|key| FernetKey::parse(key.as_ref()));
        self.crudauth_py_keys = keys.collect();
        self
    }

    pub(super) fn fernet_keys(&self) -> impl Iterator<Item = &FernetKey> {
        self.crudauth_py_keys.iter().flatten()
    }

    /// Returns an error for each setting out of its bounds.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let lifetime = Duration::from_mins(1)..=Duration::from_hours(1);
        let sign_in_age = Duration::ZERO..=Duration::from_hours(24);
        let trust = self.trusted_browsers.and_then(|lifetime| {
            let bounds = Duration::from_mins(1)..=Duration::from_hours(400 * 24);
            ConfigError::duration("mfa.trusted_browsers", lifetime, bounds)
        });
        ConfigError::found([
            self.invalid_issuer(),
            self.invalid_key(),
            ConfigError::duration("mfa.challenge_lifetime", self.challenge_lifetime, lifetime),
            ConfigError::number("mfa.max_attempts", self.max_attempts, 3..=100),
            ConfigError::number("mfa.max_failures", self.max_failures, 3..=100),
            ConfigError::number("mfa.recovery_codes", self.recovery_codes, 1..=20),
            ConfigError::duration("mfa.max_sign_in_age", self.max_sign_in_age, sign_in_age),
            trust,
        ])
    }

    /// Applies the limits of `Builder::hardened`.
    #[doc(hidden)]
    pub fn harden(&mut self) {
        self.requires_verified = true;
        self.trusted_browsers = self.trusted_browsers.map(|lifetime| lifetime.min(MONTH));
    }

    fn invalid_key(&self) -> Option<ConfigError> {
        let is_invalid = self.crudauth_py_keys.iter().any(Option::is_none);
        is_invalid.then_some(ConfigError::InvalidFernetKey)
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
