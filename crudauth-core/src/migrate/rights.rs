//! Whether the database role of the pool may do what the library does. SQLite has no roles.

use super::live::LiveTable;
use super::table_diff::{Depth, TableDiff};
use super::{Blocker, BlockerKind, catalog};
use crate::sql::errors::mysql_number;
use crate::sql::{Backend, Call, Dialect, rows};

/// MySQL refuses a statement on a table, or on a column.
const DENIED: [u16; 2] = [1142, 1143];

impl<DB: Backend> TableDiff<'_, DB> {
    /// The reasons why the role cannot read and write every row. A plan that cannot read has no others.
    pub(super) async fn closed(&mut self) -> Result<Vec<Blocker>, sqlx::Error> {
        match DB::DIALECT {
            Dialect::Sqlite => Ok(Vec::new()),
            Dialect::Postgres => Ok(self.closed_on_postgres()),
            Dialect::MySql if self.live.exists() => self.denied().await,
            Dialect::MySql => Ok(Vec::new()),
        }
    }

    fn closed_on_postgres(&self) -> Vec<Blocker> {
        let LiveTable { missing_rights, hidden_rows, .. } = self.live;
        let missing = missing_rights
            .iter()
            .cloned()
            .map(|statement| BlockerKind::MissingRight { statement, is_to_migrate: false });
        let hidden =
            hidden_rows.iter().cloned().map(|statement| BlockerKind::HiddenRows { statement });
        missing.chain(hidden).map(|kind| kind.of(self.live, &self.table.key.column)).collect()
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
        if DB::DIALECT != Dialect::Postgres || self.depth < Depth::Rows || !is_changed {
            return Ok(());
        }
        let schema = self.live.resolved.clone().or_else(|| self.live.found_in.clone());
        let call = Call::new(catalog::MISSING_OWNERSHIP).with(self.live.name.clone()).with(schema);
        for row in DB::fetch_all(self.connection, call).await? {
            let statement = rows::take::<DB, String>(&row, 0)?;
            let kind = BlockerKind::MissingRight { statement, is_to_migrate: true };
            self.plan.blockers.push(kind.of(self.live, &self.table.key.column));
        }
        Ok(())
    }
}
