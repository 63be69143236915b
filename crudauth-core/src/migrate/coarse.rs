//! Identifiers that are compared as they are written, in columns that take different texts for equal.

use super::live::LiveColumn;
use super::table_diff::TableDiff;
use super::{Blocker, BlockerKind, queries};
use crate::model::IdentifierKind;
use crate::sql::{Backend, Dialect};

impl<DB: Backend> TableDiff<'_, DB> {
    /// The blockers of such identifiers.
    pub(super) async fn coarse(&mut self) -> Result<Vec<Blocker>, sqlx::Error> {
        let fix = match DB::DIALECT {
            Dialect::Sqlite => "an index with COLLATE BINARY",
            Dialect::Postgres => "type TEXT with a deterministic collation",
            Dialect::MySql => "COLLATE utf8mb4_bin",
        };
        let exact = self.subject.shape().identifiers.iter().filter(|one| {
            !one.has_own_key()
                && matches!(one.kind, IdentifierKind::Username | IdentifierKind::Code)
        });
        let live = self.live;
        let mut blockers = Vec::new();
        for column in exact.filter_map(|one| live.column(one.column)) {
            if self.is_coarse(column).await? {
                blockers.push(BlockerKind::ComparesWithoutCase { fix }.of(live, &column.name));
            }
        }
        Ok(blockers)
    }

    /// Whether the unique index of a column takes different texts for equal. If there is none, the
    /// migration creates one, which compares as the column does.
    async fn is_coarse(&mut self, column: &LiveColumn) -> Result<bool, sqlx::Error> {
        let live = self.live;
        let mut indexes = live.unique_indexes(&column.name).peekable();
        if indexes.peek().is_some() {
            return Ok(indexes.any(|index| live.is_coarse(index, column)));
        }
        match live.dialect {
            // The catalog has no collations of columns.
            Dialect::Sqlite => {
                let sql = queries::takes_texts_for_equal(live, &column.name);
                Ok(self.row(sql).await?.is_some())
            }
            Dialect::Postgres | Dialect::MySql => Ok(column.is_coarse(live.dialect)),
        }
    }
}
