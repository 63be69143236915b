//! Settings of bearer tokens: lifetimes, scopes and signing.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Signing;
use crate::clock::LONGEST;
use crate::config_error::ConfigError;
use crate::model::Scopes;
use crate::settings::{MONTH, shorten};

crate::settings! {
    /// Settings of the `bearer` slice.
    #[derive(Clone, Debug)]
    pub struct BearerConfig {
        /// Lifetime of an access token (default 15 minutes; 1 second to 100 years, and at most
        /// [`refresh_lifetime`](Self::refresh_lifetime) and
        /// [`absolute_timeout`](Self::absolute_timeout)).
        access_lifetime: Duration = Duration::from_mins(15),
        /// Lifetime of a refresh token (default 30 days; 1 second to 100 years). Each use issues a
        /// successor with the same lifetime.
        refresh_lifetime: Duration = Duration::from_hours(30 * 24),
        /// Lifetime of a sign-in regardless of use (default 90 days; 1 second to 100 years, `None`:
        /// no limit).
        ///
        /// Without a limit, a thief could refresh a stolen token of an absent owner for ever.
        absolute_timeout: Option<Duration> as impl Into<Option<Duration>> = Some(Duration::from_hours(90 * 24)),
        /// Time after its use in which a refresh token still returns the same successor (default
        /// 10 seconds where the refresh token is in a cookie, which all tabs of a browser share, and
        /// zero where it is in the body; at most 1 minute).
        ///
        /// With zero, a client that sends the same refresh token twice is signed out, even if it
        /// only lost the first response: the server cannot distinguish it from a thief (RFC 9700, section
        /// 4.14.2).
        grace: Option<Duration> | Duration = None,
        /// Issuer of access tokens, claim `iss` (default `crudauth`; 1 to 200 bytes).
        issuer: String as impl Into<String> = "crudauth".to_owned(),
        /// Audience of access tokens, claim `aud` (default: the account table; 1 to 200 bytes).
        /// Tokens for another audience are rejected.
        audience: Option<String> | String = None,
        /// Scopes of a sign-in that requests none (default: none).
        default_scopes: Scopes as impl Into<Scopes> = Scopes::default(),
        /// Scopes that a sign-in may request (default: [`default_scopes`](Self::default_scopes)).
        grantable_scopes: Option<Scopes> | Scopes = None,
        /// Number of sign-ins of one account (default 50, at least 1). A further one ends the least
        /// recently used sign-in.
        max_sign_ins: u32 = 50,
        /// Accepts an access token without a query from its second use until it expires (default
        /// `false`: each request costs one query by primary key).
        ///
        /// **After logout, a password change, revocation, or disabling or deletion of the account,
        /// its access tokens remain valid until they expire**, and handlers see the account as it
        /// was at the first use of the token. Combine it with a short
        /// [`access_lifetime`](Self::access_lifetime). Refreshing is not affected.
        trust_until_expiry: bool = false,
        /// Algorithm and keys that sign access tokens (default: HMAC-SHA-256 with a key derived
        /// from the app's secret).
        signing: Signing = Signing::default(),
    }
}

impl BearerConfig {
    const LONGEST_GRACE: Duration = Duration::from_mins(1);

    /// Long enough for any URL, and short enough to keep tokens small.
    const LONGEST_NAME: usize = 200;

