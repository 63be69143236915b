//! How MySQL stores a table, and the length of its indexes.

use super::blocker::asks_for_type;
use super::live::{LiveTable, declared_length};
use super::table::{Index, Table};
use super::table_diff::TableDiff;
use super::{Blocker, BlockerKind};
use crate::sql::{Backend, Dialect};

/// The longest index of MySQL, in bytes.
pub(super) const INDEX_BYTES: usize = 3072;

/// The longest column of an index in the row formats COMPACT and REDUNDANT.
const OLD_COLUMN_BYTES: usize = 767;

/// A table whose engine has no transactions.
pub(super) fn engine(table: &Table, live: &LiveTable) -> Option<Blocker> {
    let engine = live.engine.clone()?;
    let alter = format!("ALTER TABLE {} ENGINE = InnoDB", live.qualified());
    Some(BlockerKind::NoTransactions { engine, alter }.of(live, &table.key.column))
}

impl<DB: Backend> TableDiff<'_, DB> {
    /// Whether one index takes all these columns.
    pub(super) fn fit_an_index(&self, columns: &[&str]) -> bool {
        let length: usize = columns.iter().map(|column| self.bytes(column)).sum();
        DB::DIALECT != Dialect::MySql || length <= INDEX_BYTES
    }

    /// A missing index that the row format of the table does not take, unless another one was reported.
    pub(super) fn old_format(&self, index: &Index) -> Option<Blocker> {
        let is_reported = |one: &Blocker| matches!(one.kind, BlockerKind::OldRowFormat { .. });
        if !self.live.is_old_format || self.plan.blockers.iter().any(is_reported) {
            return None;
        }
        // A column that must change its type may become a long text.
        let mut columns = index.columns.iter();
        let long = columns.find(|column| {
            self.bytes(column) > OLD_COLUMN_BYTES || asks_for_type(&self.plan.blockers, column)
        })?;
        let alter = format!("ALTER TABLE {} ROW_FORMAT = DYNAMIC", self.live.qualified());
        Some(BlockerKind::OldRowFormat { alter }.of(self.live, long))
    }

    /// The length of a text on MySQL, as it is or as it will be added.
    fn bytes(&self, column: &str) -> usize {
        if let Some(live) = self.live.column(column) {
            return live.max_bytes.unwrap_or_default();
        }
        let added = self.table.columns.iter().find(|added| added.name == column);
        4 * added.and_then(|added| declared_length(&added.sql_type)).unwrap_or_default()
    }
}
