//! Sessions, counters and challenges in memory.

mod challenges;
mod counters;
mod sessions;

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::guard::LockState;
use crate::guard::challenges::ChallengeRecord;
use crate::model::CounterName;

use counters::Uses;
use sessions::Sessions;

/// Keeps sessions, counters and challenges in memory, for tests and tools of a single process.
///
/// Clones share their content. Everything is lost at the end of the process, and no other process
/// sees it: an app that runs in several processes needs a store that they share.
///
/// Expired entries stay until the app calls `purge` or `spawn_purge` of its mount.
///
/// ```
/// use crudauth_core::stores::MemoryStore;
///
/// let store = MemoryStore::default();
/// let same_store = store.clone();
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    sessions: Sessions,
    rate_limits: HashMap<CounterName, Uses>,
    failures: HashMap<CounterName, LockState>,
    challenges: HashMap<[u8; 32], ChallengeRecord>,
}

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code between a lock and its release panics, and each change is complete by itself.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore(..)")
    }
}

/// Removes at most `limit` entries that have expired and returns how many were removed.
fn remove_expired<K: Eq + Hash, V>(
    entries: &mut HashMap<K, V>,
    limit: u64,
    is_expired: impl Fn(&K, &V) -> bool,
) -> u64 {
    let mut removed = 0;
    entries.retain(|key, entry| {
        let is_removed = removed < limit && is_expired(key, entry);
        removed += u64::from(is_removed);
        !is_removed
    });
    removed
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn make() -> MemoryStore {
        MemoryStore::default()
    }

    crate::store_suite!(make);
}
