//! Rate limits and failures in memory.

use std::collections::{HashMap, VecDeque};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{MemoryStore, remove_expired};
use crate::guard::store::{AttemptCounters, CounterStore, LockRule, RateLimit, RateLimitOutcome};
use crate::model::CounterName;
use crate::store_error::StoreError;

/// The uses of a rate limit, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Uses {
    at: VecDeque<DateTime<Utc>>,
    expires_at: DateTime<Utc>,
}

impl Uses {
    fn hit(&mut self, limit: RateLimit, now: DateTime<Utc>) -> RateLimitOutcome {
        let since = now - limit.window;
        while self.at.front().is_some_and(|&use_at| use_at <= since) {
            self.at.pop_front();
        }
        let max = limit.limit as usize;
        if let Some(next) = self.at.len().checked_sub(max) {
            let leaves_at = self.at.get(next).map_or(now, |&use_at| use_at + limit.window);
            let retry_after = (leaves_at - now).to_std().unwrap_or_default();
            return RateLimitOutcome::Exceeded { retry_after };
        }
        self.at.push_back(now);
        self.expires_at = now + limit.window;
        let remaining =
            limit.limit.saturating_sub(u32::try_from(self.at.len()).unwrap_or(u32::MAX));
        RateLimitOutcome::Allowed { remaining }
    }
}

#[async_trait]
impl CounterStore for MemoryStore {
    async fn hit(
        &self,
        name: &CounterName,
        limit: RateLimit,
        now: DateTime<Utc>,
    ) -> Result<RateLimitOutcome, StoreError> {
        Ok(self.lock().rate_limits.entry(*name).or_default().hit(limit, now))
    }

    async fn locked_until(
        &self,
        names: &[CounterName],
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let state = self.lock();
        Ok(names.iter().filter_map(|name| state.failures.get(name)?.lock(now)).max())
    }

    async fn record_failure(
        &self,
        counters: &[(CounterName, LockRule)],
        now: DateTime<Utc>,
    ) -> Result<Vec<Option<DateTime<Utc>>>, StoreError> {
        let mut state = self.lock();
        let mut locks = HashMap::new();
        for (name, rule) in counters {
            let counter = state.failures.entry(*name).or_default();
            // A name that is given twice counts once.
            locks.entry(name).or_insert_with(|| {
                counter.record_failure(rule, now);
                counter.lock(now)
            });
        }
        Ok(counters.iter().map(|(name, _)| locks.get(name).copied().flatten()).collect())
    }

    async fn admit(
        &self,
        attempt: &AttemptCounters,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        Ok(attempt.admit(&mut self.lock().failures, now))
    }

    async fn clear(&self, names: &[CounterName]) -> Result<(), StoreError> {
        let mut state = self.lock();
        for name in names {
            state.failures.remove(name);
        }
        Ok(())
    }

    async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let limit = u64::from(limit);
        let mut state = self.lock();
        let failures =
            remove_expired(&mut state.failures, limit, |_, counter| counter.expires_at() <= now);
        let rate_limits = remove_expired(&mut state.rate_limits, limit - failures, |_, uses| {
            uses.expires_at <= now
        });
        Ok(failures + rate_limits)
    }
}
