//! The comparison: what the live tables lack, in the order in which it can be made.

use super::column::ColumnPlan;
use super::desired;
use super::live::LiveTable;
use super::plan::{Fill, Plan};
use super::scan::Scan;
use super::table::Table;
use super::{Blocked, ddl, fits, queries, scan};
use crate::model::{IdentifierColumn, Shape};
use crate::sql::{AuthRow, Backend, Call, Dialect, Stores};

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Look {
    /// At the catalogue alone: what is missing. A few milliseconds, whatever the tables hold.
    Catalogue,
    /// Beside it for rows without a compared form, where an index finds them.
    Start,
    /// Through the rows, for all that is in the way.
    Rows,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Found {
    /// The user's table as it is.
    pub(super) live: LiveTable,
    /// What it lacks.
    pub(super) user: Plan,
    /// What the library's tables lack.
    pub(super) library: Plan,
}

impl Found {
    pub(super) fn into_plan(self) -> Plan {
        let mut plan = self.user;
        plan.append(self.library);
        plan
    }

    pub(super) fn is_complete(&self) -> bool {
        self.user.is_empty() && self.library.is_empty()
    }
}

/// Compares every table, the user's first.
pub(super) async fn compare<DB, U>(
    connection: &mut DB::Connection,
    look: Look,
) -> Result<Found, sqlx::Error>
where
    DB: Backend + Stores<U::Id>,
    U: AuthRow<DB>,
{
    let (live, user) = user_table::<DB, U>(connection, look).await?;
    let mut library = Plan::default();
    for table in &desired::library_tables::<DB, U>() {
        let live = LiveTable::read::<DB>(connection, &table.name).await?;
        library.append(lacking::<DB, U>(connection, table, &live, look).await?);
    }
    Ok(Found { live, user, library })
}

/// Compares the user's table alone.
pub(super) async fn user_table<DB, U>(
    connection: &mut DB::Connection,
    look: Look,
) -> Result<(LiveTable, Plan), sqlx::Error>
where
    DB: Backend + Stores<U::Id>,
    U: AuthRow<DB>,
{
    let table = desired::user_table::<DB, U>();
    let live = LiveTable::read::<DB>(connection, &table.name).await?;
    let plan = lacking::<DB, U>(connection, &table, &live, look).await?;
    Ok((live, plan))
}

/// What one table lacks.
async fn lacking<DB, U>(
    connection: &mut DB::Connection,
    table: &Table,
    live: &LiveTable,
    look: Look,
) -> Result<Plan, sqlx::Error>
where
    DB: Backend + Stores<U::Id>,
    U: AuthRow<DB>,
{
    let plan = Plan::default();
    let mut growth = Growth { table, live, look, plan, is_readable: look == Look::Rows };
    if live.exists() {
        growth.plan.blocked = fits::blocked::<DB>(connection, table, live).await?;
        growth.is_readable &= !growth.plan.blocked.iter().any(makes_unreadable);
        growth.columns::<DB>(connection).await?;
        if growth.is_readable {
            growth.values::<DB, U>(connection).await?;
            growth.is_readable = !growth.plan.blocked.iter().any(makes_unreadable);
        }
        if let Some(shape) = &table.shape {
            for (at, identifier) in shape.identifiers.iter().enumerate() {
                growth.identifier::<DB, U>(connection, shape, at, identifier).await?;
            }
        }
    } else {
        growth.plan.push(ddl::create_table(DB::DIALECT, table));
    }
    for index in &table.indexes {
        growth.index::<DB>(connection, index).await?;
    }
    Ok(growth.plan)
}

/// Whether its rows cannot be read key by key and text by text.
fn makes_unreadable(blocked: &Blocked) -> bool {
    matches!(blocked, Blocked::Type { .. } | Blocked::Key { .. })
}

/// A table on its way to what is wanted.
pub(super) struct Growth<'a> {
    pub(super) table: &'a Table,
    pub(super) live: &'a LiveTable,
    look: Look,
    pub(super) plan: Plan,
    /// Whether the rows shall be read, and can be.
    pub(super) is_readable: bool,
}

