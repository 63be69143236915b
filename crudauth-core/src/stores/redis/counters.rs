//! Rate limits and failures in Redis.
//!
//! | key | value |
//! | --- | --- |
//! | `{prefix}:uses:{name}` | instants of the uses of a rate limit, the latest first |
//! | `{prefix}:failures:{name}` | failures, window, lock and level of a counter |
//!
//! The scripts repeat the rule of [`LockState`], so that each is one atomic step. A test compares
//! them with it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use redis::cmd;

use super::link::NO_ARGUMENTS;
use super::{RedisStore, SLACK, WhenAway, duration_millis, instant, millis};
use crate::guard::LockState;
use crate::guard::store::{
    AttemptCounters, CounterStore, LockRule, RateLimit, RateLimitOutcome, Refund,
};
use crate::model::CounterName;
use crate::store_error::StoreError;

/// Returns how many uses are left and 0, or -1 and the use that has to leave the window.
const HIT: &str = "
    local now, window, limit, slack = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4]
    local since = now - window
    local oldest = redis.call('LINDEX', KEYS[1], -1)
    while oldest and tonumber(oldest) <= since do
        redis.call('RPOP', KEYS[1])
        oldest = redis.call('LINDEX', KEYS[1], -1)
    end
    local used = redis.call('LLEN', KEYS[1])
    if used >= limit then
        return {-1, tonumber(redis.call('LINDEX', KEYS[1], limit - 1))}
    end
    redis.call('LPUSH', KEYS[1], ARGV[1])
    redis.call('PEXPIRE', KEYS[1], window + slack)
    return {limit - used - 1, 0}";

/// Records a failure. Returns when the lock ends, or 0.
const RECORD_FAILURE: &str = "
    local now, slack = tonumber(ARGV[1]), tonumber(ARGV[2])
    local max_failures, window = tonumber(ARGV[3]), tonumber(ARGV[4])
    local base, max, escalation_window = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
    local counter = redis.call('HMGET', KEYS[1],
        'failures', 'window_ends_at', 'locked_until', 'level', 'level_ends_at')
    local failures = tonumber(counter[1] or 0)
    local window_ends_at = tonumber(counter[2] or 0)
    local locked_until = tonumber(counter[3] or 0)
    local level = tonumber(counter[4] or 0)
    local level_ends_at = tonumber(counter[5] or 0)
    if locked_until > now then
        return locked_until
    end
    if window_ends_at <= now then
        failures = 0
        window_ends_at = now + window
    end
    failures = failures + 1
    if failures > max_failures then
        if level_ends_at <= now then
            level = 0
        end
        failures = 0
        window_ends_at = 0
        locked_until = now + math.min(base * 2 ^ math.min(level, 60), max)
        level = level + 1
        level_ends_at = locked_until + escalation_window
    end
    redis.call('HSET', KEYS[1], 'failures', failures, 'window_ends_at', window_ends_at,
        'locked_until', locked_until, 'level', level, 'level_ends_at', level_ends_at)
    redis.call('PEXPIRE', KEYS[1], math.max(window_ends_at, level_ends_at) - now + slack)
    if locked_until > now then
        return locked_until
    end
    return 0";

/// Clears a counter unless it refuses the attempt. Returns 1 if it does not refuse.
const CLEAR_UNLESS_FULL: &str = "
    local now, max_failures = tonumber(ARGV[1]), tonumber(ARGV[2])
    local counter = redis.call('HMGET', KEYS[1], 'failures', 'window_ends_at', 'locked_until')
    local is_full = tonumber(counter[1] or 0) >= max_failures and tonumber(counter[2] or 0) > now
    if is_full or tonumber(counter[3] or 0) > now then
        return 0
    end
    redis.call('DEL', KEYS[1])
    return 1";

/// Clears a counter. Returns its failures and the end of its window to one caller.
const TAKE_FAILURES: &str = "
    local counter = redis.call('HMGET', KEYS[1], 'failures', 'window_ends_at')
    redis.call('DEL', KEYS[1])
    return {tonumber(counter[1] or 0), tonumber(counter[2] or 0)}";

/// Takes failures off a counter. If its window ends after that of the failures, it started later,
/// and has other failures.
const REFUND: &str = "
    local now, refunded, own_ends_at = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
    local counter = redis.call('HMGET', KEYS[1], 'failures', 'window_ends_at')
    local window_ends_at = tonumber(counter[2] or 0)
    if window_ends_at > now and window_ends_at <= own_ends_at then
        redis.call('HSET', KEYS[1], 'failures', math.max(counter[1] - refunded, 0))
    end";

#[async_trait]
impl CounterStore for RedisStore {
    async fn hit(
        &self,
        name: &CounterName,
        limit: RateLimit,
        now: DateTime<Utc>,
    ) -> Result<RateLimitOutcome, StoreError> {
        let key = self.key("uses", name.as_bytes());
        let arguments = (millis(now), duration_millis(limit.window), limit.limit, SLACK);
        match self.0.link.eval(HIT, &key, arguments).await {
            Ok((remaining, leaving)) => Ok(outcome(remaining, instant(leaving), limit, now)),
            Err(error @ StoreError::Unavailable(_))
                if self.0.rate_limits_when_away == WhenAway::Allow =>
            {
                self.warn_of_open_rate_limits(&error);
                Ok(RateLimitOutcome::Allowed { remaining: limit.limit.saturating_sub(1) })
            }
            Err(error) => Err(error),
        }
    }

