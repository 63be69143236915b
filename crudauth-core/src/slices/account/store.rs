//! Port of the deletions of accounts.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Reference, Tombstone};
use crate::model::{Account, AuthUser, OneTimeDigest};
use crate::store_error::StoreError;
use crate::unmounted::port;

port! {
/// Deletes accounts in two steps: an account is closed first, so that nothing signs in any more, and
/// deleted later.
///
/// Each verb is one atomic effect.
pub trait DeletionStore<U> {
    /// Disables the account and stores that it is to be deleted, if it still has the state of
    /// `account`. Its credentials are invalid from then on.
    async fn close(
        &self,
        account: &Account<U>,
        deletion: &Deletion,
    ) -> Result<Closed<U>, StoreError>;

    /// Enables an account by the token of its deletion, which is not due yet. Of any number of calls
    /// at once one returns the account.
    async fn restore(
        &self,
        undo: &OneTimeDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Account<U>>, StoreError>;

    /// Withdraws the deletion of an account that still has the state of `account`, and enables it if
    /// `enables`.
    async fn reopen(
        &self,
        account: &Account<U>,
        enables: bool,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Puts a deletion off that is due and meets an obstacle.
    async fn postpone(&self, account: &Account<U>, until: DateTime<Utc>) -> Result<(), StoreError>;

    /// Returns disabled accounts with a deletion that is due, at most 100. Withdraws those of active
    /// accounts, which other software enabled.
    async fn due(&self, now: DateTime<Utc>) -> Result<Vec<Account<U>>, StoreError>;

    /// Deletes a closed account with every row of the library, if it still has the state of
    /// `account`. With a tombstone its own row stays, without its names, its password and the columns
    /// with `#[auth(erase)]`.
    async fn erase(
        &self,
        account: &Account<U>,
        tombstone: Option<&Tombstone>,
    ) -> Result<Erased, StoreError>;

    /// Returns the columns of other tables that refer to accounts by foreign keys.
    async fn references(&self) -> Result<Vec<Reference>, StoreError>;

    /// Returns when the account was created and last changed, as the database writes it.
    async fn dates(&self, account: &Account<U>) -> Result<[Option<String>; 2], StoreError>;
}
}

/// A deletion to be stored.
#[derive(Clone, Debug)]
pub struct Deletion {
    /// Digest of the token that withdraws it.
    pub undo: OneTimeDigest,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// From when on the account is deleted.
    pub due_at: DateTime<Utc>,
}

/// Result of closing an account.
#[derive(Clone, Debug)]
pub enum Closed<U: AuthUser> {
    /// It is closed, and has this state.
    Done(Account<U>),
    /// It has changed meanwhile, or there is none.
    Changed,
    /// It is the last active superuser.
    LastSuperuser,
}

/// Result of deleting a closed account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erased {
    /// It is deleted.
    Done,
    /// It has changed meanwhile, or there is none.
    Changed,
    /// A row of another table refers to it.
    Referenced(Option<Reference>),
    /// The database refuses the change of the row, for this reason.
    Refused(String),
}
