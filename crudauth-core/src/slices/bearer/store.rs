//! Port of the token families.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::FamilyId;
use crate::model::{
    Account, AccountState, AuthUser, ClientAddress, ClientInfo, RefreshDigest, Scopes,
};
use crate::store_error::StoreError;
use crate::unmounted::port;

port! {
/// Keeps token families: one row per sign-in, with the digest of its current refresh token.
///
/// Each verb is one atomic effect. The library compares [`TokenFamily::state`] with the account at
/// every use.
pub trait TokenFamilyStore<U> {
    /// Stores a family, then deletes the account's least recently used ones beyond `max`.
    async fn insert(&self, family: NewTokenFamily<U::Id>, max: u32) -> Result<(), StoreError>;

    /// Returns a family that has not expired, and its account.
    async fn find(
        &self,
        id: &FamilyId,
        now: DateTime<Utc>,
    ) -> Result<Option<(TokenFamily, Account<U>)>, StoreError>;

    /// Limits a family to these scopes.
    async fn narrow(&self, id: &FamilyId, scopes: &Scopes) -> Result<(), StoreError>;

    /// Puts a refresh token's successor in its place, if it is the current one. Returns `true` if it
    /// did: of any number of calls at once for one token, exactly one returns `true`.
    async fn rotate(&self, rotation: Rotation) -> Result<bool, StoreError>;

    /// Deletes a family. Returns `true` if there was one.
    async fn remove(&self, id: &FamilyId) -> Result<bool, StoreError>;

    /// Returns the families of an account that are bound to its present state, the most recently
    /// used first.
    async fn list(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Vec<FamilyEntry>, StoreError>;

    /// Deletes a family, if it is a valid one of the account. Returns `true` if there was one.
    async fn revoke(
        &self,
        account: &Account<U>,
        id: &FamilyId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Deletes the valid families of an account and returns how many there were.
    async fn revoke_all(&self, account: &Account<U>, now: DateTime<Utc>)
    -> Result<u64, StoreError>;
}
}

/// A token family to be stored.
#[derive(Debug)]
pub struct NewTokenFamily<Id> {
    /// Its id.
    pub id: FamilyId,
    /// Key of the account.
    pub account: Id,
    /// State of the account.
    pub state: AccountState,
    /// Digest of the first refresh token.
    pub token: RefreshDigest,
    /// Scopes of its tokens.
    pub scopes: Scopes,
    /// Client that signed in.
    pub client: ClientInfo,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its refresh token expires.
    pub expires_at: DateTime<Utc>,
    /// When it ends however often it is refreshed.
    pub ends_at: Option<DateTime<Utc>>,
}

/// Replacement of a refresh token.
#[derive(Debug)]
pub struct Rotation {
    /// The family.
    pub id: FamilyId,
    /// Digest of the token that was presented.
    pub presented: RefreshDigest,
    /// Digest of its successor.
    pub successor: RefreshDigest,
    /// The successor, encrypted under the presented token; `None` without a grace period.
    pub sealed: Option<Vec<u8>>,
    /// Client that refreshes.
    pub client: ClientInfo,
    /// Now.
    pub at: DateTime<Utc>,
    /// When the successor expires.
    pub expires_at: DateTime<Utc>,
}

/// A stored token family.
#[derive(Clone, Debug)]
pub struct TokenFamily {
    /// State of the account that it is bound to.
    pub state: AccountState,
    /// Digest of its current refresh token.
    pub token: RefreshDigest,
    /// The token that the current one replaced.
    pub previous: Option<PreviousToken>,
    /// Scopes of its tokens.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its current refresh token expires.
    pub expires_at: DateTime<Utc>,
    /// When it ends however often it is refreshed.
    pub ends_at: Option<DateTime<Utc>>,
}

/// A refresh token that was replaced.
#[derive(Clone, Debug)]
pub struct PreviousToken {
    /// Its digest.
    pub token: RefreshDigest,
    /// When it was replaced.
    pub replaced_at: DateTime<Utc>,
    /// Its successor, encrypted under it.
    pub sealed: Option<Vec<u8>>,
}

/// A token family as its owner sees it.
#[derive(Clone, Debug)]
pub struct FamilyEntry {
    /// Its id.
    pub id: FamilyId,
    /// Scopes of its tokens.
    pub scopes: Scopes,
    /// Address that last used it.
    pub client: Option<ClientAddress>,
    /// User agent that last used it.
    pub user_agent: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last refreshed.
    pub last_used_at: DateTime<Utc>,
    /// When its current refresh token expires.
    pub expires_at: DateTime<Utc>,
}
