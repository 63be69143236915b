//! Compares all tables with the live database.

use std::iter;

use super::live::LiveTable;
use super::plan::Plan;
use super::subject::Subject;
use super::table::Table;
use super::table_diff::{Depth, TableDiff};
use super::{conversions, desired, library};
use crate::model::Shape;
use crate::sql::{Backend, TableSpec};

/// The tables as they should be and as they are.
#[derive(Debug)]
pub(super) struct Found {
    user: (Table, LiveTable),
    library: Vec<(Table, LiveTable)>,
}

/// The difference of all tables.
#[derive(Debug)]
pub(super) struct Diff {
    /// The user's table as it is.
    pub(super) live: LiveTable,
    /// The plan for the user's table.
    pub(super) user: Plan,
    /// The plan for the library's tables.
    pub(super) library: Plan,
}

impl Diff {
    pub(super) fn into_plan(self) -> Plan {
        let mut plan = self.user;
        plan.append(self.library);
        plan
    }

    pub(super) fn is_empty(&self) -> bool {
        self.user.is_empty() && self.library.is_empty()
    }
}

/// The tables of a user struct.
#[expect(missing_debug_implementations, reason = "for `compiled` alone")]
pub struct Tables<'a, DB: Backend> {
    pub(super) subject: Subject<DB>,
    pub(super) library: &'a [&'static TableSpec],
}

impl<DB: Backend> Tables<'_, DB> {
    pub(crate) fn shape(&self) -> &Shape {
        self.subject.shape()
    }

    /// Reads and compares every table.
    pub(super) async fn compare(
        &self,
        connection: &mut DB::Connection,
        depth: Depth,
    ) -> Result<Diff, sqlx::Error> {
        let found = self.read(connection).await?;
        self.diff(connection, &found, depth).await
    }

    /// Reads every table from the catalog.
    pub(super) async fn read(&self, connection: &mut DB::Connection) -> Result<Found, sqlx::Error> {
        self.read_with(connection, self.library).await
    }

    /// Reads the user's table and these tables of the library.
    async fn read_with(
        &self,
        connection: &mut DB::Connection,
        library: &[&'static TableSpec],
    ) -> Result<Found, sqlx::Error> {
        let user = desired::user_table(&self.subject);
        let library = library.iter().map(|spec| library::table(&self.subject, spec));
        let library: Vec<_> = library.collect();
        let names: Vec<_> = iter::once(&user).chain(&library).map(|table| &*table.name).collect();
        let mut live = LiveTable::read::<DB>(connection, &names, self.shape().schema).await?;
        let mut beside = live.split_off(1);
        let mut live = live.pop().ok_or(sqlx::Error::RowNotFound)?;
        live.layout = conversions::layout(&user, &live);
        live.layout.locate(&user.name, live.resolved.as_deref());
        for table in &mut beside {
            if !table.exists() {
                table.found_in.clone_from(&live.found_in);
            }
            live.layout.locate(&table.name, table.resolved.as_deref());
        }
        Ok(Found { user: (user, live), library: library.into_iter().zip(beside).collect() })
    }

    /// Compares every table that was read, the user's first.
    pub(super) async fn diff(
        &self,
        connection: &mut DB::Connection,
        found: &Found,
        depth: Depth,
    ) -> Result<Diff, sqlx::Error> {
        let user = self.diff_one(connection, &found.user, depth).await?;
        let mut library = Plan::default();
        for one in &found.library {
            library.append(self.diff_one(connection, one, depth).await?);
        }
        Ok(Diff { live: found.user.1.clone(), user, library })
    }

    /// Reads and compares the user's table alone.
    pub(super) async fn user_table(
        &self,
        connection: &mut DB::Connection,
        depth: Depth,
    ) -> Result<(LiveTable, Plan), sqlx::Error> {
        let found = self.read_with(connection, &[]).await?;
        let plan = self.diff_one(connection, &found.user, depth).await?;
        Ok((found.user.1, plan))
    }

    async fn diff_one(
        &self,
        connection: &mut DB::Connection,
        (table, live): &(Table, LiveTable),
        depth: Depth,
    ) -> Result<Plan, sqlx::Error> {
        TableDiff::new(connection, &self.subject, (table, live), depth).into_plan().await
    }
}
