//! Sessions: server records that a cookie names by a secret of which only a digest is stored.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::{Account, AuthUser, ClientAddress, Digest};
use crate::ports::{CredentialStore, LockRule, StoreError};

/// Keeps sessions.
///
/// A session is live until it expires, its account's version moves on, or its account is gone.
/// Dead ones are nobody's: every verb but the purge passes them over.
#[async_trait]
pub trait SessionStore<U: AuthUser>: CredentialStore<U> {
    /// A live session and its account, in one look-up. The account may be disabled: the caller
    /// must look.
    async fn find(
        &self,
        digest: &Digest,
        now: DateTime<Utc>,
    ) -> Result<Option<LiveSession<U>>, StoreError>;

    /// Stores a session that follows a proved password, unless the account has changed since its
    /// password was read, or one of the counters `unless` is locked or used up at that moment:
    /// guesses that ran beside this one may have seen to that, and so cannot outrun the lock. Then
    /// ends the session `replaced`, and the account's least recently active ones beyond `cap`.
    async fn open(
        &self,
        session: NewSession<U::Id>,
        unless: &[Digest],
        rule: &LockRule,
        replaced: Option<&Digest>,
        cap: u32,
    ) -> Result<Opened, StoreError>;

    /// Records that a session was active, and until when it lives now.
    async fn slide(
        &self,
        digest: &Digest,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Gives a live session another CSRF token, if it still has the `old` one.
    async fn replace_csrf(
        &self,
        digest: &Digest,
        old: &Digest,
        new: &Digest,
    ) -> Result<bool, StoreError>;

    /// The account's live sessions, the latest active first.
    async fn list(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Vec<SessionEntry>, StoreError>;

    /// Ends a session by its secret's digest.
    async fn end(&self, digest: &Digest) -> Result<(), StoreError>;

    /// Ends the live session of that account with that handle. Answers whether there was one.
    async fn revoke(
        &self,
        account: &Account<U>,
        handle: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Ends the account's live sessions but `kept`, and tells how many.
    async fn revoke_all_but(
        &self,
        account: &Account<U>,
        kept: Option<&Digest>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError>;

    /// Deletes at most `limit` sessions that have expired, and tells how many.
    async fn purge_sessions(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError>;
}

/// A session to be stored.
#[derive(Debug)]
pub struct NewSession<Id> {
    /// What stands for the secret in the cookie.
    pub digest: Digest,
    /// Its name in lists; opens nothing.
    pub handle: String,
    /// Whose it is.
    pub account: Id,
    /// What stands for its CSRF token.
    pub csrf: Digest,
    /// The account's version at sign-in: the session dies when that moves on.
    pub version: i32,
    /// The account's epoch.
    pub epoch: i64,
    /// From where.
    pub client: Option<ClientAddress>,
    /// By what program.
    pub user_agent: Option<String>,
    /// Whether it outlives the browser.
    pub is_remembered: bool,
    /// Now.
    pub created_at: DateTime<Utc>,
    /// When it expires unless it is used.
    pub expires_at: DateTime<Utc>,
    /// When it expires even if it is used.
    pub ends_at: Option<DateTime<Utc>>,
}

/// What a request needs to know of its session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionRecord {
    /// Its name in lists.
    pub handle: String,
    /// What stands for its CSRF token.
    pub(crate) csrf: Digest,
    /// Whether it outlives the browser.
    pub is_remembered: bool,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was last recorded as active.
    pub last_activity_at: DateTime<Utc>,
    /// When it expires even if it is used.
    pub ends_at: Option<DateTime<Utc>>,
}

/// A live session and whose it is.
#[derive(Clone, Debug)]
pub struct LiveSession<U: AuthUser> {
    /// The session.
    pub session: SessionRecord,
    /// Its account.
    pub account: Account<U>,
}

/// A session as its owner sees it in a list.
#[derive(Clone, Debug)]
pub struct SessionEntry {
    /// Its name; opens nothing.
    pub handle: String,
    /// From where it was opened.
    pub client: Option<String>,
    /// By what program.
    pub user_agent: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it was last recorded as active.
    pub last_activity_at: DateTime<Utc>,
}

/// What became of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It is open.
    Done,
    /// The account has changed or a counter was locked meanwhile: it was not opened.
    Refused,
}
