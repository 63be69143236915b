use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use crudauth_core::StoreError;
use crudauth_core::guard::challenges::{ChallengeRecord, ChallengeStore};
use crudauth_core::model::ChallengeDigest;

/// Keeps challenges in a map. The lock makes each verb atomic.
#[derive(Default)]
struct Challenges(Mutex<HashMap<[u8; 32], ChallengeRecord>>);

#[async_trait]
impl ChallengeStore for Challenges {
    async fn insert(&self, challenge: ChallengeRecord) -> Result<(), StoreError> {
        self.0.lock().unwrap().insert(*challenge.digest.as_bytes(), challenge);
        Ok(())
    }

    async fn find(
        &self,
        digest: &ChallengeDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let challenges = self.0.lock().unwrap();
        let found = challenges.get(digest.as_bytes());
        Ok(found.filter(|found| found.expires_at > now).map(|found| found.value.clone()))
    }

    async fn take(
        &self,
        digest: &ChallengeDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let taken = self.0.lock().unwrap().remove(digest.as_bytes());
        Ok(taken.filter(|taken| taken.expires_at > now).map(|taken| taken.value))
    }

    async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let mut challenges = self.0.lock().unwrap();
        let expired = challenges.iter().filter(|(_, challenge)| challenge.expires_at <= now);
        let expired: Vec<_> = expired.map(|(digest, _)| *digest).take(limit as usize).collect();
        for digest in &expired {
            challenges.remove(digest);
        }
        Ok(expired.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::Challenges;

    async fn make() -> Challenges {
        Challenges::default()
    }

    // As `crudauth::testing::store_suite` in an app.
    crudauth_core::store_suite!(challenges: make);
}
