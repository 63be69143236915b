//! The clock port: the only source of time, so that tests can control it.
//!
//! A flow reads the clock once per decision.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// Maximum of any duration in settings (100 years), so that date arithmetic cannot overflow.
pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Tolerance for another server's clock that is ahead of this one.
pub(crate) const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// A source of the current time.
pub trait Clock: Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> DateTime<Utc>;
}

/// The system clock (default).
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[expect(clippy::disallowed_methods, reason = "this is the port")]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        // Stores keep milliseconds, so a response and a later list show the same text.
        Utc::now().trunc_subsecs(3)
    }
}

/// A clock for tests. It starts at the current time and moves only by [`advance`](Self::advance).
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Moves the clock forward by `by`.
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
