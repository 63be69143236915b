//! Counters in the app's database.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::LockState;
use super::store::{AttemptCounters, CounterStore, LockRule, RateLimit, RateLimitOutcome};
use crate::model::{AuthUser, CounterName};
use crate::sql::engine::{instant, retrying};
use crate::sql::rows::Columns;
use crate::sql::transaction::Transaction;
use crate::sql::{Backend, ColumnSpec, Engine, Query, SqlStore, TableSpec};
use crate::store_error::StoreError;

/// Uses counted against rate limits.
pub const RATE_LIMITS: TableSpec = TableSpec::new(
    "rate_limits",
    "digest",
    &[ColumnSpec::long_text("hits"), ColumnSpec::flag("is_used_up"), ColumnSpec::expiry()],
);

/// Failed sign-ins and the locks that followed.
pub const LOCKOUTS: TableSpec = TableSpec::new(
    "lockouts",
    "digest",
    &[
        ColumnSpec::big_integer("failures"),
        ColumnSpec::instant("window_ends_at"),
        ColumnSpec::integer("level"),
        ColumnSpec::instant("level_until"),
        ColumnSpec::instant("locked_until"),
        ColumnSpec::expiry(),
    ],
);

// A rate limit keeps the instants of its last uses, newest first, as text of 13 digits each
// (milliseconds since 1970). "The fifth last use is less than an hour ago" is then one substring and
// one comparison, and the whole rule one statement: exact, atomic and the same on every database.
const HIT: &str = "INSERT INTO {+rate_limits} (digest, hits, is_used_up, expires_at) \
    VALUES (:name, :hit, FALSE, :expires_at) {on conflict} \
    is_used_up = CASE WHEN SUBSTR({+rate_limits}.hits, :oldest, 13) > :since \
        THEN TRUE ELSE FALSE END, \
    expires_at = CASE WHEN SUBSTR({+rate_limits}.hits, :oldest, 13) > :since \
        THEN {+rate_limits}.expires_at ELSE :expires_at END, \
    hits = CASE WHEN SUBSTR({+rate_limits}.hits, :oldest, 13) > :since THEN {+rate_limits}.hits \
        ELSE SUBSTR(CONCAT(:hit, {+rate_limits}.hits), 1, :length) END\
    {returning hits,is_used_up}";

const HITS: &str = "SELECT hits, is_used_up FROM {+rate_limits} WHERE digest = :name";

const LOCKOUT: &str = "SELECT failures, window_ends_at, level, level_until, locked_until \
    FROM {+lockouts} WHERE digest = :name{for update}";

const LOCKED_UNTIL: &str = "SELECT failures, window_ends_at, level, level_until, locked_until \
    FROM {+lockouts} WHERE digest IN (:n0, :n1, :n2, :n3)";

const ANY_LOCKOUT: &str = "SELECT failures, window_ends_at, level, level_until, locked_until \
    FROM {+lockouts} WHERE digest IN (:n0, :n1, :n2, :n3, :n4, :n5, :n6, :n7) LIMIT 1";

const SET_LOCKOUT: &str = "UPDATE {+lockouts} SET failures = :failures, \
    window_ends_at = :window_ends_at, level = :level, level_until = :level_until, \
    locked_until = :locked_until, expires_at = :expires_at WHERE digest = :name";

const CLEAR_LOCKOUT: &str = "DELETE FROM {+lockouts} WHERE digest = :name";

/// How many digits an instant has in the list of uses; enough until the year 2286.
const DIGITS: usize = 13;

#[async_trait]
impl<DB: Backend, U: AuthUser> CounterStore for SqlStore<DB, U> {
    async fn hit(
        &self,
        name: &CounterName,
        limit: RateLimit,
        now: DateTime<Utc>,
    ) -> Result<RateLimitOutcome, StoreError> {
        let row = retrying(|| self.count_hit(name, limit, now)).await?;
        let mut columns = Columns::<DB>::new(&row, 0);
        let hits: String = columns.next()?;
        Ok(outcome(&hits, columns.next()?, limit, now))
    }

    async fn locked_until(
        &self,
        names: &[CounterName],
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut until = None;
        for four in names.chunks(4) {
            let query = bind_names(self.query(LOCKED_UNTIL), four, 4);
            for row in self.rows(query).await? {
                until = until.max(state::<DB>(&row)?.lock(now));
            }
        }
        Ok(until)
    }

