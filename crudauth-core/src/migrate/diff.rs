//! Compares one table with the live one.

use super::live::LiveTable;
use super::plan::{Backfill, Plan};
use super::scan::Scan;
use super::table::Index;
use super::table_diff::{Depth, TableDiff};
use super::{BlockerKind, catalog, ddl, queries};
use crate::model::{IdentifierColumn, Shape};
use crate::sql::{Backend, Call, Dialect, rows};

impl<DB: Backend> TableDiff<'_, DB> {
    pub(super) async fn into_plan(mut self) -> Result<Plan, sqlx::Error> {
        self.plan.blockers = self.closed().await?;
        if !self.plan.blockers.is_empty() {
            return Ok(self.plan);
        }
        if self.live.exists() {
            self.plan.blockers = self.catalog_blockers().await?;
            self.stop_at_unreadable_rows();
            self.columns().await?;
            self.values().await?;
            self.sequence().await?;
            self.identifiers().await?;
        } else {
            self.plan.push(ddl::create_table(self.live, self.table));
        }
        if self.plan.updates_rows && self.reads_rows {
            let count = self.row(queries::count(self.live)).await?;
            let count = count.map(|row| rows::take::<DB, i64>(&row, 0)).transpose()?;
            self.plan.updated_rows = count.unwrap_or_default().unsigned_abs();
        }
        for index in &self.table.indexes {
            self.index(index).await?;
        }
        for identifier in self.table.shape.iter().flat_map(|shape| shape.identifiers) {
            if self.may_be_unfilled(identifier) {
                let columns = [identifier.key, identifier.column];
                self.index(&Index::on(&self.table.name, &columns, false)).await?;
            }
        }
        self.not_owned().await?;
        Ok(self.plan)
    }

    /// Whether rows may lack the compared form of an identifier. They are found by the shown form.
    fn may_be_unfilled(&self, identifier: &IdentifierColumn) -> bool {
        let key = self.live.column(identifier.key);
        let is_nullable = match key {
            Some(key) => key.is_nullable,
            None => identifier.is_optional || self.live.exists(),
        };
        let shown = self.live.column(identifier.column).map_or("", |shown| &shown.sql_type);
        let has_length = self.live.dialect != Dialect::MySql || !shown.contains("text");
        let is_indexable = has_length && self.fit_an_index(&[identifier.key, identifier.column]);
        identifier.has_own_key() && is_nullable && is_indexable
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
            let added = ddl::add_column(live, column);
            self.plan.updates_rows |= added.len() > 1;
            self.plan.statements.extend(added);
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
            let times = self.times().await?;
            self.plan.blockers.extend(times);
            let first = self.first_row().await?;
            self.plan.blockers.extend(first);
        }
        self.plan.blockers.extend(nulls);
        self.stop_at_unreadable_rows();
        Ok(())
    }

    /// Searches for a sequence that would make keys which exist.
    async fn sequence(&mut self) -> Result<(), sqlx::Error> {
        let Self { table, live, .. } = *self;
        if DB::DIALECT != Dialect::Postgres || !table.key.is_counted || !self.reads_rows {
            return Ok(());
        }
        let key = &table.key.column;
        let call = Call::new(catalog::SEQUENCE).with(live.qualified()).with(key.clone());
        let Some(row) = DB::fetch_optional(self.connection, call).await? else { return Ok(()) };
        let name: String = rows::take::<DB, _>(&row, 0)?;
        if self.row(queries::is_sequence_behind(live, key, &name)).await?.is_some() {
            let update = queries::set_sequence(live, key, &name);
            self.plan.blockers.push(BlockerKind::SequenceBehind { update }.of(live, key));
        }
        Ok(())
    }

    async fn identifiers(&mut self) -> Result<(), sqlx::Error> {
        let Some(shape) = &self.table.shape else { return Ok(()) };
        for (at, identifier) in shape.identifiers.iter().enumerate() {
            let live = self.live;
            let has_shown = live.has_column(identifier.column);
            let needs_backfill = has_shown && self.needs_backfill(identifier).await?;
            let is_scanned = self.depth == Depth::Identifiers
                || needs_backfill
                || !live.is_unique(identifier.key)
                || lacks_library_column(shape, live);
            let scan = if self.reads_rows && has_shown && is_scanned {
                Some(self.scan(identifier).await?)
            } else {
                None
            };
            if identifier.has_own_key() {
                // If not all rows can be filled, each is filled when its account is looked up.
                let fills = needs_backfill && scan.as_ref().is_none_or(|scan| scan.is_unique);
                self.own_key(at, fills, scan.as_ref());
            }
            if let Some(scan) = scan {
                self.plan.blockers.extend(scan.blockers);
                self.plan.remarks.extend(scan.remarks);
            }
        }
        Ok(())
    }

    /// Whether rows may lack the compared form of an identifier.
    async fn needs_backfill(&mut self, identifier: &IdentifierColumn) -> Result<bool, sqlx::Error> {
        if !identifier.has_own_key() {
            return Ok(false);
        }
        let Some(key) = self.live.column(identifier.key) else { return Ok(true) };
        let is_indexed = self.live.is_searched_by(&[identifier.key, identifier.column]);
        let may_search = match self.depth {
            Depth::Catalog => false,
            Depth::Indexes => is_indexed,
            Depth::Rows | Depth::Identifiers => true,
        };
        if !key.is_nullable || !may_search {
            return Ok(false);
        }
        let sql = queries::any_unfilled(self.live, identifier);
        Ok(self.row(sql).await?.is_some())
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
            // Programs that do not know the column go on inserting rows.
            let added = column.clone().nullable();
            self.plan.statements.extend(ddl::add_column(self.live, &added));
        }
        self.plan.updates_rows |= needs_backfill;
        if needs_backfill && scan.is_some_and(|scan| scan.is_lower_case_only) {
            self.plan.push(ddl::lower_key(self.live, identifier));
        } else if needs_backfill {
            self.plan.backfills.push(Backfill {
                after: self.plan.statements.len(),
                identifier: at,
                table: self.table.name.clone(),
                column: column.name.clone(),
            });
        }
    }
}

/// Whether the table is new to the library, or was made by an earlier version.
fn lacks_library_column(shape: &Shape, live: &LiveTable) -> bool {
    let names = &shape.companion;
    let read = [names.hash, names.active, names.superuser, names.version, names.epoch];
    read.into_iter().chain(names.verified).any(|column| !live.has_column(column))
}
