//! Port of the session store.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::{
    Account, AccountState, AuthUser, ClientAddress, CsrfDigest, Impersonator, Proofs,
    SessionDigest, SessionHandle,
};
use crate::store_error::StoreError;

/// Keeps sessions.
///
/// Each verb is one atomic effect in this store. A store knows nothing of accounts: the library
/// compares [`Session::state`] with the account at every use, so a session of an older state is
/// invalid even if the store still returns it.
///
/// A session ends at [`Session::expires_at`]. From then on no verb but [`purge`](Self::purge)
/// sees it. Time is always the argument `now`, never the clock of the store, so that tests can turn
/// it.
///
/// A complete implementation:
///
/// ```
#[doc = include_str!("../../stores/examples/sessions.rs")]
/// ```
#[async_trait]
pub trait SessionStore<U: AuthUser>: Send + Sync + 'static {
    /// Stores a session, then deletes the account's least recently active sessions beyond `max`.
    ///
    /// The new session is never deleted by its own call. Of several calls at once the last one sees
    /// the sessions of the others, so that the limit holds; and no two of them delete each other's
    /// session, so that `max` sessions are left. If it fails, the session may be stored all the same;
    /// the library then removes it.
    async fn insert(&self, session: Session<U::Id>, max: u32) -> Result<(), StoreError>;

    /// Returns the session with this digest.
    async fn find(
        &self,
        digest: &SessionDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Session<U::Id>>, StoreError>;

    /// Returns the sessions of an account, the most recently active first.
    async fn list(
        &self,
        account: &U::Id,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session<U::Id>>, StoreError>;

    /// Records activity at `now` and moves the expiry, unless later activity is recorded already.
    async fn touch(
        &self,
        digest: &SessionDigest,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Replaces the CSRF digest if it still is `old`. Returns `true` if it was replaced.
    async fn replace_csrf(
        &self,
        digest: &SessionDigest,
        old: &CsrfDigest,
        new: &CsrfDigest,
    ) -> Result<bool, StoreError>;

    /// Binds a session to another state of its account, which keeps it valid after its own change
    /// of password. Returns `true` if there is such a session.
    async fn rebind(&self, digest: &SessionDigest, state: AccountState)
    -> Result<bool, StoreError>;

    /// Deletes a session. Returns `true` if there was one: of any number of calls at once for one
    /// session, exactly one returns `true`.
    async fn remove(&self, digest: &SessionDigest) -> Result<bool, StoreError>;

    /// Deletes at most `limit` expired sessions and returns how many were deleted. A store that
    /// expires sessions by itself returns 0.
    async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError>;

    /// The library's own store in the database of the accounts; `None` for every other one.
    #[doc(hidden)]
    fn beside_accounts(&self) -> Option<&dyn SessionsBesideAccounts<U>> {
        None
    }
}

/// Sessions in the database of the accounts, where one query finds both.
#[doc(hidden)]
#[async_trait]
pub trait SessionsBesideAccounts<U: AuthUser>: Send + Sync {
    /// Returns the session with this digest and its account, if it has the state of the session.
    async fn find_with_account(
        &self,
        digest: &SessionDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<(Session<U::Id>, Account<U>)>, StoreError>;
}

/// A stored session.
#[derive(Clone, Debug)]
#[cfg_attr(any(test, feature = "testing"), derive(PartialEq))]
pub struct Session<Id> {
    /// Digest of the token in the cookie; the key of the record.
    pub digest: SessionDigest,
    /// Key of the account.
    pub account: Id,
    /// State of the account that the session is bound to.
    pub state: AccountState,
    /// Digest of the CSRF token.
    pub csrf: CsrfDigest,
    /// Address that it was opened from.
    pub client: Option<ClientAddress>,
    /// User agent that opened it, at most 512 characters.
    pub user_agent: Option<String>,
    /// Whether the cookie outlives the browser.
    pub is_remembered: bool,
    /// When it was opened, in milliseconds precision like every instant here.
    pub created_at: DateTime<Utc>,
    /// When activity was last recorded.
    pub last_activity_at: DateTime<Utc>,
    /// When it expires unless it is used.
    pub expires_at: DateTime<Utc>,
    /// When it ends even if it is used.
    pub ends_at: Option<DateTime<Utc>>,
    /// When its owner proved which factor.
    pub proofs: Proofs,
    /// The administrator who acts in it, if its owner does not. A store must keep it.
    pub impersonator: Option<Impersonator>,
}

impl<Id> Session<Id> {
    /// Public id of the session, shown in lists.
    #[must_use]
    pub fn handle(&self) -> SessionHandle {
        self.digest.handle()
    }
}
