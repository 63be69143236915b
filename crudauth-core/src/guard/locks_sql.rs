//! Locks on a name in the app's database, which last until the end of a transaction.
//!
//! A row of the lockouts table is the lock: every mount has that table. Locks that count nothing are
//! deleted by the next purge.

use chrono::DateTime;
use futures_util::future::BoxFuture;

use crate::model::CounterName;
use crate::model::digest::sha256;
use crate::sql::engine::retrying;
use crate::sql::transaction::Transaction;
use crate::sql::{Backend, Engine, Query, Running};
use crate::store_error::StoreError;

// Makes the row if there is none, and locks it either way.
const TOUCH_LOCKOUT: &str = "INSERT INTO {+lockouts} \
    (digest, failures, window_ends_at, level, level_until, locked_until, expires_at) \
    VALUES (:name, 0, 0, 0, 0, 0, :expires_at) {on conflict} \
    expires_at = {+lockouts}.expires_at";

/// Statements that delete the rows of an account beyond a limit.
pub(crate) struct RowLimit {
    /// Selects one row beyond the limit, if there is one.
    pub(crate) beyond: &'static str,
    /// Selects the row that was just inserted.
    pub(crate) inserted: &'static str,
    /// Deletes the rows beyond the limit, except the one that was just inserted.
    pub(crate) delete: &'static str,
}

/// The [`RowLimit`] of a table: its name, its key, which is also the name of the parameter, and the
/// column of the latest use.
///
/// Each sign-in deletes after it has inserted, so the last of several sees all and the limit holds.
/// Rows of a later version, inserted after a change of password, are not this sign-in's to delete.
macro_rules! row_limit {
    ($table:literal, $key:literal, $used_at:literal) => {
        $crate::guard::RowLimit {
            beyond: $crate::guard::row_limit!(@ "SELECT 1", " LIMIT 1", $table, $key, $used_at),
            inserted: concat!("SELECT ", $key, " FROM {+", $table, "} WHERE ", $key, " = :", $key),
            delete: $crate::guard::row_limit!(@ "DELETE", "", $table, $key, $used_at),
        }
    };
    (@ $verb:literal, $end:literal, $table:literal, $key:literal, $used_at:literal) => {
        concat!(
            $verb, " FROM {+", $table, "} WHERE user_id = :account AND ", $key, " <> :", $key,
            " AND token_version <= :version AND ", $key, " NOT IN (SELECT ", $key,
            " FROM (SELECT ", $key, " FROM {+", $table, "} WHERE user_id = :account AND ", $key,
            " <> :", $key, " AND expires_at > :now AND token_version = :version",
            " AND auth_epoch = :stamp ORDER BY ", $used_at,
            " DESC, created_at DESC LIMIT :others) AS kept)", $end
        )
    };
}
pub(crate) use row_limit;

impl<DB: Backend> Engine<DB> {
    /// Makes the row of a counter or a lock if there is none, and locks it.
    pub(crate) fn lock_row<'t>(
        &self,
        tx: &'t mut Transaction<DB>,
        name: &CounterName,
    ) -> Running<'t, u64> {
        let touch = self
            .query(TOUCH_LOCKOUT)
            .bind_bytes("name", name.as_bytes())
            .bind_instant("expires_at", DateTime::UNIX_EPOCH);
        tx.execute(touch)
    }

    /// Deletes the rows of an account beyond a limit, after one was inserted.
    ///
    /// Insertions at one moment delete one after the other, and one whose own row was deleted by
    /// then deletes nothing. Otherwise two of them could delete each other's row.
    pub(crate) fn delete_beyond<'a>(
        &'a self,
        limit: &'a RowLimit,
        account: String,
        bound: &'a (dyn Fn(&'static str) -> Query<DB> + Sync),
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            if self.row(bound(limit.beyond)).await?.is_none() {
                return Ok(());
            }
            let lock = sha256(&[b"row limit", limit.delete.as_bytes(), account.as_bytes()]);
            let lock = CounterName::new(lock);
            retrying(|| async {
                let mut tx = self.begin().await?;
                self.lock_row(&mut tx, &lock).await?;
                if tx.row(bound(limit.inserted)).await?.is_none() {
                    return tx.roll_back(()).await;
                }
                tx.execute(bound(limit.delete)).await?;
                tx.commit().await
            })
            .await
        })
    }
}
