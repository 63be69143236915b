//! Port of the counters: rate limits, and the failures and locks of sign-in.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::CounterName;
use crate::store_error::StoreError;

/// Keeps counters.
///
/// Each verb is atomic for each counter that it names, also across processes; it need not be atomic
/// over several counters, so that a store may keep each one on another machine.
///
/// Time is always the argument `now`, never the clock of the store.
///
/// A complete implementation:
///
/// ```
#[doc = include_str!("../stores/examples/counters.rs")]
/// ```
#[async_trait]
pub trait CounterStore: Send + Sync + 'static {
    /// Counts one use, unless the limit is exceeded: then nothing changes.
    ///
    /// The limit holds for any stretch of time of its length. `limit.limit` is at least 1 and at
    /// most [`RateLimit::MAX`].
    async fn hit(
        &self,
        name: &CounterName,
        limit: RateLimit,
        now: DateTime<Utc>,
    ) -> Result<RateLimitOutcome, StoreError>;

    /// Returns when the last of the locks on these counters ends; `None` if none is locked.
    async fn locked_until(
        &self,
        names: &[CounterName],
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError>;

    /// Records one failure on each of these counters, each under its own rule. Returns for each, in
    /// order, when its lock ends.
    ///
    /// A window starts with its first failure. A counter that passes `max_failures` of its rule
    /// within its window is locked, each lock twice as long as the one before; its failures are
    /// forgotten. On a counter that is locked nothing is recorded and nothing changes. A counter
    /// that is given twice counts once, under the first rule.
    async fn record_failure(
        &self,
        counters: &[(CounterName, LockRule)],
        now: DateTime<Utc>,
    ) -> Result<Vec<Option<DateTime<Utc>>>, StoreError>;

    /// Admits an attempt with the right password. Returns `false`, and changes nothing, if one of
    /// `attempt.checked` is locked or has `max_failures` of its rule in its window.
    ///
    /// Failures are recorded after the password was verified, so this check closes the race of
    /// parallel guesses: whatever their number, no more of them are answered than `max_failures`
    /// allows. An attempt that is admitted clears `attempt.cleared`, check and clearing of one
    /// counter in one step, and takes back each of `attempt.refunds` once, however many attempts
    /// run at the same time. Locks, and how long the next one will be, stay.
    async fn admit(
        &self,
        attempt: &AttemptCounters,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Forgets failures, lock and level of these counters.
    async fn clear(&self, names: &[CounterName]) -> Result<(), StoreError>;

    /// Deletes at most `limit` counters that have no effect any more and returns how many were
    /// deleted. A store that expires counters by itself returns 0.
    async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError>;
}

/// The counters of one attempt to sign in.
#[derive(Clone, Debug, Default)]
pub struct AttemptCounters {
    /// The counters that decide, each with its rule.
    pub checked: Vec<(CounterName, LockRule)>,
    /// The counters that a success clears.
    pub cleared: Vec<CounterName>,
    /// The failures that a success takes back.
    pub refunds: Vec<Refund>,
}

/// Failures of one account from one network, which a success takes off counters that others share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Counter of the failures that are taken back; it is cleared.
    pub own: CounterName,
    /// Counters that the failures are taken off: those of the network, the account and the typed
    /// text. Failures of an earlier window of these counters are not taken back. All windows have
    /// the same length.
    pub from: Vec<CounterName>,
}

/// At most `limit` uses within `window`, however they are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Number of uses; 0 switches the limit off.
    pub limit: u32,
    /// Length of the window.
    pub window: Duration,
}

impl RateLimit {
    /// The highest `limit`: stores keep the instant of each use, so that the rule is exact.
    pub const MAX: u32 = 1000;

    /// `limit` uses within any time of the length of `window`.
    #[must_use]
    pub const fn new(limit: u32, window: Duration) -> Self {
        Self { limit, window }
    }

    /// `limit` uses within any hour.
    #[must_use]
    pub const fn per_hour(limit: u32) -> Self {
        Self::new(limit, Duration::from_secs(3600))
    }
}

/// Result of one use of a rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateLimitOutcome {
    /// The use was counted.
    Allowed {
        /// Uses left.
        remaining: u32,
    },
    /// The limit is exceeded; the use was not counted.
    Exceeded {
        /// Time until the oldest counted use leaves the window.
        retry_after: Duration,
    },
}

/// When a counter of failures is locked, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockRule {
    /// Failures in a window that do not lock.
    pub max_failures: u32,
    /// Length of the window, which starts with its first failure.
    pub window: Duration,
    /// Length of the first lock; each further one doubles.
    pub base: Duration,
    /// Longest lock.
    pub max: Duration,
    /// How long after a lock has ended the next one still doubles.
    pub escalation_window: Duration,
}

impl LockRule {
    /// Length of a lock at this level: `base`, doubled `level` times, at most `max`.
    #[must_use]
    pub fn lock_length(&self, level: u32) -> Duration {
        let factor = 1_u32.checked_shl(level).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.max)
    }
}