impl Growth<'_> {
    /// Adds what is missing, but for compared forms.
    async fn columns<DB: Backend>(
        &mut self,
        connection: &mut DB::Connection,
    ) -> Result<(), sqlx::Error> {
        let (table, live) = (self.table, self.live);
        let missing = table.columns.iter().filter(|column| !live.has_column(&column.name));
        for column in missing.filter(|column| !table.is_own_key(&column.name)) {
            let needs_value = !column.is_nullable && column.default.is_none();
            if needs_value && is_there::<DB>(connection, queries::any_row(self.live)).await? {
                let (table, column) = (self.table.name.clone(), column.name.clone());
                self.plan.blocked.push(Blocked::NoValue { table, column });
                continue;
            }
            self.plan.statements.extend(ddl::add_column(self.live, column));
            // Rows that were there get an epoch each, as every account has.
            if self.table.shape.is_some_and(|shape| shape.companion.epoch == column.name) {
                self.plan.push(ddl::randomize(self.live, &column.name));
            }
        }
        Ok(())
    }

    /// Looks for NULLs, and on SQLite for what does not decode.
    async fn values<DB: Backend, U: AuthRow<DB>>(
        &mut self,
        connection: &mut DB::Connection,
    ) -> Result<(), sqlx::Error> {
        let nulls = scan::nulls::<DB>(connection, self.table, self.live).await?;
        let is_user_table = self.table.shape.is_some();
        if is_user_table && DB::DIALECT == Dialect::Sqlite && nulls.is_empty() {
            let first = scan::first_row::<DB, U>(connection, self.table, self.live).await?;
            self.plan.blocked.extend(first);
        }
        self.plan.blocked.extend(nulls);
        Ok(())
    }

    /// Adds and fills the compared form of an identifier, and looks for what is in its way.
    async fn identifier<DB, U>(
        &mut self,
        connection: &mut DB::Connection,
        shape: &Shape,
        at: usize,
        identifier: &IdentifierColumn,
    ) -> Result<(), sqlx::Error>
    where
        DB: Backend + Stores<U::Id>,
        U: AuthRow<DB>,
    {
        let has_shown = self.live.has_column(identifier.column);
        let is_unfilled = has_shown && self.is_unfilled::<DB>(connection, identifier).await?;
        let is_taken_over = is_unfilled
            || !self.live.is_unique(identifier.key)
            || lacks_library_column(shape, self.live);
        let scan = if self.is_readable && has_shown && is_taken_over {
            Some(scan::identifier::<DB, U>(connection, self.live, identifier).await?)
        } else {
            None
        };
        if identifier.has_own_key() {
            self.own_key(at, identifier, is_unfilled, scan.as_ref());
        }
        self.plan.blocked.extend(scan.into_iter().flat_map(|scan| scan.blocked));
        Ok(())
    }

    /// Whether rows may lack their compared form.
    async fn is_unfilled<DB: Backend>(
        &self,
        connection: &mut DB::Connection,
        identifier: &IdentifierColumn,
    ) -> Result<bool, sqlx::Error> {
        if !identifier.has_own_key() {
            return Ok(false);
        }
        let Some(key) = self.live.column(identifier.key) else { return Ok(true) };
        // Where an account may be without, an index does not find those that should not be.
        let is_found = !identifier.is_optional && self.live.is_unique(identifier.key);
        let is_asked = match self.look {
            Look::Catalogue => false,
            Look::Start => is_found,
            Look::Rows => true,
        };
        if !key.is_nullable || !is_asked {
            return Ok(false);
        }
        let sql = queries::any_unfilled(self.live, identifier.column, identifier.key);
        is_there::<DB>(connection, sql).await
    }

    /// The steps for a compared form that is kept beside the shown one.
    fn own_key(
        &mut self,
        at: usize,
        identifier: &IdentifierColumn,
        is_unfilled: bool,
        scan: Option<&Scan>,
    ) {
        let is_missing = !self.live.has_column(identifier.key);
        let is_key = |column: &&ColumnPlan| column.name == identifier.key;
        let Some(column) = self.table.columns.iter().find(is_key) else { return };
        if is_missing {
            // Taken as it comes until it is filled.
            let taken = column.clone().nullable();
            self.plan.statements.extend(ddl::add_column(self.live, &taken));
        }
        if is_unfilled {
            if scan.is_some_and(|scan| scan.is_plain) {
                self.plan.push(ddl::lower_key(self.live, identifier.column, identifier.key));
            } else {
                let (table, column) = (self.table.name.clone(), column.name.clone());
                let after = self.plan.statements.len();
                self.plan.fills.push(Fill { after, identifier: at, table, column });
            }
        }
        let is_ours = is_missing || self.is_as_made(column);
        if (is_missing || is_unfilled) && is_ours && !column.is_nullable {
            self.plan.statements.extend(ddl::require(self.live, column));
        }
    }

    /// Whether a column is what a migration of ours makes, so that saying its type again changes
    /// nothing. MySQL forbids NULL in no other way.
    fn is_as_made(&self, column: &ColumnPlan) -> bool {
        let Some(live) = self.live.column(&column.name) else { return false };
        let is_binary = live.collation.as_deref() == Some("utf8mb4_bin");
        let made = column.sql_type.to_ascii_lowercase();
        self.live.dialect != Dialect::MySql
            || (is_binary && made.split(' ').next() == Some(&*live.sql_type))
    }
}

/// Whether the table was never the library's, or is that of an earlier version.
fn lacks_library_column(shape: &Shape, live: &LiveTable) -> bool {
    let names = &shape.companion;
    let read = [names.hash, names.active, names.superuser, names.version, names.epoch];
    read.into_iter().chain(names.verified).any(|column| !live.has_column(column))
}

async fn is_there<DB: Backend>(
    connection: &mut DB::Connection,
    sql: String,
) -> Result<bool, sqlx::Error> {
    Ok(DB::fetch_optional(connection, Call::migration(sql).once()).await?.is_some())
}
