//! How long sessions live, and how many an account may have.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::ports::LONGEST;

/// Settings of sessions. Safe when nothing is said.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SessionConfig {
    /// How long a session lives without being used (default 30 minutes, at least 1 minute).
    pub idle: Duration,
    /// The same for one that was opened with "remember me" (default 30 days).
    pub remembered_idle: Duration,
    /// How long one lives however often it is used (default: as long as it is used).
    pub absolute: Option<Duration>,
    /// How many an account may have; a sign-in beyond that ends the least recently active
    /// (default 5, at least 1).
    pub cap: u32,
    /// How recent a sign-in must be to give an account its first password (default 10 minutes).
    pub fresh: Duration,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(30 * 60),
            remembered_idle: Duration::from_secs(30 * 24 * 3600),
            absolute: None,
            cap: 5,
            fresh: Duration::from_secs(600),
        }
    }
}

impl SessionConfig {
    /// What is wrong with the settings, each in a sentence.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        let minute = Duration::from_secs(60);
        let mut mistakes = Vec::new();
        for (name, value) in [
            ("idle", Some(self.idle)),
            ("remembered_idle", Some(self.remembered_idle)),
            ("absolute", self.absolute),
        ] {
            if value.is_some_and(|value| value < minute || value > LONGEST) {
                mistakes.push(format!("sessions: `{name}` must be one minute to 100 years"));
            }
        }
        let day = Duration::from_secs(24 * 3600);
        if self.fresh > day {
            mistakes.push("sessions: `fresh` must be a day at most; zero closes it".to_owned());
        }
        if self.cap == 0 {
            mistakes.push("sessions: `cap` must be at least 1".to_owned());
        }
        mistakes
    }

    /// Activity is recorded no more often than this: a write at every request would cost more than
    /// the request.
    pub(super) fn slide_every(&self) -> chrono::TimeDelta {
        chrono::TimeDelta::seconds(60)
    }

    /// Until when a session lives that is active now.
    pub(super) fn expiry(
        &self,
        is_remembered: bool,
        ends_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> DateTime<Utc> {
        let idle = now + if is_remembered { self.remembered_idle } else { self.idle };
        ends_at.map_or(idle, |ends_at| ends_at.min(idle))
    }
}
