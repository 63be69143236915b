//! Compares all tables with the live database.

use super::live::LiveTable;
use super::plan::Plan;
use super::subject::Subject;
use super::table::Table;
use super::table_diff::{Depth, TableDiff};
use super::{conversions, desired, library};
use crate::model::Shape;
use crate::sql::{Backend, TableSpec};

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

    /// Compares every table, the user's first.
    pub(super) async fn compare(
        &self,
        connection: &mut DB::Connection,
        depth: Depth,
    ) -> Result<Diff, sqlx::Error> {
        let (mut live, user) = self.user_table(connection, depth).await?;
        let schema = self.shape().schema;
        let mut library = Plan::default();
        for spec in self.library {
            let table = library::table(&self.subject, spec);
            let mut beside = LiveTable::read::<DB>(connection, &table.name, schema).await?;
            if !beside.exists() {
                beside.found_in.clone_from(&live.found_in);
            }
            live.layout.locate(&table.name, beside.resolved.as_deref());
            library.append(self.compare_one(connection, &table, &beside, depth).await?);
        }
        Ok(Diff { live, user, library })
    }

    /// Compares the user's table.
    pub(super) async fn user_table(
        &self,
        connection: &mut DB::Connection,
        depth: Depth,
    ) -> Result<(LiveTable, Plan), sqlx::Error> {
        let table = desired::user_table(&self.subject);
        let schema = self.shape().schema;
        let mut live = LiveTable::read::<DB>(connection, &table.name, schema).await?;
        live.layout = conversions::layout(&table, &live);
        live.layout.locate(&table.name, live.resolved.as_deref());
        let plan = self.compare_one(connection, &table, &live, depth).await?;
        Ok((live, plan))
    }

    async fn compare_one(
        &self,
        connection: &mut DB::Connection,
        table: &Table,
        live: &LiveTable,
        depth: Depth,
    ) -> Result<Plan, sqlx::Error> {
        TableDiff::new(connection, &self.subject, (table, live), depth).into_plan().await
    }
}