    async fn record_failure(
        &self,
        counters: &[(CounterName, LockRule)],
        now: DateTime<Utc>,
    ) -> Result<Vec<Option<DateTime<Utc>>>, StoreError> {
        let mut sorted = counters.to_vec();
        sorted.sort_by_key(|(name, _)| *name);
        sorted.dedup_by_key(|(name, _)| *name);
        let locks = retrying(|| self.fail_all(&sorted, now)).await?;
        let lock_of = |(name, _): &(CounterName, LockRule)| {
            sorted.iter().position(|(known, _)| known == name).and_then(|at| locks[at])
        };
        Ok(counters.iter().map(lock_of).collect())
    }

    async fn admit(
        &self,
        attempt: &AttemptCounters,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let refunds = attempt.refunds.iter();
        let refunded = refunds.flat_map(|refund| refund.from.iter().chain([&refund.own]));
        let checked = attempt.checked.iter().map(|(name, _)| name);
        let mut names: Vec<_> = checked.chain(&attempt.cleared).chain(refunded).copied().collect();
        names.sort_unstable();
        names.dedup();
        // Most sign-ins find nothing: one statement is all they cost.
        let mut is_any = false;
        for eight in names.chunks(8) {
            let query = bind_names(self.query(ANY_LOCKOUT), eight, 8);
            is_any |= self.row(query).await?.is_some();
        }
        if !is_any {
            return Ok(true);
        }
        retrying(|| self.admit_and_clear(&names, attempt, now)).await
    }

    async fn clear(&self, names: &[CounterName]) -> Result<(), StoreError> {
        for name in names {
            self.execute(self.query(CLEAR_LOCKOUT).bind_bytes("name", name.as_bytes())).await?;
        }
        Ok(())
    }

    async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let lockouts = self.purge_table(&LOCKOUTS, now, limit).await?;
        let left = limit - u32::try_from(lockouts).unwrap_or(limit).min(limit);
        Ok(lockouts + self.purge_table(&RATE_LIMITS, now, left).await?)
    }
}

impl<DB: Backend> Engine<DB> {
    async fn count_hit(
        &self,
        name: &CounterName,
        limit: RateLimit,
        now: DateTime<Utc>,
    ) -> Result<DB::Row, sqlx::Error> {
        let uses = i32::try_from(limit.limit).unwrap_or(i32::MAX);
        let digits_per_use = 13_i32;
        let query = self
            .query(HIT)
            .bind_bytes("name", name.as_bytes())
            .bind("hit", digits(now))
            .bind("since", digits(now - limit.window))
            .bind_instant("expires_at", now + limit.window)
            .bind("oldest", (uses - 1).saturating_mul(digits_per_use) + 1)
            .bind("length", uses.saturating_mul(digits_per_use));
        if DB::DIALECT.returns() {
            // As a statement that only reads, which is sent again if the connection was broken: a
            // use that is counted twice because its answer was lost does no harm.
            return self.row(query).await?.ok_or(sqlx::Error::RowNotFound);
        }
        let mut tx = self.begin().await?;
        tx.execute(query).await?;
        let hits = self.query(HITS).bind_bytes("name", name.as_bytes());
        let row = tx.row(hits).await?.ok_or(sqlx::Error::RowNotFound)?;
        tx.commit().await?;
        Ok(row)
    }

    async fn fail_all(
        &self,
        counters: &[(CounterName, LockRule)],
        now: DateTime<Utc>,
    ) -> Result<Vec<Option<DateTime<Utc>>>, sqlx::Error> {
        let mut tx = self.begin().await?;
        let mut locks = Vec::with_capacity(counters.len());
        for (name, rule) in counters {
            self.lock_row(&mut tx, name).await?;
            let mut state = self.lockout_of(&mut tx, name).await?.unwrap_or_default();
            state.record_failure(rule, now);
            self.set_lockout(&mut tx, name, &state).await?;
            locks.push(state.lock(now));
        }
        tx.commit().await?;
        Ok(locks)
    }

