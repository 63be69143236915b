//! Checks at the start of an app: whether the schema is complete, and the lengths of columns.

use std::collections::HashMap;

use sqlx::Pool;

use super::Migrations;
use super::compare::Tables;
use super::live::LiveTable;
use super::migrations::reading;
use super::plan::Plan;
use super::table_diff::Depth;
use crate::model::{AuthUser, Shape};
use crate::sql::{AuthRow, Backend, Layout};

/// The result of comparing the live schema with the struct and the library.
#[derive(Clone, Debug)]
pub struct Schema {
    plan: Plan,
    widths: HashMap<String, usize>,
    layout: Layout,
    columns: Vec<String>,
}

impl Schema {
    /// The missing parts, and the blockers that the catalog shows. No row was read.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The columns of other types than the library's.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Whether the user's table has a column of this name, whether or not the struct names it.
    #[must_use]
    pub fn has_column(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column == name)
    }

    /// Maximum lengths in characters, by column of the user's table. Columns without a limit are
    /// left out. SQLite's limits are the declared ones. The limit of an identifier that is kept in
    /// two columns is the smaller one.
    #[must_use]
    pub fn widths(&self) -> &HashMap<String, usize> {
        &self.widths
    }
}

fn widths(shape: &Shape, live: &LiveTable) -> HashMap<String, usize> {
    let width = |column: &str| live.column(column).and_then(|live| live.max_chars);
    let mut widths = HashMap::new();
    for &column in shape.columns.iter().chain(shape.written) {
        widths.extend(width(column).map(|width| (column.to_owned(), width)));
    }
    for one in shape.identifiers {
        let smaller = width(one.column).into_iter().chain(width(one.key)).min();
        widths.extend(smaller.map(|width| (one.column.to_owned(), width)));
    }
    widths
}

impl<U: AuthUser> Migrations<U> {
    /// Compares the catalog of the database with the tables.
    ///
    /// It reads no rows, so an app can call it at every start: three to five statements for all
    /// tables, and up to four more for each (none on SQLite, one on PostgreSQL).
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn inspect<DB: Backend>(&self, pool: &Pool<DB>) -> Result<Schema, sqlx::Error>
    where
        U: AuthRow<DB>,
    {
        self.tables().inspect(pool).await
    }
}

impl<DB: Backend> Tables<'_, DB> {
    pub(crate) async fn inspect(&self, pool: &Pool<DB>) -> Result<Schema, sqlx::Error> {
        let diff = self.compare(&mut *reading(pool).await?, Depth::Catalog).await?;
        let widths = widths(self.shape(), &diff.live);
        let columns = diff.live.columns.iter().map(|column| column.name.clone()).collect();
        let layout = diff.live.layout.clone();
        Ok(Schema { plan: diff.into_plan(), widths, layout, columns })
    }
}
