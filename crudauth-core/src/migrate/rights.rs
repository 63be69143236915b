//! Whether the database role of the pool may do what the library does. SQLite has no roles.

use super::table_diff::{Depth, TableDiff};
use super::{Blocker, BlockerKind, catalog};
use crate::sql::errors::mysql_number;
use crate::sql::{Backend, Call, Dialect, rows};

/// MySQL refuses a statement on a table, or on a column.
const DENIED: [u16; 2] = [1142, 1143];

impl<DB: Backend> TableDiff<'_, DB> {
    /// The reasons why the role cannot read and write every row. A plan that cannot read has no others.
    pub(super) async fn closed(&mut self) -> Result<Vec<Blocker>, sqlx::Error> {
        let is_new = !self.live.exists();
        if is_new && (self.live.schema.is_none() || DB::DIALECT == Dialect::MySql) {
            return Ok(Vec::new());
        }
        if DB::DIALECT == Dialect::MySql {
            return self.denied().await;
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

    /// A blocker if MySQL would refuse the statements of the library. It has no function that tells, but
    /// it explains only statements that it would run.
    async fn denied(&mut self) -> Result<Vec<Blocker>, sqlx::Error> {
        let table = self.live.qualified();
        // A right may be given for some columns only.
        let hash = self.table.shape.map(|shape| shape.companion.hash);
        let column = hash.filter(|hash| self.live.has_column(hash));
        let column = DB::DIALECT.quoted(column.unwrap_or(&self.table.key.column));
        let mut statements = vec![
            format!("INSERT INTO {table} ({column}) SELECT {column} FROM {table} WHERE FALSE"),
            format!("UPDATE {table} SET {column} = {column} WHERE FALSE"),
        ];
        if self.table.shape.is_none() {
            statements.push(format!("DELETE FROM {table} WHERE FALSE"));
        }
        for statement in statements {
            let call = Call::migration(format!("EXPLAIN {statement}"));
            let Err(error) = DB::fetch_all(self.connection, call).await else { continue };
            if mysql_number(&error).is_some_and(|number| DENIED.contains(&number)) {
                return Ok(vec![self.missing_on_mysql(&table).await?]);
            }
        }
        Ok(Vec::new())
    }

    async fn missing_on_mysql(&mut self, table: &str) -> Result<Blocker, sqlx::Error> {
        let row = DB::fetch_optional(self.connection, Call::new(catalog::MYSQL_USER)).await?;
        let user = row.map(|row| rows::take::<DB, String>(&row, 0)).transpose()?;
        let user = user.unwrap_or_default();
        let statement = format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {user}");
        let kind = BlockerKind::MissingRight { statement, is_to_migrate: false };
        Ok(kind.of(self.live, &self.table.key.column))
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
