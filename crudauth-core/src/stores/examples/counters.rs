use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use crudauth_core::StoreError;
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
    failures: HashMap<CounterName, Failures>,
}

#[derive(Default)]
struct Failures {
    count: u32,
    window_ends_at: DateTime<Utc>,
    locked_until: DateTime<Utc>,
    level: u32,
    level_ends_at: DateTime<Utc>,
}

impl Failures {
    fn lock(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (self.locked_until > now).then_some(self.locked_until)
    }

    fn admits(&self, rule: &LockRule, now: DateTime<Utc>) -> bool {
        let is_full = self.count >= rule.max_failures && self.window_ends_at > now;
        self.lock(now).is_none() && !is_full
    }

    fn record(&mut self, rule: &LockRule, now: DateTime<Utc>) {
        if self.lock(now).is_some() {
            return;
        }
        if self.window_ends_at <= now {
            self.count = 0;
            self.window_ends_at = now + rule.window;
        }
        self.count += 1;
        if self.count > rule.max_failures {
            let level = if self.level_ends_at > now { self.level } else { 0 };
            self.count = 0;
            self.locked_until = now + rule.lock_length(level);
            self.level = level + 1;
            self.level_ends_at = self.locked_until + rule.escalation_window;
            self.window_ends_at = now;
        }
    }

    fn ends_at(&self) -> DateTime<Utc> {
        self.window_ends_at.max(self.locked_until).max(self.level_ends_at)
    }
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
                maps.failures.entry(*name).or_default().record(rule, now);
            }
        }
        Ok(counters.iter().map(|(name, _)| maps.failures[name].lock(now)).collect())
    }

    async fn admit(
        &self,
        attempt: &AttemptCounters,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut maps = self.0.lock().unwrap();
        let admits = |(name, rule): &(CounterName, LockRule)| {
            maps.failures.get(name).is_none_or(|failures| failures.admits(rule, now))
        };
        if !attempt.checked.iter().all(admits) {
            return Ok(false);
        }
        for refund in &attempt.refunds {
            let Some(own) = maps.failures.remove(&refund.own) else { continue };
            for name in &refund.from {
                if let Some(shared) = maps.failures.get_mut(name)
                    // A window that ends later started later, without these failures.
                    && shared.window_ends_at > now
                    && shared.window_ends_at <= own.window_ends_at
                {
                    shared.count = shared.count.saturating_sub(own.count);
                }
            }
        }
        maps.failures.retain(|name, _| !attempt.cleared.contains(name));
        Ok(true)
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
        maps.failures.retain(|_, failures| is_kept(failures.ends_at()));
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
