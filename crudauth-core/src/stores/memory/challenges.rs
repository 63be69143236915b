//! Challenges in memory.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{MemoryStore, remove_expired};
use crate::guard::challenges::ChallengeStore;
use crate::model::ChallengeDigest;
use crate::store_error::StoreError;

pub(super) struct Challenge {
    value: Vec<u8>,
    expires_at: DateTime<Utc>,
}

#[async_trait]
impl ChallengeStore for MemoryStore {
    async fn insert(
        &self,
        digest: &ChallengeDigest,
        value: &[u8],
        _now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let challenge = Challenge { value: value.to_vec(), expires_at };
        self.lock().challenges.insert(*digest.as_bytes(), challenge);
        Ok(())
    }

    async fn find(
        &self,
        digest: &ChallengeDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let state = self.lock();
        let challenge = state.challenges.get(digest.as_bytes());
        Ok(challenge.filter(|found| found.expires_at > now).map(|found| found.value.clone()))
    }

    async fn take(
        &self,
        digest: &ChallengeDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let challenge = self.lock().challenges.remove(digest.as_bytes());
        Ok(challenge.filter(|taken| taken.expires_at > now).map(|taken| taken.value))
    }

    async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        Ok(remove_expired(&mut self.lock().challenges, limit.into(), |_, challenge| {
            challenge.expires_at <= now
        }))
    }
}
