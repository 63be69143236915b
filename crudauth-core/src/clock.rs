//! Time comes in through here, so that a test can turn it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// The longest time that a setting may name: far beyond any use, and near enough for a calendar.
pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// How far another server's clock may be ahead of ours.
pub(crate) const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// Tells what time it is. One reading serves one decision.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock: the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[expect(clippy::disallowed_methods, reason = "this is the port")]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        // To the millisecond, which is what stores keep: what is answered now and what is listed
        // later are one text.
        Utc::now().trunc_subsecs(3)
    }
}

/// A clock that a test turns by hand; it starts at the moment it is made and stands still.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the port")]
impl Default for ManualClock {
    fn default() -> Self {
        Self(AtomicI64::new(Utc::now().timestamp_millis()))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst))
            .unwrap_or(DateTime::UNIX_EPOCH)
    }
}
