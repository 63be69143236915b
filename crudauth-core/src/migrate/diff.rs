//! Compares one table with the live one.

use std::marker::PhantomData;

use super::compare::Depth;
use super::live::LiveTable;
use super::plan::{Backfill, Plan};
use super::scan::Scan;
use super::table::Table;
use super::{BlockerKind, ddl, queries};
use crate::model::{IdentifierColumn, Shape};
use crate::sql::{AuthRow, Backend, Call, ColumnPlan, Dialect};

/// The difference between a table as it is and as it should be, in the order in which statements
/// can make it up.
pub(super) struct TableDiff<'a, DB: Backend, U> {
    pub(super) connection: &'a mut DB::Connection,
    pub(super) table: &'a Table,
    pub(super) live: &'a LiveTable,
    depth: Depth,
    pub(super) plan: Plan,
    /// Whether rows are to be read, and can be.
    pub(super) reads_rows: bool,
    user: PhantomData<fn() -> U>,
}

impl<'a, DB: Backend, U: AuthRow<DB>> TableDiff<'a, DB, U> {
    pub(super) fn new(
        connection: &'a mut DB::Connection,
        table: &'a Table,
        live: &'a LiveTable,
        depth: Depth,
    ) -> Self {
        let reads_rows = depth == Depth::Rows;
        let plan = Plan::default();
        Self { connection, table, live, depth, plan, reads_rows, user: PhantomData }
    }

    pub(super) async fn into_plan(mut self) -> Result<Plan, sqlx::Error> {
        if self.live.exists() {
            self.plan.blockers = self.catalog_blockers().await?;
            self.stop_at_unreadable_rows();
            self.columns().await?;
            self.values().await?;
            self.identifiers().await?;
        } else {
            self.plan.push(ddl::create_table(DB::DIALECT, self.table));
        }
        for index in &self.table.indexes {
            self.index(index).await?;
        }
        Ok(self.plan)
    }

    /// Reads no rows if they cannot be read key by key and text by text.
    fn stop_at_unreadable_rows(&mut self) {
        self.reads_rows &= !self.plan.blockers.iter().any(|blocker| {
            matches!(blocker.kind, BlockerKind::WrongType { .. } | BlockerKind::NoUniqueKey)
        });
    }

    /// Adds missing columns, except compared forms.
    async fn columns(&mut self) -> Result<(), sqlx::Error> {
        let Self { table, live, .. } = *self;
        let missing = table.columns.iter().filter(|column| !live.has_column(&column.name));
        for column in missing.filter(|column| !table.is_own_key(&column.name)) {
            let needs_value = !column.is_nullable && column.default.is_none();
            if needs_value && self.row(queries::any_row(live)).await?.is_some() {
                self.plan.blockers.push(BlockerKind::MissingValue.of(live, &column.name));
                continue;
            }
            self.plan.statements.extend(ddl::add_column(live, column));
            // Each account has a random number of its own.
            if table.shape.is_some_and(|shape| shape.companion.epoch == column.name) {
                self.plan.push(ddl::randomize(live, &column.name));
            }
        }
        Ok(())
    }

    /// Searches for NULLs and, on SQLite, for values that do not decode.
    async fn values(&mut self) -> Result<(), sqlx::Error> {
        if !self.reads_rows {
            return Ok(());
        }
        let nulls = self.nulls().await?;
        let is_user_table = self.table.shape.is_some();
        if is_user_table && DB::DIALECT == Dialect::Sqlite && nulls.is_empty() {
            let first = self.first_row().await?;
            self.plan.blockers.extend(first);
        }
        self.plan.blockers.extend(nulls);
        self.stop_at_unreadable_rows();
        Ok(())
    }

