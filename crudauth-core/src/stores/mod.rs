//! Stores besides the app's database, and the suite that every store passes.
//!
//! | module | purpose |
//! | --- | --- |
//! | [`MemoryStore`] | sessions, counters and challenges in memory, for tests and tools |
//! | `RedisStore` | the same in Redis or a Redis Cluster (feature `redis`) |
//! | `suite` | the promises of the ports as tests (feature `testing`) |
//!
//! A store fills one or more of the ports [`SessionStore`], [`CounterStore`] and
//! [`ChallengeStore`]. Each port has a complete implementation in its documentation.
//!
//! [`SessionStore`]: crate::slices::sessions::store::SessionStore
//! [`CounterStore`]: crate::guard::store::CounterStore
//! [`ChallengeStore`]: crate::guard::challenges::ChallengeStore

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "as short as an example is")]
mod examples;
mod memory;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(test, feature = "testing"))]
pub mod suite;

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use crate::slices::sessions::store::Session;

pub use memory::MemoryStore;
#[cfg(feature = "redis")]
pub use redis::{RedisConfig, RedisStore, WhenAway};

/// Sort key of a list of sessions: the most recently active first. The digest makes the order total,
/// so that concurrent calls agree on it.
fn recency<Id>(
    session: &Session<Id>,
) -> (Reverse<DateTime<Utc>>, Reverse<DateTime<Utc>>, [u8; 32]) {
    (Reverse(session.last_activity_at), Reverse(session.created_at), *session.digest.as_bytes())
}
