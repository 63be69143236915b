//! Challenges in Redis: `{prefix}:challenge:{digest}` holds the expiry in 8 bytes, then the value.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use redis::cmd;

use super::link::NO_ARGUMENTS;
use super::sessions::TAKE;
use super::{RedisStore, millis, time_to_live};
use crate::guard::challenges::{ChallengeRecord, ChallengeStore};
use crate::model::ChallengeDigest;
use crate::store_error::StoreError;

#[async_trait]
impl ChallengeStore for RedisStore {
    async fn insert(&self, challenge: ChallengeRecord) -> Result<(), StoreError> {
        let mut record = millis(challenge.expires_at).to_be_bytes().to_vec();
        record.extend(challenge.value);
        let set = cmd("SET")
            .arg(self.challenge_key(&challenge.digest))
            .arg(record)
            .arg("PX")
            .arg(time_to_live(challenge.expires_at, challenge.created_at))
            .to_owned();
        self.0.link.call(&set).await
    }

    async fn find(
        &self,
        digest: &ChallengeDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let get = cmd("GET").arg(self.challenge_key(digest)).to_owned();
        Ok(value(self.0.link.call(&get).await?, now))
    }

    async fn take(
        &self,
        digest: &ChallengeDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(value(self.0.link.eval(TAKE, &self.challenge_key(digest), NO_ARGUMENTS).await?, now))
    }

    async fn purge(&self, _now: DateTime<Utc>, _limit: u32) -> Result<u64, StoreError> {
        Ok(0)
    }
}

impl RedisStore {
    fn challenge_key(&self, digest: &ChallengeDigest) -> String {
        self.key("challenge", digest.as_bytes())
    }
}

fn value(record: Option<Vec<u8>>, now: DateTime<Utc>) -> Option<Vec<u8>> {
    let record = record?;
    let (expires_at, value) = record.split_first_chunk()?;
    (i64::from_be_bytes(*expires_at) > millis(now)).then(|| value.to_vec())
}
