//! Uses of rate limits in the app's database.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::store::{RateLimit, RateLimitOutcome};
use crate::model::CounterName;
use crate::sql::rows::Columns;
use crate::sql::rows::instant;
use crate::sql::{Backend, ColumnSpec, Engine, TableSpec};

/// Uses counted against rate limits.
pub const RATE_LIMITS: TableSpec = TableSpec::new(
    "rate_limits",
    "digest",
    &[ColumnSpec::long_text("hits"), ColumnSpec::flag("is_used_up"), ColumnSpec::expiry()],
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

/// How many digits an instant has in the list of uses; enough until the year 2286.
const DIGITS: usize = 13;

impl<DB: Backend> Engine<DB> {
    /// Counts one use, unless the limit is exceeded.
    pub(super) async fn count_hit(
        &self,
        name: &CounterName,
        limit: RateLimit,
        now: DateTime<Utc>,
    ) -> Result<RateLimitOutcome, sqlx::Error> {
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
            // As a statement that only reads, which is sent again if the connection was broken. A use
            // whose answer was lost is then counted twice, and the last use of a limit is refused: that
            // harms nobody but its client, who tries again.
            let row = self.row(query).await?.ok_or(sqlx::Error::RowNotFound)?;
            return outcome_of::<DB>(&row, limit, now);
        }
        let mut tx = self.begin().await?;
        tx.execute(query).await?;
        let hits = self.query(HITS).bind_bytes("name", name.as_bytes());
        let row = tx.row(hits).await?.ok_or(sqlx::Error::RowNotFound)?;
        tx.commit().await?;
        outcome_of::<DB>(&row, limit, now)
    }
}

/// Reads the row of a limit after this use was counted or refused.
fn outcome_of<DB: Backend>(
    row: &DB::Row,
    limit: RateLimit,
    now: DateTime<Utc>,
) -> Result<RateLimitOutcome, sqlx::Error> {
    let mut columns = Columns::<DB>::new(row, 0);
    let hits: String = columns.next()?;
    Ok(outcome(&hits, columns.next()?, limit, now))
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
