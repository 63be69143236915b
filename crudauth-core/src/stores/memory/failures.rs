//! The failures, the lock and the level of one counter.

use chrono::{DateTime, Utc};

use crate::guard::store::LockRule;

/// A counter of failures. Its default is one without failures.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Failures {
    count: u32,
    window_ends_at: DateTime<Utc>,
    locked_until: DateTime<Utc>,
    /// Number of locks so far; the next one is `base` doubled that often.
    level: u32,
    level_ends_at: DateTime<Utc>,
}

impl Failures {
    /// Returns when the lock ends; `None` if the counter is not locked.
    pub(super) fn lock(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (self.locked_until > now).then_some(self.locked_until)
    }

    /// Returns `true` unless an attempt with the right password has to be refused.
    pub(super) fn admits(&self, rule: &LockRule, now: DateTime<Utc>) -> bool {
        let is_full = self.count >= rule.max_failures && self.window_ends_at > now;
        self.lock(now).is_none() && !is_full
    }

    /// Records a failure and returns when the lock ends, as
    /// [`CounterStore::record_failure`](crate::guard::store::CounterStore::record_failure) does.
    pub(super) fn record(&mut self, rule: &LockRule, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.lock(now).is_some() {
            return self.lock(now);
        }
        if self.window_ends_at <= now {
            self.count = 0;
            self.window_ends_at = now + rule.window;
        }
        self.count = self.count.saturating_add(1);
        if self.count > rule.max_failures {
            let level = if self.level_ends_at > now { self.level } else { 0 };
            let locked_until = now + rule.lock_length(level);
            *self = Self {
                count: 0,
                window_ends_at: DateTime::UNIX_EPOCH,
                locked_until,
                level: level.saturating_add(1),
                level_ends_at: locked_until + rule.escalation_window,
            };
        }
        self.lock(now)
    }

    /// Takes the failures of `pair` off this counter of a network. A window of the network that
    /// ends after the pair's window started later, and has other failures.
    pub(super) fn refund(&mut self, pair: &Self, now: DateTime<Utc>) {
        if self.window_ends_at > now && self.window_ends_at <= pair.window_ends_at {
            self.count = self.count.saturating_sub(pair.count);
        }
    }

    /// Returns `true` if the counter has no effect any more.
    pub(super) fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.window_ends_at <= now && self.locked_until <= now && self.level_ends_at <= now
    }
}
