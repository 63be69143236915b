//! How long sessions live, and how many an account may have.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::LONGEST;

crate::settings! {
    /// Settings of sessions. Safe when nothing is said.
    #[derive(Clone, Copy, Debug)]
    pub struct SessionConfig {
        /// How long a session lives without being used (default 30 minutes, at least 1 minute).
        idle_timeout: Duration = Duration::from_secs(30 * 60),
        /// The same for one that was opened with "remember me" (default 30 days).
        remembered_idle_timeout: Duration = Duration::from_secs(30 * 24 * 3600),
        /// How long one lives however often it is used (default: as long as it is used).
        absolute_timeout: Option<Duration> as impl Into<Option<Duration>> = None,
        /// How many an account may have; a sign-in beyond that ends the least recently active
        /// (default 5, at least 1).
        max_sessions: u32 = 5,
        /// How recent a sign-in must be to give an account its first password (default 10 minutes;
        /// zero: never).
        max_sign_in_age: Duration = Duration::from_secs(600),
    }
}

impl SessionConfig {
    /// What is wrong with the settings, each in a sentence.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        let minute = Duration::from_secs(60);
        let mut mistakes = Vec::new();
        for (name, value) in [
            ("idle_timeout", Some(self.idle_timeout)),
            ("remembered_idle_timeout", Some(self.remembered_idle_timeout)),
            ("absolute_timeout", self.absolute_timeout),
        ] {
            if value.is_some_and(|value| value < minute || value > LONGEST) {
                mistakes.push(format!("sessions: `{name}` must be one minute to 100 years"));
            }
        }
        let day = Duration::from_secs(24 * 3600);
        if self.max_sign_in_age > day {
            mistakes.push(
                "sessions: `max_sign_in_age` must be a day at most; zero closes it".to_owned(),
            );
        }
        if self.max_sessions == 0 {
            mistakes.push("sessions: `max_sessions` must be at least 1".to_owned());
        }
        mistakes
    }

    /// Activity is recorded no more often than this: a write at every request would cost more than
    /// the request.
    pub(crate) fn extension_interval(&self) -> TimeDelta {
        TimeDelta::seconds(60)
    }

    /// Until when a session lives that is active now.
    pub(crate) fn expiry(
        &self,
        is_remembered: bool,
        ends_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> DateTime<Utc> {
        let idle =
            now + if is_remembered { self.remembered_idle_timeout } else { self.idle_timeout };
        ends_at.map_or(idle, |ends_at| ends_at.min(idle))
    }
}
