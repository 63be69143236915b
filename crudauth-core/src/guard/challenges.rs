//! Port of the challenge store: short-lived values that are consumed once.

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::ChallengeDigest;
use crate::store_error::StoreError;

/// Keeps challenges: what an unfinished sign-in has to remember, such as the state of a redirect to
/// a provider or a proved first factor.
///
/// Each verb is atomic. Time is always the argument `now`, never the clock of the store.
///
/// A complete implementation:
///
/// ```
#[doc = include_str!("../stores/examples/challenges.rs")]
/// ```
#[async_trait]
pub trait ChallengeStore: Send + Sync + 'static {
    /// Stores a challenge. Its digest is that of a random secret, so it is new.
    async fn insert(&self, challenge: ChallengeRecord) -> Result<(), StoreError>;

    /// Returns the value, unless it has expired or was taken.
    async fn find(
        &self,
        digest: &ChallengeDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<u8>>, StoreError>;

    /// Returns the value and deletes it. Of any number of calls at once exactly one gets it.
    async fn take(
        &self,
        digest: &ChallengeDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<u8>>, StoreError>;

    /// Deletes at most `limit` expired challenges and returns how many were deleted.
    async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError>;
}

/// A stored challenge. `Debug` does not show the value.
#[derive(Clone)]
pub struct ChallengeRecord {
    /// Digest of the secret that the client holds; the key of the record.
    pub digest: ChallengeDigest,
    /// What the library has to remember, at most 16 KiB.
    pub value: Vec<u8>,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

impl fmt::Debug for ChallengeRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ChallengeRecord");
        shown.field("digest", &self.digest).field("expires_at", &self.expires_at);
        shown.finish_non_exhaustive()
    }
}
