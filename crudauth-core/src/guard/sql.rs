//! Counters in the app's database.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::LockState;
use super::rate_limits_sql::RATE_LIMITS;
use super::store::{AttemptCounters, CounterStore, LockRule, RateLimit, RateLimitOutcome};
use crate::model::CounterName;
use crate::sql::engine::retrying;
use crate::sql::rows::Columns;
use crate::sql::transaction::Transaction;
use crate::sql::{Backend, ColumnSpec, Engine, Query, TableSpec};
use crate::store_error::StoreError;

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

#[async_trait]
impl<DB: Backend> CounterStore for Engine<DB> {
    async fn hit(
        &self,
        name: &CounterName,
        limit: RateLimit,
        now: DateTime<Utc>,
    ) -> Result<RateLimitOutcome, StoreError> {
        retrying(|| self.count_hit(name, limit, now)).await
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
        let mut states = HashMap::new();
        for name in names {
            if let Some(state) = self.lockout_of(&mut tx, name).await? {
                states.insert(*name, state);
            }
        }
        let before = states.clone();
        if !attempt.admit(&mut states, now) {
            return tx.roll_back(false).await;
        }
        for (name, before) in &before {
            match states.get(name) {
                Some(state) if state == before => {}
                Some(state) => self.set_lockout(&mut tx, name, state).await?,
                None => {
                    let clear = self.query(CLEAR_LOCKOUT).bind_bytes("name", name.as_bytes());
                    tx.execute(clear).await?;
                }
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
