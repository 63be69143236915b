//! Sessions, counters and challenges in Redis.
//!
//! | file | purpose |
//! | --- | --- |
//! | `config` | [`RedisConfig`], validated before anything connects |
//! | `link` | the connection to a server or a cluster: time limit, recovery, scripts |
//! | `errors` | which failures of Redis are temporary |
//! | `sessions`, `record` | sessions: one key each, and an index per account |
//! | `counters` | rate limits and failures |
//! | `challenges` | challenges |
//!
//! Every command and every script uses one key, so a cluster needs no hash tags.

mod challenges;
mod config;
mod counters;
mod errors;
mod link;
mod record;
#[cfg(test)]
mod server_tests;
mod sessions;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::store_error::StoreError;

pub use config::{RedisConfig, RedisConfigError, WhenAway};
use link::Link;

/// Keeps sessions, counters and challenges in Redis or Valkey, on one server or on a cluster.
///
/// Redis expires the entries by itself, so [`purge`] has nothing to do. The instants in the entries
/// decide all the same: a clock that runs differently on the server does not matter.
///
/// # Requirements
///
/// Redis 6.0 or later, and `maxmemory-policy noeviction`: other policies delete sessions that are
/// in use. If the memory is full, writes fail as if Redis were away, and nothing is lost.
/// `appendonly yes` keeps sessions over a restart of Redis; without it everybody has to sign in
/// again, and locks end.
///
/// # Failures
///
/// While Redis is away, calls fail with [`StoreError::Unavailable`] after
/// [`RedisConfig::timeout`] at the latest; [`WhenAway`] decides for rate limits. The store
/// reconnects by itself.
///
/// A replica that becomes the primary may lack the latest writes. A session that was removed in that
/// moment is then valid again until it expires. A change of password, disabling and deletion of the
/// account end it all the same, since the library compares the session with the account in the
/// database at each use.
///
/// # Several apps
///
/// Keys start with [`RedisConfig::prefix`]. Sessions of different user structs are separate, since
/// their keys contain the table of the accounts. Counters are not: give each mount that shares a
/// secret a prefix of its own.
///
/// ```no_run
/// # async fn connect() -> Result<(), crudauth_core::StoreError> {
/// use crudauth_core::stores::{RedisConfig, RedisStore};
///
/// let config = RedisConfig::new("redis://127.0.0.1:6379").prefix("shop");
/// let store = RedisStore::connect(config).await?;
/// # Ok(())
/// # }
/// ```
///
/// [`purge`]: crate::slices::sessions::store::SessionStore::purge
#[derive(Clone)]
pub struct RedisStore(Arc<Inner>);

struct Inner {
    link: Link,
    prefix: String,
    rate_limits_when_away: WhenAway,
    warned_at: Mutex<Option<Instant>>,
}

/// Redis keeps an entry this much longer than it is valid, so that a step of its clock does not end
/// the entry too early.
const SLACK: i64 = 60_000;

/// At most one warning in this time while rate limits are not counted.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

impl RedisStore {
    /// Connects, and finds out whether the server belongs to a cluster.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if no server answers in time. [`StoreError::Failed`] with a
    /// [`RedisConfigError`] if the settings are invalid, or with the server's answer if it rejects
    /// the connection.
    pub async fn connect(config: RedisConfig) -> Result<Self, StoreError> {
        let link = Link::connect(&config).await?;
        Ok(Self(Arc::new(Inner {
            link,
            prefix: config.prefix,
            rate_limits_when_away: config.rate_limits_when_away,
            warned_at: Mutex::new(None),
        })))
    }

    fn key(&self, kind: &str, digest: &[u8; 32]) -> String {
        format!("{}:{kind}:{}", self.0.prefix, hex::encode(digest))
    }

    /// Logs that rate limits are not counted, unless it was logged a short while ago.
    fn warn_of_open_rate_limits(&self, error: &StoreError) {
        let mut warned_at = self.0.warned_at.lock().unwrap_or_else(PoisonError::into_inner);
        if warned_at.is_none_or(|warned_at| warned_at.elapsed() >= WARNING_INTERVAL) {
            *warned_at = Some(Instant::now());
            let error = error as &dyn std::error::Error;
            tracing::warn!(error, "rate limits not enforced: Redis is unavailable");
        }
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("prefix", &self.0.prefix).finish_non_exhaustive()
    }
}

fn millis(time: DateTime<Utc>) -> i64 {
    time.timestamp_millis()
}

fn duration_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn instant(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::UNIX_EPOCH)
}

/// Time to live in Redis of an entry that is valid until `end`.
fn time_to_live(end: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    millis(end).saturating_sub(millis(now)).max(0).saturating_add(SLACK)
}