    /// Returns an error for each setting out of its bounds, and for each conflict between two.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let lifetime = Duration::from_secs(1)..=LONGEST;
        let grace = Duration::ZERO..=Self::LONGEST_GRACE;
        let mut errors = ConfigError::found([
            ConfigError::duration("bearer.access_lifetime", self.access_lifetime, lifetime.clone()),
            ConfigError::duration(
                "bearer.refresh_lifetime",
                self.refresh_lifetime,
                lifetime.clone(),
            ),
            ConfigError::duration("bearer.absolute_timeout", self.absolute_timeout, lifetime),
            ConfigError::duration("bearer.grace", self.grace, grace),
            Self::invalid_name("bearer.issuer", &self.issuer),
            self.audience.as_ref().and_then(|it| Self::invalid_name("bearer.audience", it)),
            ConfigError::at_least_one("bearer.max_sign_ins", self.max_sign_ins),
        ]);
        errors.extend(self.exceeding_lifetimes());
        errors.extend(self.invalid_scopes());
        errors.extend(self.signing.validate());
        errors
    }

    /// Applies the limit of `Builder::hardened`. A stricter value is kept.
    #[doc(hidden)]
    pub fn harden(&mut self) {
        shorten(&mut self.absolute_timeout, MONTH);
    }

    fn invalid_name(setting: &'static str, name: &str) -> Option<ConfigError> {
        ConfigError::length(setting, "bytes", name.len(), 1..=Self::LONGEST_NAME)
    }

    /// An access token must not outlive the sign-in that can revoke it.
    fn exceeding_lifetimes(&self) -> impl Iterator<Item = ConfigError> {
        let setting = "bearer.access_lifetime";
        let limits = [
            ("bearer.refresh_lifetime", Some(self.refresh_lifetime)),
            ("bearer.absolute_timeout", self.absolute_timeout),
        ];
        let access_lifetime = self.access_lifetime;
        limits
            .into_iter()
            .filter(move |(_, limit)| limit.is_some_and(|limit| access_lifetime > limit))
            .map(move |(limit, _)| ConfigError::Exceeds { setting, limit })
    }

    fn invalid_scopes(&self) -> Vec<ConfigError> {
        let grantable = self.grantable();
        let setting = "bearer.grantable_scopes";
        let count = ConfigError::length(setting, "scopes", grantable.len(), 0..=Scopes::MOST);
        let mut errors: Vec<_> = count.into_iter().collect();
        let scopes = self.default_scopes.difference(grantable);
        if !scopes.is_empty() {
            errors.push(not_grantable(&scopes));
        }
        errors
    }

    /// The grace period; none unless it is set.
    pub(super) fn grace_period(&self) -> Duration {
        self.grace.unwrap_or_default()
    }

    /// Scopes that a sign-in may request.
    #[must_use]
    pub fn grantable(&self) -> &Scopes {
        self.grantable_scopes.as_ref().unwrap_or(&self.default_scopes)
    }

    /// Returns when a refresh token that is issued now expires.
    pub(super) fn refresh_expiry(
        &self,
        ends_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> DateTime<Utc> {
        let expiry = now + self.refresh_lifetime;
        ends_at.map_or(expiry, |ends_at| ends_at.min(expiry))
    }
}

fn not_grantable(scopes: &Scopes) -> ConfigError {
    ConfigError::Requires {
        setting: "bearer.default_scopes",
        value: scopes.to_string(),
        requirement: "the same scopes in bearer.grantable_scopes",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid() {
        assert_eq!(BearerConfig::default().validate(), []);
    }

    #[test]
    fn the_absolute_timeout_can_be_set_and_removed() {
        let day = Duration::from_hours(24);
        assert_eq!(BearerConfig::default().absolute_timeout(day).absolute_timeout, Some(day));
        assert_eq!(BearerConfig::default().absolute_timeout(None).absolute_timeout, None);
    }

    #[test]
    fn all_errors_are_returned_at_once() {
        let config = BearerConfig {
            access_lifetime: Duration::ZERO,
            refresh_lifetime: Duration::ZERO,
            absolute_timeout: Some(Duration::MAX),
            grace: Some(Duration::from_secs(61)),
            issuer: String::new(),
            audience: Some("x".repeat(201)),
            default_scopes: Scopes::parse("read write"),
            grantable_scopes: Some(Scopes::parse("read")),
            max_sign_ins: 0,
            ..BearerConfig::default()
        };
        let errors = config.validate();
        assert_eq!(errors.len(), 8, "{errors:#?}");
        assert!(errors.contains(&not_grantable(&Scopes::parse("write"))));
    }

    #[test]
    fn an_access_token_must_not_outlive_its_sign_in() {
        let config = BearerConfig {
            access_lifetime: Duration::from_secs(60),
            refresh_lifetime: Duration::from_secs(59),
            absolute_timeout: Some(Duration::from_secs(58)),
            ..BearerConfig::default()
        };
        let setting = "bearer.access_lifetime";
        let exceeds = |limit| ConfigError::Exceeds { setting, limit };
        let limits = ["bearer.refresh_lifetime", "bearer.absolute_timeout"];
        assert_eq!(config.validate(), limits.map(exceeds));
    }
}
