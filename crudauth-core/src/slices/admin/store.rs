//! Port of administration.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::{Account, AuthUser};
use crate::store_error::StoreError;

/// Accounts of the largest page.
pub const MOST: usize = 100;

/// Finds accounts, and disables them for a reason.
///
/// Each verb is one atomic effect.
#[async_trait]
pub trait AdminStore<U: AuthUser>: Send + Sync + 'static {
    /// Returns the next [`MOST`] accounts and one more, in the order of their keys.
    async fn page(&self, after: Option<&U::Id>) -> Result<Vec<Account<U>>, StoreError>;

    /// As [`page`](Self::page), in the order of the compared form of the identifier at position `at`
    /// and then of their keys, each with that form: from `from` on, and behind the account `after`
    /// with that form. Deleted accounts are found, too.
    async fn page_by(
        &self,
        at: usize,
        from: &str,
        after: Option<&U::Id>,
    ) -> Result<Vec<(Account<U>, String)>, StoreError>;

    /// Disables an account and stores why, in place of an earlier reason. Its credentials are invalid
    /// from then on.
    async fn suspend(
        &self,
        id: &U::Id,
        suspension: &Suspension,
    ) -> Result<Suspended<U>, StoreError>;

    /// Returns why an account is disabled, if an administrator has given a reason.
    async fn suspension(&self, account: &Account<U>) -> Result<Option<Suspension>, StoreError>;

    /// Returns up to 100 accounts whose suspension has ended, unless they have changed since.
    async fn ended(&self, now: DateTime<Utc>) -> Result<Vec<Account<U>>, StoreError>;

    /// Enables an account after the end of its suspension, unless it has changed since. Returns `true`
    /// if this call did it.
    async fn end_suspension(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Makes an account a superuser. Returns `true` if there is such an account.
    async fn promote(&self, id: &U::Id, now: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Takes the rights of a superuser from an account.
    async fn demote(&self, id: &U::Id, now: DateTime<Utc>) -> Result<Demoted, StoreError>;
}

/// Why an account is disabled, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suspension {
    /// The reason, for administrators.
    pub reason: String,
    /// The account of the administrator.
    pub actor: String,
    /// When it was disabled.
    pub created_at: DateTime<Utc>,
    /// When a purge enables it again, if ever.
    pub ends_at: Option<DateTime<Utc>>,
}

impl Suspension {
    /// Characters of the longest reason.
    pub const MAX_CHARS: u16 = 500;
}

/// Result of disabling an account.
#[derive(Clone, Debug)]
pub enum Suspended<U: AuthUser> {
    /// It is disabled, and has this state.
    Done(Box<Account<U>>),
    /// There is no such account.
    NotFound,
    /// It is the last active superuser.
    LastSuperuser,
    /// It is disabled already for another cause, for example because its owner deletes it.
    AlreadyDisabled,
}

/// Result of taking rights from an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demoted {
    /// It is no superuser.
    Done,
    /// There is no such account.
    NotFound,
    /// It is the last active superuser.
    LastSuperuser,
}
