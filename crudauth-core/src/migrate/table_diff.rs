//! One table beside the live one, and the plan that grows from the comparison.

use super::live::LiveTable;
use super::plan::Plan;
use super::subject::Subject;
use super::table::Table;
use crate::sql::{Backend, Call};

/// How closely tables are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    /// Reads the catalog only. Takes a few milliseconds, however large the tables are.
    Catalog,
    /// Also searches for rows without a compared form, if an index finds them.
    Indexes,
    /// Also reads the rows, for everything that blocks a migration.
    Rows,
    /// Also reads the identifiers of a table that the library knows already: another program may have
    /// inserted rows since.
    Identifiers,
}

/// The difference between a table as it is and as it should be, in the order in which statements
/// can make it up.
pub(super) struct TableDiff<'a, DB: Backend> {
    pub(super) connection: &'a mut DB::Connection,
    pub(super) subject: &'a Subject<DB>,
    pub(super) table: &'a Table,
    pub(super) live: &'a LiveTable,
    pub(super) depth: Depth,
    pub(super) plan: Plan,
    /// Whether rows are to be read, and can be.
    pub(super) reads_rows: bool,
}

impl<'a, DB: Backend> TableDiff<'a, DB> {
    pub(super) fn new(
        connection: &'a mut DB::Connection,
        subject: &'a Subject<DB>,
        (table, live): (&'a Table, &'a LiveTable),
        depth: Depth,
    ) -> Self {
        let reads_rows = depth >= Depth::Rows;
        let plan = Plan::default();
        Self { connection, subject, table, live, depth, plan, reads_rows }
    }

    /// The first row of a statement that is not worth preparing.
    pub(super) async fn row(&mut self, sql: String) -> Result<Option<DB::Row>, sqlx::Error> {
        DB::fetch_optional(self.connection, Call::migration(sql)).await
    }
}