    async fn identifiers(&mut self) -> Result<(), sqlx::Error> {
        let Some(shape) = &self.table.shape else { return Ok(()) };
        for (at, identifier) in shape.identifiers.iter().enumerate() {
            let live = self.live;
            let has_shown = live.has_column(identifier.column);
            let needs_backfill = has_shown && self.needs_backfill(identifier).await?;
            let is_taken_over = needs_backfill
                || !live.is_unique(identifier.key)
                || lacks_library_column(shape, live);
            let scan = if self.reads_rows && has_shown && is_taken_over {
                Some(self.scan(identifier).await?)
            } else {
                None
            };
            if identifier.has_own_key() {
                self.own_key(at, needs_backfill, scan.as_ref());
            }
            self.plan.blockers.extend(scan.into_iter().flat_map(|scan| scan.blockers));
        }
        Ok(())
    }

    /// Whether rows may lack the compared form of an identifier.
    async fn needs_backfill(&mut self, identifier: &IdentifierColumn) -> Result<bool, sqlx::Error> {
        if !identifier.has_own_key() {
            return Ok(false);
        }
        let Some(key) = self.live.column(identifier.key) else { return Ok(true) };
        // If the identifier is optional, most NULLs are right, and the index does not help.
        let is_indexed = !identifier.is_optional && self.live.is_unique(identifier.key);
        let may_search = match self.depth {
            Depth::Catalog => false,
            Depth::Indexes => is_indexed,
            Depth::Rows => true,
        };
        if !key.is_nullable || !may_search {
            return Ok(false);
        }
        let sql = queries::any_unfilled(self.live, identifier.column, identifier.key);
        Ok(self.row(sql).await?.is_some())
    }

    /// The first row of a statement that is not worth preparing.
    pub(super) async fn row(&mut self, sql: String) -> Result<Option<DB::Row>, sqlx::Error> {
        DB::fetch_optional(self.connection, Call::migration(sql)).await
    }

    /// Adds, fills and requires the compared form of the identifier at position `at`, which is kept
    /// in a column of its own.
    fn own_key(&mut self, at: usize, needs_backfill: bool, scan: Option<&Scan>) {
        let Some(identifier) = self.table.shape.and_then(|shape| shape.identifiers.get(at)) else {
            return;
        };
        let mut columns = self.table.columns.iter();
        let Some(column) = columns.find(|column| column.name == identifier.key) else { return };
        let is_missing = !self.live.has_column(identifier.key);
        if is_missing {
            // NULL is allowed until the column is filled.
            let added = column.clone().nullable();
            self.plan.statements.extend(ddl::add_column(self.live, &added));
        }
        if needs_backfill && scan.is_some_and(|scan| scan.is_lower_case_only) {
            self.plan.push(ddl::lower_key(self.live, identifier.column, identifier.key));
        } else if needs_backfill {
            self.plan.backfills.push(Backfill {
                after: self.plan.statements.len(),
                identifier: at,
                table: self.table.name.clone(),
                column: column.name.clone(),
            });
        }
        let is_ours = is_missing || self.is_as_created(column);
        if (is_missing || needs_backfill) && is_ours && !column.is_nullable {
            self.plan.statements.extend(ddl::require(self.live, column));
        }
    }

    /// Whether a live column has the type that a migration creates. MySQL forbids NULL only in a
    /// statement that repeats the type, which must not change another one.
    fn is_as_created(&self, column: &ColumnPlan) -> bool {
        if self.live.dialect != Dialect::MySql {
            return self.live.has_column(&column.name);
        }
        let Some(live) = self.live.column(&column.name) else { return false };
        let is_binary = live.collation.as_deref() == Some("utf8mb4_bin");
        let created = column.sql_type.to_ascii_lowercase();
        is_binary && created.split(' ').next() == Some(&*live.sql_type)
    }
}

/// Whether the table is new to the library, or was made by an earlier version.
fn lacks_library_column(shape: &Shape, live: &LiveTable) -> bool {
    let names = &shape.companion;
    let read = [names.hash, names.active, names.superuser, names.version, names.epoch];
    read.into_iter().chain(names.verified).any(|column| !live.has_column(column))
}