    async fn locked_until(
        &self,
        names: &[CounterName],
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let states = try_join_all(names.iter().map(|&name| self.state(name))).await?;
        Ok(states.iter().filter_map(|state| state.lock(now)).max())
    }

    async fn record_failure(
        &self,
        counters: &[(CounterName, LockRule)],
        now: DateTime<Utc>,
    ) -> Result<Vec<Option<DateTime<Utc>>>, StoreError> {
        // A name that is given twice counts once.
        let mut distinct = BTreeMap::new();
        for (name, rule) in counters {
            distinct.entry(*name).or_insert(rule);
        }
        let records = distinct.into_iter().map(|(name, rule)| async move {
            Ok::<_, StoreError>((name, self.record_one(name, rule, now).await?))
        });
        let locks: BTreeMap<_, _> = try_join_all(records).await?.into_iter().collect();
        Ok(counters.iter().map(|(name, _)| locks.get(name).copied().flatten()).collect())
    }

    async fn admit(
        &self,
        attempt: &AttemptCounters,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        // All are checked first, so that a refusal changes nothing.
        let admissions = attempt.checked.iter().map(|(name, rule)| async move {
            Ok::<_, StoreError>(self.state(*name).await?.admits(rule, now))
        });
        if try_join_all(admissions).await?.contains(&false) {
            return Ok(false);
        }
        let mut unchecked = attempt.cleared.clone();
        unchecked.retain(|cleared| !attempt.checked.iter().any(|(name, _)| name == cleared));
        let checked = attempt.checked.iter().filter(|(name, _)| attempt.cleared.contains(name));
        let clearings = checked.map(|(name, rule)| self.clear_unless_full(*name, rule, now));
        if try_join_all(clearings).await?.contains(&false) {
            // Failures that were recorded since the first check.
            return Ok(false);
        }
        self.clear(&unchecked).await?;
        try_join_all(attempt.refunds.iter().map(|refund| self.refund(refund, now))).await?;
        Ok(true)
    }

    async fn clear(&self, names: &[CounterName]) -> Result<(), StoreError> {
        let deletions = names.iter().map(|name| async move {
            let delete = cmd("DEL").arg(self.failures_key(*name)).to_owned();
            self.0.link.call::<()>(&delete).await
        });
        try_join_all(deletions).await?;
        Ok(())
    }

    async fn purge(&self, _now: DateTime<Utc>, _limit: u32) -> Result<u64, StoreError> {
        Ok(0)
    }
}

impl RedisStore {
    fn failures_key(&self, name: CounterName) -> String {
        self.key("failures", name.as_bytes())
    }

    /// The part of a counter that decides about an attempt.
    async fn state(&self, name: CounterName) -> Result<LockState, StoreError> {
        let get = cmd("HMGET")
            .arg(self.failures_key(name))
            .arg(&["failures", "window_ends_at", "locked_until"])
            .to_owned();
        let (failures, window_ends_at, locked_until): (Option<u32>, Option<i64>, Option<i64>) =
            self.0.link.call(&get).await?;
        Ok(LockState {
            failures: failures.unwrap_or_default(),
            window_ends_at: instant(window_ends_at.unwrap_or_default()),
            locked_until: instant(locked_until.unwrap_or_default()),
            ..LockState::default()
        })
    }

    async fn record_one(
        &self,
        name: CounterName,
        rule: &LockRule,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let arguments = (
            millis(now),
            SLACK,
            rule.max_failures,
            duration_millis(rule.window),
            duration_millis(rule.base),
            duration_millis(rule.max),
            duration_millis(rule.escalation_window),
        );
        let key = self.failures_key(name);
        let locked_until: i64 = self.0.link.eval(RECORD_FAILURE, &key, arguments).await?;
        Ok((locked_until > 0).then(|| instant(locked_until)))
    }

    async fn clear_unless_full(
        &self,
        name: CounterName,
        rule: &LockRule,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let arguments = (millis(now), rule.max_failures);
        self.0.link.eval(CLEAR_UNLESS_FULL, &self.failures_key(name), arguments).await
    }

    /// Takes the failures before the refund, so that of several calls at once one refunds. If Redis
    /// fails in between, the shared counters stay as they are, which is the strict side.
    async fn refund(&self, refund: &Refund, now: DateTime<Utc>) -> Result<(), StoreError> {
        let key = self.failures_key(refund.own);
        let (failures, window_ends_at): (u32, i64) =
            self.0.link.eval(TAKE_FAILURES, &key, NO_ARGUMENTS).await?;
        if failures == 0 {
            return Ok(());
        }
        let arguments = (millis(now), failures, window_ends_at);
        let reductions = refund.from.iter().map(|&name| async move {
            self.0.link.eval::<()>(REFUND, &self.failures_key(name), arguments).await
        });
        try_join_all(reductions).await?;
        Ok(())
    }
}

fn outcome(
    remaining: i64,
    leaving: DateTime<Utc>,
    limit: RateLimit,
    now: DateTime<Utc>,
) -> RateLimitOutcome {
    match u32::try_from(remaining) {
        Ok(remaining) => RateLimitOutcome::Allowed { remaining },
        Err(_) => {
            let retry_after = (leaving + limit.window - now).to_std().unwrap_or_default();
            RateLimitOutcome::Exceeded { retry_after }
        }
    }
}
