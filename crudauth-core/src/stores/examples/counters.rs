use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use crudauth_core::StoreError;
use crudauth_core::guard::LockState;
use crudauth_core::guard::store::{
    AttemptCounters, CounterStore, LockRule, RateLimit, RateLimitOutcome,
};
use crudauth_core::model::CounterName;

/// Keeps counters in maps. The lock makes each verb atomic, here even over several counters.
#[derive(Default)]
struct Counters(Mutex<Maps>);

#[derive(Default)]
struct Maps {
    uses: HashMap<CounterName, (VecDeque<DateTime<Utc>>, Duration)>,
    failures: HashMap<CounterName, LockState>,
}

#[async_trait]
impl CounterStore for Counters {
    async fn hit(
        &self,
        name: &CounterName,
        limit: RateLimit,
        now: DateTime<Utc>,
    ) -> Result<RateLimitOutcome, StoreError> {
        let mut maps = self.0.lock().unwrap();
        let (uses, window) = maps.uses.entry(*name).or_default();
        *window = limit.window;
        uses.retain(|&used_at| used_at > now - limit.window);
        if uses.len() >= limit.limit as usize {
            let frees_at = uses[uses.len() - limit.limit as usize] + limit.window;
            let retry_after = (frees_at - now).to_std().unwrap_or_default();
            return Ok(RateLimitOutcome::Exceeded { retry_after });
        }
        uses.push_back(now);
        Ok(RateLimitOutcome::Allowed { remaining: limit.limit - uses.len() as u32 })
    }

    async fn locked_until(
        &self,
        names: &[CounterName],
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let maps = self.0.lock().unwrap();
        Ok(names.iter().filter_map(|name| maps.failures.get(name)?.lock(now)).max())
    }

    async fn record_failure(
        &self,
        counters: &[(CounterName, LockRule)],
        now: DateTime<Utc>,
    ) -> Result<Vec<Option<DateTime<Utc>>>, StoreError> {
        let mut maps = self.0.lock().unwrap();
        let mut recorded = BTreeSet::new();
        for (name, rule) in counters {
            if recorded.insert(name) {
                maps.failures.entry(*name).or_default().record_failure(rule, now);
            }
        }
        Ok(counters.iter().map(|(name, _)| maps.failures[name].lock(now)).collect())
    }

    async fn admit(
        &self,
        attempt: &AttemptCounters,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        Ok(attempt.admit(&mut self.0.lock().unwrap().failures, now))
    }

    async fn clear(&self, names: &[CounterName]) -> Result<(), StoreError> {
        self.0.lock().unwrap().failures.retain(|name, _| !names.contains(name));
        Ok(())
    }

    async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let mut maps = self.0.lock().unwrap();
        let mut left = limit;
        let mut is_kept = |ends_at: DateTime<Utc>| {
            let is_deleted = ends_at <= now && left > 0;
            left -= u32::from(is_deleted);
            !is_deleted
        };
        maps.failures.retain(|_, failures| is_kept(failures.expires_at()));
        maps.uses
            .retain(|_, (uses, window)| uses.back().is_some_and(|&last| is_kept(last + *window)));
        Ok(u64::from(limit - left))
    }
}

#[cfg(test)]
mod tests {
    use super::Counters;

    async fn make() -> Counters {
        Counters::default()
    }

    // As `crudauth::testing::store_suite` in an app.
    crudauth_core::store_suite!(counters: make);
}
