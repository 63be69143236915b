//! How long bearer tokens live, what they may carry, and what signs them.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Signing;
use crate::clock::LONGEST;
use crate::model::Scopes;

crate::settings! {
    /// Settings of the `bearer` slice. Safe when nothing is said.
    #[derive(Clone, Debug)]
    pub struct BearerConfig {
        /// How long an access token works (default 15 minutes, at least 1 second).
        access_lifetime: Duration = Duration::from_secs(15 * 60),
        /// How long a refresh token may be used after it was issued (default 30 days). Each use
        /// issues a successor that lives as long again.
        refresh_lifetime: Duration = Duration::from_secs(30 * 24 * 3600),
        /// When a sign-in ends however often it is refreshed (default 90 days; `None`: not at all).
        /// Whoever has stolen a refresh token from somebody who is away keeps it no longer.
        absolute_timeout: Option<Duration> as impl Into<Option<Duration>> = Some(Duration::from_secs(90 * 24 * 3600)),
        /// For how long a refresh token that was just used is answered with the same successor
        /// again (default: not at all; at most 1 minute).
        ///
        /// Without it a client that sends one refresh token twice, be it only because the first
        /// answer got lost, has signed itself out: nobody can tell it from a thief.
        grace: Duration = Duration::ZERO,
        /// Who issues the tokens: `iss` (default `crudauth`).
        issuer: String as impl Into<String> = "crudauth".to_owned(),
        /// Whom they are for: `aud` (default: the table of the accounts). Tokens for anybody else
        /// are refused.
        audience: Option<String> | String = None,
        /// What a client gets that asks for no scope (default: nothing).
        default_scopes: Scopes as impl Into<Scopes> = Scopes::default(),
        /// What may be granted at all (default: the former).
        grantable_scopes: Option<Scopes> | Scopes = None,
        /// How many sign-ins an account may have at once; one beyond that ends the least recently
        /// used (default 50, at least 1).
        max_sign_ins: u32 = 50,
        /// Whether an access token that was good once is taken at its word until it expires
        /// (default: no, each request is one look-up by key).
        ///
        /// It saves the look-up, and this is what it costs: **whoever logs out, changes their
        /// password, is disabled or deleted, or has a token revoked is let in with the access
        /// tokens they have until these expire**, and handlers see the account as it was at a
        /// token's first use. Choose a short [`access_lifetime`](Self::access_lifetime) with it.
        /// Refreshing is not affected.
        trust_until_expiry: bool = false,
        /// What signs access tokens (default: HMAC-SHA-256 with a key derived from the app's
        /// secret).
        signing: Signing = Signing::default(),
    }
}

impl BearerConfig {
    const LONGEST_GRACE: Duration = Duration::from_secs(60);

    /// Long enough for any URL, and short enough to leave a token room.
    const LONGEST_NAME: usize = 200;

    /// What is wrong with the settings, each in a sentence.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        let second = Duration::from_secs(1);
        for (name, value) in [
            ("access_lifetime", Some(self.access_lifetime)),
            ("refresh_lifetime", Some(self.refresh_lifetime)),
            ("absolute_timeout", self.absolute_timeout),
        ] {
            if value.is_some_and(|value| value < second || value > LONGEST) {
                mistakes.push(format!("bearer: `{name}` must be one second to 100 years"));
            }
        }
        if self.access_lifetime > self.refresh_lifetime {
            mistakes.push(
                "bearer: `access_lifetime` must not be longer than `refresh_lifetime`".to_owned(),
            );
        }
        if self.absolute_timeout.is_some_and(|absolute| absolute < self.access_lifetime) {
            mistakes.push(
                "bearer: `access_lifetime` must not be longer than `absolute_timeout`".to_owned(),
            );
        }
        if self.grace > Self::LONGEST_GRACE {
            mistakes.push("bearer: `grace` must be one minute at most".to_owned());
        }
        for (name, value) in [("issuer", Some(&self.issuer)), ("audience", self.audience.as_ref())]
        {
            if value.is_some_and(|it| it.is_empty() || it.len() > Self::LONGEST_NAME) {
                mistakes.push(format!("bearer: `{name}` must have 1 to 200 bytes"));
            }
        }
        if !self.grantable().contains_all(&self.default_scopes) {
            mistakes.push(
                "bearer: every one of `default_scopes` must be among `grantable_scopes`".to_owned(),
            );
        }
        if self.grantable().len() > Scopes::MOST {
            mistakes.push(format!("bearer: there may be {} scopes at most", Scopes::MOST));
        }
        if self.max_sign_ins == 0 {
            mistakes.push("bearer: `max_sign_ins` must be at least 1".to_owned());
        }
        mistakes.extend(self.signing.mistakes());
        mistakes
    }

    /// What may be granted at all.
    #[must_use]
    pub fn grantable(&self) -> &Scopes {
        self.grantable_scopes.as_ref().unwrap_or(&self.default_scopes)
    }

    /// When a refresh token that is issued now expires.
    pub(super) fn refresh_expiry(
        &self,
        ends_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> DateTime<Utc> {
        let expiry = now + self.refresh_lifetime;
        ends_at.map_or(expiry, |ends_at| ends_at.min(expiry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_has_no_mistakes() {
        assert_eq!(BearerConfig::default().mistakes(), Vec::<String>::new());
    }

    #[test]
    fn an_end_is_said_and_taken_back() {
        let day = Duration::from_secs(24 * 3600);
        assert_eq!(BearerConfig::default().absolute_timeout(day).absolute_timeout, Some(day));
        assert_eq!(BearerConfig::default().absolute_timeout(None).absolute_timeout, None);
    }

    #[test]
    fn every_mistake_is_told() {
        let config = BearerConfig {
            access_lifetime: Duration::ZERO,
            refresh_lifetime: Duration::ZERO,
            absolute_timeout: Some(Duration::MAX),
            grace: Duration::from_secs(61),
            issuer: String::new(),
            audience: Some("x".repeat(201)),
            default_scopes: Scopes::parse("read write"),
            grantable_scopes: Some(Scopes::parse("read")),
            max_sign_ins: 0,
            ..BearerConfig::default()
        };
        assert_eq!(config.mistakes().len(), 8, "{:#?}", config.mistakes());
    }

    #[test]
    fn an_access_token_may_not_outlive_what_refreshes_it() {
        let config = BearerConfig {
            access_lifetime: Duration::from_secs(60),
            refresh_lifetime: Duration::from_secs(59),
            absolute_timeout: Some(Duration::from_secs(58)),
            ..BearerConfig::default()
        };
        assert_eq!(config.mistakes().len(), 2, "{:#?}", config.mistakes());
    }
}
