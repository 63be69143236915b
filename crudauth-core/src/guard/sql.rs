//! Allowances, and the misses and locks of sign-in.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::Digest;
use crate::ports::{Allowance, Counted, CounterStore, GivenBack, LockRule, LockState, StoreError};
use crate::sql::statements::Sql;
use crate::sql::store::{instant, millis, retrying};
use crate::sql::{AuthRow, Backend, Call, ColumnSpec, SqlStore, TableSpec, rows};

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

/// How many digits an instant has in an allowance's list of uses.
const DIGITS: usize = 13;

#[async_trait]
impl<DB: Backend, U: AuthRow<DB>> CounterStore for SqlStore<DB, U> {
    async fn count(
        &self,
        name: &Digest,
        allowance: Allowance,
        now: DateTime<Utc>,
    ) -> Result<Counted, StoreError> {
        if allowance.times == 0 {
            return Ok(Counted::Allowed { remaining: 0 });
        }
        let row = retrying!(self.try_count(name, allowance, now))?;
        let hits: String = rows::take::<DB, _>(&row, 0)?;
        let is_used_up: bool = rows::take::<DB, _>(&row, 1)?;
        Ok(verdict(&hits, is_used_up, allowance, now))
    }

    async fn locks(&self, names: [&Digest; 3]) -> Result<Vec<(Digest, LockState)>, StoreError> {
        let [first, second, third] = names;
        let call = || {
            Call::new(Sql::<DB, U>::LOCKS)
                .with(first.to_vec())
                .with(second.to_vec())
                .with(third.to_vec())
        };
        let found = self.rows(call).await?;
        Ok(found.iter().map(Self::lock_state).collect::<Result<_, _>>()?)
    }

    async fn miss(
        &self,
        names: &[Digest],
        judged: &[Digest],
        rule: &LockRule,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        retrying!(self.try_miss(names, judged, rule, now))
    }

    async fn lock(
        &self,
        names: &[Digest],
        rule: &LockRule,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        retrying!(self.try_lock(names, rule, now))
    }

    async fn forgive(
        &self,
        names: &[Digest],
        given_back: Option<GivenBack<'_>>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        retrying!(self.try_forgive(names, given_back, now))
    }

    async fn purge_counters(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let locks = self.purge(Sql::<DB, U>::PURGE_LOCKOUTS, now, limit).await?;
        Ok(locks + self.purge(Sql::<DB, U>::PURGE_ALLOWANCES, now, limit).await?)
    }
}

impl<DB: Backend, U: AuthRow<DB>> SqlStore<DB, U> {
    async fn try_count(
        &self,
        name: &Digest,
        allowance: Allowance,
        now: DateTime<Utc>,
    ) -> Result<DB::Row, sqlx::Error> {
        let since = digits(now - allowance.within);
        let oldest = (allowance.times as usize - 1) * DIGITS + 1;
        let oldest = i32::try_from(oldest).unwrap_or(i32::MAX);
        let length = i32::try_from(allowance.times as usize * DIGITS).unwrap_or(i32::MAX);
        let expires = millis(now + allowance.within);
        let call = || {
            Call::new(Sql::<DB, U>::COUNT)
                .with(name.to_vec())
                .with(digits(now))
                .with(expires)
                .with(oldest)
                .with(since.clone())
                .with(oldest)
                .with(since.clone())
                .with(expires)
                .with(oldest)
                .with(since.clone())
                .with(digits(now))
                .with(length)
        };
        if DB::DIALECT.returns() {
            // As a statement that only reads, which may be sent again on another connection: a use
            // that is counted twice, since its answer was lost, harms nobody.
            return self.row(call).await?.ok_or(sqlx::Error::RowNotFound);
        }
        let mut tx = self.begin().await?;
        DB::execute(&mut tx, call()).await?;
        let call = Call::new(Sql::<DB, U>::COUNTED).with(name.to_vec());
        let row = DB::fetch_optional(&mut tx, call).await?.ok_or(sqlx::Error::RowNotFound)?;
        tx.commit().await?;
        Ok(row)
    }

    async fn try_miss(
        &self,
        names: &[Digest],
        judged: &[Digest],
        rule: &LockRule,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
        // Everybody takes the rows in the same order, so nobody waits in a circle.
        let mut names = names.to_vec();
        names.sort_unstable();
        names.dedup();
        let window_ends = millis(now + rule.window);
        let mut tx = self.begin().await?;
        for name in &names {
            let call = Call::new(Sql::<DB, U>::MISS)
                .with(name.to_vec())
                .with(window_ends)
                .with(window_ends)
                .with(millis(now))
                .with(window_ends)
                .with(window_ends)
                .with(millis(now))
                .with(window_ends);
            DB::execute(&mut tx, call).await?;
        }
        let mut until = None;
        for name in judged {
            let state = Self::state_of(&mut tx, name).await?;
            if state.is_some_and(|state| state.misses > rule.free && state.window_ends_at > now) {
                Self::lock_one(&mut tx, name, rule, now).await?;
            }
            let state = Self::state_of(&mut tx, name).await?;
            until = until.max(state.and_then(|state| state.lock(now)));
        }
        tx.commit().await?;
        Ok(until)
    }

