//! Settings of API keys: prefix, scopes, lifetime and number.

use std::time::Duration;

use super::secret::ApiKey;
use crate::clock::LONGEST;
use crate::config_error::ConfigError;
use crate::model::Scopes;
use crate::settings::{YEAR, shorten};

crate::settings! {
    /// Settings of the `api_keys` slice.
    #[derive(Clone, Debug)]
    pub struct ApiKeyConfig {
        /// Start of every key (default `ca_live_`), by which secret scanners recognise leaked keys.
        ///
        /// At most 20 lower case letters, digits and `_`, of which the first is a letter and the
        /// last is `_`. Keys with an earlier prefix remain valid.
        prefix: String as impl Into<String> = "ca_live_".to_owned(),
        /// Scopes that keys may have (default: none, so that a key only identifies its account).
        grantable_scopes: Scopes as impl Into<Scopes> = Scopes::default(),
        /// Number of keys of one account (default 20, at least 1).
        max_keys: u32 = 20,
        /// Oldest sign-in that may create a key (default 10 minutes, at most 1 day). Zero disables
        /// the creation of keys.
        max_sign_in_age: Duration = Duration::from_mins(10),
        /// Longest lifetime of a key, and the lifetime of keys created without one (default: no
        /// limit; 1 minute to 100 years). A later change shortens existing keys as well.
        max_lifetime: Option<Duration> as impl Into<Option<Duration>> = None,
    }
}

impl ApiKeyConfig {
    /// Shortest lifetime of a key.
    pub(super) const MIN_LIFETIME: Duration = Duration::from_mins(1);

    /// Returns an error for each setting out of its bounds.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let scopes = self.grantable_scopes.len();
        let sign_in_age = Duration::ZERO..=Duration::from_hours(24);
        let lifetime = Self::MIN_LIFETIME..=LONGEST;
        ConfigError::found([
            self.invalid_prefix(),
            ConfigError::length("api_keys.grantable_scopes", "scopes", scopes, 0..=Scopes::MOST),
            ConfigError::at_least_one("api_keys.max_keys", self.max_keys),
            ConfigError::duration("api_keys.max_sign_in_age", self.max_sign_in_age, sign_in_age),
            ConfigError::duration("api_keys.max_lifetime", self.max_lifetime, lifetime),
        ])
    }

    /// Applies the limit of `Builder::hardened`. A stricter value is kept.
    #[doc(hidden)]
    pub fn harden(&mut self) {
        shorten(&mut self.max_lifetime, YEAR);
    }

    fn invalid_prefix(&self) -> Option<ConfigError> {
        if ApiKey::is_prefix(&self.prefix) {
            return None;
        }
        Some(ConfigError::InvalidName {
            setting: "api_keys.prefix",
            name: self.prefix.clone(),
            rule: "at most 20 lower case letters, digits and `_`, the first a letter, the last `_`",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_errors_are_returned_at_once() {
        assert_eq!(ApiKeyConfig::default().validate(), []);
        let config = ApiKeyConfig {
            prefix: "Key-".to_owned(),
            max_keys: 0,
            max_sign_in_age: Duration::MAX,
            max_lifetime: Some(Duration::ZERO),
            ..ApiKeyConfig::default()
        };
        let errors = config.validate();
        assert_eq!(errors.len(), 4, "{errors:#?}");
        assert!(matches!(&errors[0], ConfigError::InvalidName { name, .. } if name == "Key-"));
    }
}
