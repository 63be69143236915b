//! Port of the trail.

use async_trait::async_trait;

use super::{AuditRecord, Record, Recording};
use crate::model::AuthUser;
use crate::store_error::StoreError;

/// Most records of a page. Stores return one more, which shows that there is another page.
pub(crate) const MOST: usize = 100;

/// Keeps the events of accounts, in the app's database.
///
/// A verb of another store that changes an account writes the event in its own transaction; see
/// [`Recording`].
#[async_trait]
pub trait AuditStore<U: AuthUser>: Send + Sync + 'static {
    /// Adds an event to the chain of its account.
    async fn append(&self, recording: &Recording) -> Result<(), StoreError>;

    /// Returns up to 101 records of an account before `before`, the newest first: those of the
    /// present holder of the key, not those of a deleted account that had it.
    async fn own(&self, account: &U::Id, before: i64) -> Result<Vec<AuditRecord>, StoreError>;

    /// As [`own`](Self::own), with those of a deleted account.
    async fn all(&self, account: &U::Id, before: i64) -> Result<Vec<AuditRecord>, StoreError>;

    /// Returns up to 500 rows of an account after `after`, the oldest first.
    async fn chain(&self, account: &U::Id, after: i64) -> Result<Vec<ChainRow>, StoreError>;

    /// Returns up to 101 accounts with rows, after that one, in the order of their keys.
    async fn accounts(&self, after: Option<&U::Id>) -> Result<Vec<U::Id>, StoreError>;
}

/// A row with what it takes to verify it.
#[derive(Clone, Debug)]
pub struct ChainRow(pub(crate) Record);
