//! API keys: long-lived secrets for programs, of which only a digest is stored.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::{Account, AuthUser, Digest, Scopes};
use crate::ports::{CredentialStore, GrantId, StoreError};

/// Keeps API keys.
///
/// A key is live until it expires, it is revoked, its account's version moves on, or its account is
/// gone. Dead ones are nobody's: every verb but the purge passes them over.
#[async_trait]
pub trait ApiKeyStore<U: AuthUser>: CredentialStore<U> {
    /// A live key and its account, active or not, in one look-up by key.
    async fn find_api_key(
        &self,
        digest: &Digest,
        now: DateTime<Utc>,
    ) -> Result<Option<LiveApiKey<U>>, StoreError>;

    /// Stores a key, if the account is active and unchanged, what the key is made by is still live,
    /// and the account has fewer than `cap` live ones. Of any number at once none goes beyond the
    /// cap. What of the account's has expired is deleted.
    async fn add_api_key(&self, key: NewApiKey<U::Id>, cap: u32)
    -> Result<AddedApiKey, StoreError>;

    /// Records that a key was used, if it was not recorded since `before`. From then on `renewed`
    /// stands for its secret.
    async fn touch_api_key(
        &self,
        digest: &Digest,
        renewed: &Digest,
        now: DateTime<Utc>,
        before: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// The account's live keys, the latest first.
    async fn list_api_keys(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Vec<ApiKeyEntry>, StoreError>;

    /// Ends the key with this digest.
    async fn end_api_key(&self, digest: &Digest) -> Result<(), StoreError>;

    /// Ends the live key of that account with that handle. Answers whether there was one.
    async fn revoke_api_key(
        &self,
        account: &Account<U>,
        handle: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Ends the account's live keys, and tells how many.
    async fn revoke_api_keys(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError>;

    /// Deletes at most `limit` keys that have expired, and tells how many.
    async fn purge_api_keys(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError>;
}

/// A key to be stored.
#[derive(Debug)]
pub struct NewApiKey<Id> {
    /// What stands for the secret.
    pub digest: Digest,
    /// Its name in requests; opens nothing.
    pub handle: String,
    /// Whose it is.
    pub account: Id,
    /// What its owner calls it.
    pub name: String,
    /// The secret's last characters, by which its owner tells it from others.
    pub hint: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// The account's version: the key dies when that moves on.
    pub version: i32,
    /// The account's epoch.
    pub epoch: i64,
    /// What it is made by, if its owner makes it.
    pub made_by: Option<Credential>,
    /// Now.
    pub created_at: DateTime<Utc>,
    /// When it expires, if it does.
    pub expires_at: Option<DateTime<Utc>>,
    /// Keys that were made by then have ended, whatever their rows say, and make room.
    pub others_ended: Option<DateTime<Utc>>,
}

/// A credential that may have ended since it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credential {
    /// The session with this digest.
    Session(Digest),
    /// The grant of a bearer token.
    Grant(GrantId),
}

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddedApiKey {
    /// It is stored.
    Done,
    /// The account has as many as it may.
    TooMany,
    /// The account has changed meanwhile, or what the key is made by has ended.
    Refused,
}

/// A live key and whose it is.
#[derive(Clone, Debug)]
pub struct LiveApiKey<U: AuthUser> {
    /// The key.
    pub key: ApiKeyEntry,
    /// Its account.
    pub account: Account<U>,
}

/// A key as its owner sees it in a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiKeyEntry {
    /// Its name in requests; opens nothing.
    pub handle: String,
    /// What its owner calls it.
    pub name: String,
    /// The secret's last characters.
    pub hint: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it expires, if it does.
    pub expires_at: Option<DateTime<Utc>>,
}
