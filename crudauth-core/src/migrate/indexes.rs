//! The indexes that a table lacks.

use super::compare::Growth;
use super::live::LiveTable;
use super::table::{Index, short_name};
use super::{Blocked, catalog, ddl, scan};
use crate::sql::{Backend, Call};

impl Growth<'_> {
    /// Makes an index, unless another does the same.
    pub(super) async fn index<DB: Backend>(
        &mut self,
        connection: &mut DB::Connection,
        index: &Index,
    ) -> Result<(), sqlx::Error> {
        let is_there = match &*index.columns {
            [column] if index.is_unique => self.live.is_unique(column),
            columns => self.live.is_searched_by(columns),
        };
        if is_there {
            return Ok(());
        }
        for column in index.columns.iter().filter(|_| index.is_unique && self.is_readable) {
            if self.live.has_column(column) && !self.has_duplicates(column) {
                let found = scan::duplicates::<DB>(connection, self.live, column).await?;
                self.plan.blocked.extend(found);
            }
        }
        let name = free_name::<DB>(connection, self.live, &index.name).await?;
        self.plan.push(ddl::create_index(DB::DIALECT, &self.table.name, index, &name));
        Ok(())
    }

    /// Whether the column's duplicates, or those of its compared form, are told already.
    fn has_duplicates(&self, name: &str) -> bool {
        self.plan
            .blocked
            .iter()
            .any(|blocked| matches!(blocked, Blocked::Duplicates { column, .. } if column == name))
    }
}

/// The index's own name, or one like it if that is taken by something that does another thing.
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
