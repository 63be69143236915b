//! Port of the API keys.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::{Account, AccountState, ApiKeyDigest, ApiKeyHandle, AuthUser, Scopes};
use crate::store_error::StoreError;
use crate::unmounted::port;

port! {
/// Keeps API keys, of which it stores digests.
///
/// Each verb is one atomic effect. The library compares the state in [`find`](Self::find) with the
/// account at every use.
pub trait ApiKeyStore<U> {
    /// Stores a key, if the account is active and has the state of the key, and fewer than `max`
    /// valid keys. Of any number of calls at once none passes the limit.
    async fn insert(&self, key: NewApiKeyRecord<U::Id>, max: u32) -> Result<Inserted, StoreError>;

    /// Returns a key that has not expired, the state it is bound to, and its account.
    async fn find(
        &self,
        digest: &ApiKeyDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<(ApiKeyEntry, AccountState, Account<U>)>, StoreError>;

    /// Records a use at `now`, unless one after `before` is recorded already.
    async fn touch(
        &self,
        digest: &ApiKeyDigest,
        now: DateTime<Utc>,
        before: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Returns the keys of an account that are bound to its present state, the newest first.
    async fn list(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Vec<ApiKeyEntry>, StoreError>;

    /// Deletes the key with this handle, if it is a valid one of the account. Returns `true` if
    /// there was one.
    async fn revoke(
        &self,
        account: &Account<U>,
        handle: &ApiKeyHandle,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Deletes the valid keys of an account and returns how many there were.
    async fn revoke_all(&self, account: &Account<U>, now: DateTime<Utc>)
    -> Result<u64, StoreError>;

    /// Deletes a key.
    async fn remove(&self, digest: &ApiKeyDigest) -> Result<(), StoreError>;
}
}

/// An API key to be stored.
#[derive(Debug)]
pub struct NewApiKeyRecord<Id> {
    /// Digest of the secret.
    pub digest: ApiKeyDigest,
    /// Key of the account.
    pub account: Id,
    /// State of the account.
    pub state: AccountState,
    /// What its owner sees.
    pub entry: ApiKeyEntry,
    /// Keys that were made by then have reached their maximum lifetime and make room.
    pub others_ended: Option<DateTime<Utc>>,
}

/// Result of storing an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is stored.
    Done,
    /// The account has as many keys as it may.
    TooMany,
    /// The account has changed meanwhile.
    AccountChanged,
}

/// An API key as its owner sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiKeyEntry {
    /// Public id; opens nothing.
    pub handle: ApiKeyHandle,
    /// Name that its owner gave it.
    pub name: String,
    /// Last characters of the secret.
    pub hint: String,
    /// Its scopes.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it expires, if it does.
    pub expires_at: Option<DateTime<Utc>>,
}
