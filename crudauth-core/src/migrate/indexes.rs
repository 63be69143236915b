//! Plans the indexes that a table lacks.

use super::table::{Index, short_name};
use super::table_diff::TableDiff;
use super::{BlockerKind, catalog, ddl};
use crate::sql::{Backend, Call};

impl<DB: Backend> TableDiff<'_, DB> {
    /// Plans an index, unless another one serves the same purpose.
    pub(super) async fn index(&mut self, index: &Index) -> Result<(), sqlx::Error> {
        if self.has_index(index) {
            return Ok(());
        }
        let too_long = self.old_format(index);
        self.plan.blockers.extend(too_long);
        let reads_rows = index.is_unique && self.reads_rows;
        for column in &index.columns {
            if reads_rows && self.live.has_column(column) && !self.has_duplicates(column) {
                let found = self.duplicates(column).await?;
                self.plan.blockers.extend(found);
            }
        }
        let name = self.free_name(&index.name).await?;
        self.plan.push(ddl::create_index(self.live, index, &name));
        Ok(())
    }

    /// Whether the table has an index that serves the same purpose.
    fn has_index(&self, index: &Index) -> bool {
        match &*index.columns {
            [column] if index.is_unique => match index.null {
                Some(null) => self.live.is_unique_where_null(column, null),
                None => self.live.is_unique(column),
            },
            columns => self.live.is_searched_by(columns),
        }
    }

    /// Whether an index keeps the compared forms in this column apart.
    pub(super) fn is_kept_apart(&self, column: &str) -> bool {
        let mut indexes = self.table.indexes.iter();
        indexes.any(|index| index.is_unique && index.columns == [column] && self.has_index(index))
    }

    /// Whether duplicates in the column, or in its compared form, are a blocker already.
    fn has_duplicates(&self, name: &str) -> bool {
        self.plan.blockers.iter().any(|blocker| {
            blocker.column == name && matches!(blocker.kind, BlockerKind::Duplicates { .. })
        })
    }

    /// The name of the index, with a number if the name is taken.
    async fn free_name(&mut self, name: &str) -> Result<String, sqlx::Error> {
        let mut free = name.to_owned();
        for number in 2.. {
            let call = Call::new(catalog::index_name(DB::DIALECT))
                .with(free.clone())
                .with(self.live.found_in.clone());
            let is_taken = self.live.has_index_named(&free)
                || DB::fetch_optional(self.connection, call).await?.is_some();
            if !is_taken {
                break;
            }
            free = short_name(format!("{name}_{number}"));
        }
        Ok(free)
    }
}
