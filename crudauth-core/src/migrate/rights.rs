//! Whether the database role of the pool may do what the library does. Only on PostgreSQL.

use super::table_diff::{Depth, TableDiff};
use super::{Blocker, BlockerKind, catalog};
use crate::sql::{Backend, Call, Dialect, rows};

impl<DB: Backend> TableDiff<'_, DB> {
    /// The reasons why the role cannot read and write every row. A plan that cannot read has no others.
    pub(super) async fn closed(&mut self) -> Result<Vec<Blocker>, sqlx::Error> {
        if !self.live.exists() && self.live.schema.is_none() {
            return Ok(Vec::new());
        }
        let is_library = i64::from(self.table.shape.is_none());
        let call = self.live.catalog::<DB>(catalog::MISSING_RIGHTS).with(is_library);
        let missing = |statement| BlockerKind::MissingRight { statement, is_to_migrate: false };
        let mut blockers = self.blockers(call, missing).await?;
        let call = self.live.catalog::<DB>(catalog::HIDDEN_ROWS);
        blockers
            .extend(self.blockers(call, |statement| BlockerKind::HiddenRows { statement }).await?);
        Ok(blockers)
    }

    /// Searches for rights that the statements of the plan need. An app that only starts needs none of
    /// them.
    pub(super) async fn not_owned(&mut self) -> Result<(), sqlx::Error> {
        let is_changed = self.plan.statements.iter().any(|one| !one.starts_with("UPDATE "));
        if self.depth != Depth::Rows || !is_changed {
            return Ok(());
        }
        let schema = self.live.resolved.clone().or_else(|| self.live.found_in.clone());
        let call = Call::new(catalog::MISSING_OWNERSHIP).with(self.live.name.clone()).with(schema);
        let missing = |statement| BlockerKind::MissingRight { statement, is_to_migrate: true };
        let blockers = self.blockers(call, missing).await?;
        self.plan.blockers.extend(blockers);
        Ok(())
    }

    /// A blocker for each statement that a query returns.
    async fn blockers(
        &mut self,
        query: Call<DB>,
        kind: fn(String) -> BlockerKind,
    ) -> Result<Vec<Blocker>, sqlx::Error> {
        if DB::DIALECT != Dialect::Postgres {
            return Ok(Vec::new());
        }
        let found = DB::fetch_all(self.connection, query).await?;
        let blocker = |row: &DB::Row| {
            let statement = rows::take::<DB, String>(row, 0)?;
            Ok(kind(statement).of(self.live, &self.table.key.column))
        };
        found.iter().map(blocker).collect()
    }
}