    async fn try_lock(
        &self,
        names: &[Digest],
        rule: &LockRule,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
        let mut names = names.to_vec();
        names.sort_unstable();
        names.dedup();
        let mut until = None;
        let mut tx = self.begin().await?;
        for name in &names {
            Self::lock_one(&mut tx, name, rule, now).await?;
            let state = Self::state_of(&mut tx, name).await?;
            until = until.max(state.and_then(|state| state.lock(now)));
        }
        tx.commit().await?;
        Ok(until)
    }

    /// Locks a counter whose tries are used up; one that is locked stays as it is.
    async fn lock_one(
        connection: &mut DB::Connection,
        name: &Digest,
        rule: &LockRule,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        let (first, longest) = (duration(rule.first), duration(rule.longest));
        // From this round on every lock is the longest one, so a shift cannot overflow.
        let rounds = (0..30_i32).find(|rounds| first << rounds >= longest).unwrap_or(30);
        let call = Call::new(Sql::<DB, U>::LOCK)
            .with(millis(now))
            .with(millis(now))
            .with(first)
            .with(rounds)
            .with(longest)
            .with(first)
            .with(millis(now))
            .with(name.to_vec())
            .with(i64::from(rule.free))
            .with(millis(now))
            .with(millis(now));
        if DB::execute(connection, call).await? == 1 {
            // From the lock's end on, or the longest one would forget its own round.
            let call = Call::new(Sql::<DB, U>::REMEMBER_LOCK)
                .with(duration(rule.memory))
                .with(duration(rule.memory))
                .with(name.to_vec());
            DB::execute(connection, call).await?;
        }
        Ok(())
    }

    async fn try_forgive(
        &self,
        names: &[Digest],
        given_back: Option<GivenBack<'_>>,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        let mut tx = self.begin().await?;
        if let Some(GivenBack { shared, pair }) = given_back
            && let Some(counted) = Self::state_of(&mut tx, pair).await?
        {
            // Taken before it is given back: of several successes at once one gives it back.
            let call = Call::new(Sql::<DB, U>::TAKE_PAIR)
                .with(pair.to_vec())
                .with(i64::from(counted.misses))
                .with(millis(counted.window_ends_at));
            if DB::execute(&mut tx, call).await? == 1 {
                // A window of the client's that ends later began later: it has none of these.
                let call = Call::new(Sql::<DB, U>::GIVE_BACK)
                    .with(i64::from(counted.misses))
                    .with(i64::from(counted.misses))
                    .with(shared.to_vec())
                    .with(millis(now))
                    .with(millis(counted.window_ends_at));
                DB::execute(&mut tx, call).await?;
            }
        }
        let mut names = names.to_vec();
        names.sort_unstable();
        for name in names {
            DB::execute(&mut tx, Call::new(Sql::<DB, U>::FORGIVE).with(name.to_vec())).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn state_of(
        connection: &mut DB::Connection,
        name: &Digest,
    ) -> Result<Option<LockState>, sqlx::Error> {
        let call = Call::new(Sql::<DB, U>::LOCK_STATE).with(name.to_vec());
        let row = DB::fetch_optional(connection, call).await?;
        Ok(row.map(|row| Self::lock_state(&row)).transpose()?.map(|(_, state)| state))
    }

    fn lock_state(row: &DB::Row) -> Result<(Digest, LockState), sqlx::Error> {
        let name: Vec<u8> = rows::take::<DB, _>(row, 0)?;
        let misses: i64 = rows::take::<DB, _>(row, 1)?;
        let state = LockState {
            misses: u32::try_from(misses).unwrap_or(u32::MAX),
            window_ends_at: instant(rows::take::<DB, _>(row, 2)?),
            locked_until: instant(rows::take::<DB, _>(row, 3)?),
        };
        let name = Digest::from_bytes(&name)
            .ok_or_else(|| sqlx::Error::Decode("a counter's name has 32 bytes".into()))?;
        Ok((name, state))
    }
}

fn duration(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// An instant as an allowance lists it; so many digits do until the year 2286.
fn digits(time: DateTime<Utc>) -> String {
    format!("{:0width$}", millis(time).max(0), width = DIGITS)
}

/// What a list of uses, newest first, says after this one was counted or refused.
fn verdict(hits: &str, is_used_up: bool, allowance: Allowance, now: DateTime<Utc>) -> Counted {
    let since = now - allowance.within;
    let recent = hits
        .as_bytes()
        .chunks_exact(DIGITS)
        .filter_map(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
        .map(instant)
        .filter(|hit| *hit > since);
    if !is_used_up {
        let used = u32::try_from(recent.count()).unwrap_or(u32::MAX);
        return Counted::Allowed { remaining: allowance.times.saturating_sub(used) };
    }
    let oldest = recent.min().unwrap_or(now);
    let retry_after = (oldest + allowance.within - now).to_std().unwrap_or_default();
    Counted::UsedUp { retry_after }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_used_up_allowance_says_when_its_oldest_use_is_forgotten() {
        let now = instant(1_800_000_000_000);
        let allowance = Allowance::per_hour(2);
        let hits = format!("{}{}", digits(now), digits(now - Duration::from_secs(600)));
        let told = verdict(&hits, true, allowance, now);
        assert_eq!(told, Counted::UsedUp { retry_after: Duration::from_secs(3000) });
        assert_eq!(verdict(&hits, false, allowance, now), Counted::Allowed { remaining: 0 });
    }
}
