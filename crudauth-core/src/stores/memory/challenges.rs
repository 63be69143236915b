//! Challenges in memory.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{MemoryStore, remove_expired};
use crate::guard::challenges::{ChallengeRecord, ChallengeStore};
use crate::model::ChallengeDigest;
use crate::store_error::StoreError;

#[async_trait]
impl ChallengeStore for MemoryStore {
    async fn insert(&self, challenge: ChallengeRecord) -> Result<(), StoreError> {
        self.lock().challenges.insert(*challenge.digest.as_bytes(), challenge);
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
