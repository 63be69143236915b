//! Plans the indexes that a table lacks.

use super::diff::TableDiff;
use super::live::LiveTable;
use super::table::{Index, short_name};
use super::{Blocker, catalog, ddl, scan};
use crate::sql::{Backend, Call};

impl TableDiff<'_> {
    /// Plans an index, unless another one serves the same purpose.
    pub(super) async fn index<DB: Backend>(
        &mut self,
        connection: &mut DB::Connection,
        index: &Index,
    ) -> Result<(), sqlx::Error> {
        let exists = match &*index.columns {
            [column] if index.is_unique => self.live.is_unique(column),
            columns => self.live.is_searched_by(columns),
        };
        if exists {
            return Ok(());
        }
        for column in index.columns.iter().filter(|_| index.is_unique && self.reads_rows) {
            if self.live.has_column(column) && !self.has_duplicates(column) {
                let found = scan::duplicates::<DB>(connection, self.live, column).await?;
                self.plan.blockers.extend(found);
            }
        }
        let name = free_name::<DB>(connection, self.live, &index.name).await?;
        self.plan.push(ddl::create_index(DB::DIALECT, &self.table.name, index, &name));
        Ok(())
    }

    /// Whether duplicates in the column, or in its compared form, are a blocker already.
    fn has_duplicates(&self, name: &str) -> bool {
        self.plan
            .blockers
            .iter()
            .any(|blocker| matches!(blocker, Blocker::Duplicates { column, .. } if column == name))
    }
}

/// The name of the index, with a number if the name is taken.
async fn free_name<DB: Backend>(
    connection: &mut DB::Connection,
    live: &LiveTable,
    name: &str,
) -> Result<String, sqlx::Error> {
    let mut free = name.to_owned();
    for number in 2.. {
        let call = Call::new(catalog::index_name(DB::DIALECT)).with(free.clone());
        let is_taken =
            live.has_index_named(&free) || DB::fetch_optional(connection, call).await?.is_some();
        if !is_taken {
            break;
        }
        free = short_name(format!("{name}_{number}"));
    }
    Ok(free)
}
