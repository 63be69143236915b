//! Compares all tables with the live database.

use super::diff::TableDiff;
use super::live::LiveTable;
use super::plan::Plan;
use super::table::Table;
use super::{Migrations, conversions, desired, library};
use crate::model::AuthUser;
use crate::sql::{AuthRow, Backend};

/// How closely tables are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    /// Reads the catalog only. Takes a few milliseconds, however large the tables are.
    Catalog,
    /// Also searches for rows without a compared form, if an index finds them.
    Indexes,
    /// Also reads the rows, for everything that blocks a migration.
    Rows,
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

impl<U: AuthUser> Migrations<U> {
    /// Compares every table, the user's first.
    pub(super) async fn compare<DB: Backend>(
        &self,
        connection: &mut DB::Connection,
        depth: Depth,
    ) -> Result<Diff, sqlx::Error>
    where
        U: AuthRow<DB>,
    {
        let (mut live, user) = user_table::<DB, U>(connection, depth).await?;
        let mut library = Plan::default();
        for spec in &self.tables {
            let table = library::table::<DB, U>(spec);
            let mut beside =
                LiveTable::read::<DB>(connection, &table.name, U::SHAPE.schema).await?;
            if !beside.exists() {
                beside.found_in.clone_from(&live.found_in);
            }
            live.layout.locate(&table.name, beside.resolved.as_deref());
            library.append(compare::<DB, U>(connection, &table, &beside, depth).await?);
        }
        Ok(Diff { live, user, library })
    }
}

/// Compares the user's table.
pub(super) async fn user_table<DB: Backend, U: AuthRow<DB>>(
    connection: &mut DB::Connection,
    depth: Depth,
) -> Result<(LiveTable, Plan), sqlx::Error> {
    let table = desired::user_table::<DB, U>();
    let mut live = LiveTable::read::<DB>(connection, &table.name, U::SHAPE.schema).await?;
    live.layout = conversions::layout(&table, &live);
    live.layout.locate(&table.name, live.resolved.as_deref());
    let plan = compare::<DB, U>(connection, &table, &live, depth).await?;
    Ok((live, plan))
}

async fn compare<DB: Backend, U: AuthRow<DB>>(
    connection: &mut DB::Connection,
    table: &Table,
    live: &LiveTable,
    depth: Depth,
) -> Result<Plan, sqlx::Error> {
    TableDiff::<DB, U>::new(connection, table, live, depth).into_plan().await
}
