//! Settings of sessions: lifetimes and limits.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::LONGEST;
use crate::config_error::ConfigError;
use crate::settings::{MONTH, shorten};

crate::settings! {
    /// Settings of sessions. Timeouts are named as in OWASP's Session Management Cheat Sheet.
    #[derive(Clone, Copy, Debug)]
    pub struct SessionConfig {
        /// Lifetime of a session that is not used (default 30 minutes; 1 minute to 100 years).
        idle_timeout: Duration = Duration::from_mins(30),
        /// The same for a session opened with "remember me" (default 30 days; 1 minute to 100
        /// years).
        remembered_idle_timeout: Duration = Duration::from_hours(30 * 24),
        /// Lifetime of a session regardless of use (default: no limit; 1 minute to 100 years).
        absolute_timeout: Option<Duration> as impl Into<Option<Duration>> = None,
        /// Number of sessions of one account (default 5, at least 1). A further sign-in ends the
        /// least recently used session.
        max_sessions: u32 = 5,
        /// Oldest sign-in that may set the first password of an account (default 10 minutes, at
        /// most 1 day). Zero disables setting a first password.
        max_sign_in_age: Duration = Duration::from_mins(10),
    }
}

impl SessionConfig {
    /// Returns an error for each setting out of its bounds.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let timeout = Duration::from_mins(1)..=LONGEST;
        let sign_in_age = Duration::ZERO..=Duration::from_hours(24);
        [
            ConfigError::duration("session.idle_timeout", self.idle_timeout, timeout.clone()),
            ConfigError::duration(
                "session.remembered_idle_timeout",
                self.remembered_idle_timeout,
                timeout.clone(),
            ),
            ConfigError::duration("session.absolute_timeout", self.absolute_timeout, timeout),
            ConfigError::duration("session.max_sign_in_age", self.max_sign_in_age, sign_in_age),
            ConfigError::at_least_one("session.max_sessions", self.max_sessions),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Applies the limit of `Builder::hardened`. A stricter value is kept.
    #[doc(hidden)]
    pub fn harden(&mut self) {
        shorten(&mut self.absolute_timeout, MONTH);
    }

    /// Shortest time between two updates of `last_activity`. A write on every request would cost
    /// more than the request.
    pub(crate) fn extension_interval(&self) -> TimeDelta {
        TimeDelta::seconds(60)
    }

    /// Returns when a session that is used now expires.
    pub(crate) fn expiry(
        &self,
        is_remembered: bool,
        ends_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> DateTime<Utc> {
        let timeout = if is_remembered { self.remembered_idle_timeout } else { self.idle_timeout };
        let expiry = now + timeout;
        ends_at.map_or(expiry, |ends_at| ends_at.min(expiry))
    }
}