    async fn admit_and_clear(
        &self,
        names: &[CounterName],
        attempt: &AttemptCounters,
        now: DateTime<Utc>,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let mut states = BTreeMap::new();
        for name in names {
            if let Some(state) = self.lockout_of(&mut tx, name).await? {
                states.insert(*name, state);
            }
        }
        let refuses = |(name, rule): &(CounterName, LockRule)| {
            states.get(name).is_some_and(|state| !state.admits(rule, now))
        };
        if attempt.checked.iter().any(refuses) {
            return tx.roll_back(false).await;
        }
        let clear =
            |name: &CounterName| self.query(CLEAR_LOCKOUT).bind_bytes("name", name.as_bytes());
        for refund in &attempt.refunds {
            // Removed, so that a refund that is given twice happens once.
            let Some(own) = states.remove(&refund.own) else { continue };
            for name in &refund.from {
                if let Some(state) = states.get_mut(name) {
                    state.refund(&own, now);
                    self.set_lockout(&mut tx, name, state).await?;
                }
            }
            tx.execute(clear(&refund.own)).await?;
        }
        for name in &attempt.cleared {
            if states.contains_key(name) {
                tx.execute(clear(name)).await?;
            }
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Reads a counter and locks its row.
    async fn lockout_of(
        &self,
        tx: &mut Transaction<DB>,
        name: &CounterName,
    ) -> Result<Option<LockState>, sqlx::Error> {
        let row = tx.row(self.query(LOCKOUT).bind_bytes("name", name.as_bytes())).await?;
        row.map(|row| state::<DB>(&row)).transpose()
    }

    async fn set_lockout(
        &self,
        tx: &mut Transaction<DB>,
        name: &CounterName,
        state: &LockState,
    ) -> Result<(), sqlx::Error> {
        let query = self
            .query(SET_LOCKOUT)
            .bind_bytes("name", name.as_bytes())
            .bind("failures", i64::from(state.failures))
            .bind_instant("window_ends_at", state.window_ends_at)
            .bind("level", i32::try_from(state.level).unwrap_or(i32::MAX))
            .bind_instant("level_until", state.level_until)
            .bind_instant("locked_until", state.locked_until)
            .bind_instant("expires_at", state.expires_at());
        tx.execute(query).await?;
        Ok(())
    }
}

/// Binds `count` names; fewer are filled up with the first one.
fn bind_names<DB: Backend>(query: Query<DB>, names: &[CounterName], count: usize) -> Query<DB> {
    (0..count).fold(query, |query, at| {
        let name = names.get(at).unwrap_or(&names[0]);
        query.bind_bytes(format!("n{at}"), name.as_bytes())
    })
}

fn state<DB: Backend>(row: &DB::Row) -> Result<LockState, sqlx::Error> {
    let mut columns = Columns::<DB>::new(row, 0);
    let failures: i64 = columns.next()?;
    let window_ends_at = columns.instant()?;
    let level: i32 = columns.next()?;
    Ok(LockState {
        failures: u32::try_from(failures).unwrap_or(u32::MAX),
        window_ends_at,
        level: u32::try_from(level).unwrap_or(0),
        level_until: columns.instant()?,
        locked_until: columns.instant()?,
    })
}

/// An instant as a rate limit lists it.
fn digits(time: DateTime<Utc>) -> String {
    format!("{:0width$}", time.timestamp_millis().max(0), width = DIGITS)
}

/// Reads the list of uses, newest first, after this one was counted or refused.
fn outcome(hits: &str, is_used_up: bool, limit: RateLimit, now: DateTime<Utc>) -> RateLimitOutcome {
    let since = now - limit.window;
    let recent = hits
        .as_bytes()
        .chunks_exact(DIGITS)
        .filter_map(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
        .map(instant)
        .filter(|hit| *hit > since);
    if !is_used_up {
        let used = u32::try_from(recent.count()).unwrap_or(u32::MAX);
        return RateLimitOutcome::Allowed { remaining: limit.limit.saturating_sub(used) };
    }
    let oldest = recent.min().unwrap_or(now);
    let retry_after: Duration = (oldest + limit.window - now).to_std().unwrap_or_default();
    RateLimitOutcome::Exceeded { retry_after }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exceeded_limit_reopens_when_its_oldest_use_leaves_the_window() {
        let now = instant(1_800_000_000_000);
        let limit = RateLimit::per_hour(2);
        let hits = format!("{}{}", digits(now), digits(now - Duration::from_secs(600)));
        let exceeded = outcome(&hits, true, limit, now);
        assert_eq!(exceeded, RateLimitOutcome::Exceeded { retry_after: Duration::from_secs(3000) });
        let allowed = outcome(&hits, false, limit, now);
        assert_eq!(allowed, RateLimitOutcome::Allowed { remaining: 0 });
    }
}
