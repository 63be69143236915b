//! The rule of a counter of failures, for stores that keep its state as one record.
//!
//! The scripts of the Redis store repeat it, and a test compares them with it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::store::{AttemptCounters, LockRule};
use crate::model::CounterName;

/// State of a counter of failed sign-ins.
///
/// A [`CounterStore`](super::store::CounterStore) that reads a record, changes it and writes it back
/// in one atomic step leaves the rule to this type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockState {
    /// Failures in the window.
    pub failures: u32,
    /// When the window ends.
    pub window_ends_at: DateTime<Utc>,
    /// How many locks came one after the other.
    pub level: u32,
    /// Until when the next lock doubles.
    pub level_until: DateTime<Utc>,
    /// When the lock ends; in the past if there is none.
    pub locked_until: DateTime<Utc>,
}

impl Default for LockState {
    fn default() -> Self {
        Self {
            failures: 0,
            window_ends_at: DateTime::UNIX_EPOCH,
            level: 0,
            level_until: DateTime::UNIX_EPOCH,
            locked_until: DateTime::UNIX_EPOCH,
        }
    }
}

impl LockState {
    /// Returns when the lock ends, if the counter is locked.
    #[must_use]
    pub fn lock(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (self.locked_until > now).then_some(self.locked_until)
    }

    /// Returns `true` if an attempt with the right password may pass.
    #[must_use]
    pub fn admits(&self, rule: &LockRule, now: DateTime<Utc>) -> bool {
        let is_used_up = self.failures >= rule.max_failures && self.window_ends_at > now;
        self.lock(now).is_none() && !is_used_up
    }

    /// Records a failure; locks the counter if it passes `rule.max_failures`. A locked counter does
    /// not change.
    pub fn record_failure(&mut self, rule: &LockRule, now: DateTime<Utc>) {
        if self.lock(now).is_some() {
            return;
        }
        if self.window_ends_at <= now {
            self.failures = 0;
            self.window_ends_at = now + rule.window;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures > rule.max_failures {
            let level = if self.level_until > now { self.level } else { 0 };
            self.locked_until = now + rule.lock_length(level);
            // Counted from the end of the lock, or the longest one would outlive its own level.
            self.level_until = self.locked_until + rule.escalation_window;
            self.level = level.saturating_add(1);
            self.failures = 0;
            self.window_ends_at = DateTime::UNIX_EPOCH;
        }
    }

    /// Takes back the failures that `own` counted, if they fall into the present window. The lock
    /// and the level stay.
    pub fn refund(&mut self, own: &Self, now: DateTime<Utc>) {
        // A window that ends later began later: it has none of these failures.
        let is_same_window = self.window_ends_at > now && self.window_ends_at <= own.window_ends_at;
        if is_same_window {
            self.failures = self.failures.saturating_sub(own.failures);
        }
    }

    /// Returns when the record has no effect any more.
    #[must_use]
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.window_ends_at.max(self.level_until).max(self.locked_until)
    }
}

impl AttemptCounters {
    /// Decides about the attempt by the states of its counters, and changes them as a success does:
    /// [`CounterStore::admit`](super::store::CounterStore::admit) of a store that reads them and
    /// writes them back in one atomic step.
    ///
    /// Returns `false`, and changes nothing, if one of [`checked`](Self::checked) refuses.
    pub fn admit(&self, states: &mut HashMap<CounterName, LockState>, now: DateTime<Utc>) -> bool {
        let refuses = |(name, rule): &(CounterName, LockRule)| {
            states.get(name).is_some_and(|state| !state.admits(rule, now))
        };
        if self.checked.iter().any(refuses) {
            return false;
        }
        for refund in &self.refunds {
            let Some(own) = states.remove(&refund.own) else { continue };
            for name in &refund.from {
                if let Some(state) = states.get_mut(name) {
                    state.refund(&own, now);
                }
            }
        }
        for name in &self.cleared {
            states.remove(name);
        }
        true
    }
}

#[cfg(test)]
#[path = "lock_state_tests.rs"]
mod tests;
