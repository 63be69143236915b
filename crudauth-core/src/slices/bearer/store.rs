//! Grants: what bearer tokens stand on. One is made at sign-in and lives through every refresh;
//! the refresh tokens of one grant are a family, of which only the latest is good.

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::{Account, AuthUser, ClientAddress, Digest, Scopes};
use crate::ports::{CredentialStore, Entropy, LockRule, Opened, StoreError};

/// Keeps grants.
///
/// A grant is live until it expires, it is ended, its account's version moves on, or its account is
/// gone. Dead ones are nobody's: every verb but the purge passes them over.
#[async_trait]
pub trait GrantStore<U: AuthUser>: CredentialStore<U> {
    /// A live grant and its account, active or not, in one look-up by key.
    async fn find_grant(
        &self,
        id: &GrantId,
        now: DateTime<Utc>,
    ) -> Result<Option<LiveGrant<U>>, StoreError>;

    /// Stores a grant that follows a proved password, under the conditions of
    /// [`SessionStore::open`](super::SessionStore::open): unless the account has changed since, or
    /// one of the counters `unless` is locked or used up at that moment. Then ends the account's
    /// least recently used ones beyond `cap`.
    async fn open_grant(
        &self,
        grant: NewGrant<U::Id>,
        unless: &[Digest],
        rule: &LockRule,
        cap: u32,
    ) -> Result<Opened, StoreError>;

    /// Leaves a grant that was just stored no more than these scopes.
    async fn narrow_grant(&self, id: &GrantId, scopes: &Scopes) -> Result<(), StoreError>;

    /// Puts a refresh token's successor in its place, if it is the current one of a live grant
    /// whose account is unchanged and active: one statement, of which of any number at once
    /// exactly one succeeds. Answers whether this was the one.
    async fn rotate_grant(&self, rotation: Rotation) -> Result<bool, StoreError>;

    /// Ends a grant. Answers whether there was one.
    async fn end_grant(&self, id: &GrantId) -> Result<bool, StoreError>;

    /// The account's live grants, the latest used first.
    async fn list_grants(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Vec<GrantEntry>, StoreError>;

    /// Ends that grant, if it is a live one of that account. Answers whether it was.
    async fn revoke_grant(
        &self,
        account: &Account<U>,
        id: &GrantId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Ends the account's live grants, and tells how many.
    async fn revoke_grants(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError>;

    /// Deletes at most `limit` grants that have expired, and tells how many.
    async fn purge_grants(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError>;
}

/// A grant's name: 256 random bits, of which the hexadecimal form is shown in lists and stands in
/// access tokens. It opens nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct GrantId([u8; Self::BYTES]);

impl GrantId {
    pub(crate) const BYTES: usize = 32;

    /// A new one.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; Self::BYTES];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// Reads a handle; `None` unless it is spelt as it is given out.
    #[must_use]
    pub fn parse(handle: &str) -> Option<Self> {
        let mut bytes = [0; Self::BYTES];
        let is_lower = !handle.bytes().any(|byte| byte.is_ascii_uppercase());
        (is_lower && hex::decode_to_slice(handle, &mut bytes).is_ok()).then_some(Self(bytes))
    }

    /// Reads what a store kept; `None` if it is no name of a grant.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Its bytes, as a store keeps them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The handle.
impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A grant to be stored.
#[derive(Debug)]
pub struct NewGrant<Id> {
    /// Its name.
    pub id: GrantId,
    /// Whose it is.
    pub account: Id,
    /// What stands for its first refresh token.
    pub token: Digest,
    /// What it grants.
    pub scopes: Scopes,
    /// The account's version at sign-in: the grant dies when that moves on.
    pub version: i32,
    /// The account's epoch.
    pub epoch: i64,
    /// From where.
    pub client: Option<ClientAddress>,
    /// By what program.
    pub user_agent: Option<String>,
    /// Now.
    pub created_at: DateTime<Utc>,
    /// When its refresh token expires.
    pub expires_at: DateTime<Utc>,
    /// When it ends however often it is refreshed.
    pub ends_at: Option<DateTime<Utc>>,
}

/// A refresh token is replaced.
#[derive(Debug)]
pub struct Rotation {
    /// In which grant.
    pub id: GrantId,
    /// What stands for the token that was presented.
    pub presented: Digest,
    /// What stands for its successor.
    pub successor: Digest,
    /// The successor, readable only to who has the token presented; `None` where late-comers get
    /// nothing.
    pub sealed: Option<Vec<u8>>,
    /// From where.
    pub client: Option<ClientAddress>,
    /// By what program.
    pub user_agent: Option<String>,
    /// Now.
    pub at: DateTime<Utc>,
    /// When the successor expires.
    pub expires_at: DateTime<Utc>,
}

/// A live grant and whose it is.
#[derive(Clone, Debug)]
pub struct LiveGrant<U: AuthUser> {
    /// The grant.
    pub grant: GrantRecord,
    /// Its account.
    pub account: Account<U>,
}

/// What is stored of a grant.
#[derive(Clone, Debug)]
pub struct GrantRecord {
    /// What stands for its current refresh token.
    pub token: Digest,
    /// The token that it replaced, if it did, and how to find the current one by it.
    pub previous: Option<Previous>,
    /// What it grants.
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
pub struct Previous {
    /// What stands for it.
    pub token: Digest,
    /// When it was replaced.
    pub replaced_at: DateTime<Utc>,
    /// Its successor, readable only to who has it.
    pub sealed: Option<Vec<u8>>,
}

/// A grant as its owner sees it in a list.
#[derive(Clone, Debug)]
pub struct GrantEntry {
    /// Its name.
    pub id: GrantId,
    /// What it grants.
    pub scopes: Scopes,
    /// From where it was made or last refreshed.
    pub client: Option<String>,
    /// By what program.
    pub user_agent: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last refreshed.
    pub last_used_at: DateTime<Utc>,
    /// When its current refresh token expires.
    pub expires_at: DateTime<Utc>,
}
