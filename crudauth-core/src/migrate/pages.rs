//! Reads a table some rows at a time.

use super::live::LiveTable;
use super::queries::{PAGE, Page};
use crate::sql::{Backend, Call, Stores, rows};

/// A table's rows, some at a time, in the order of the key.
#[derive(Debug)]
pub(super) struct Pages<'a, Id> {
    page: Page<'a>,
    last: Option<Id>,
    is_over: bool,
}

impl<'a, Id: Clone + 'static> Pages<'a, Id> {
    pub(super) fn new(page: Page<'a>) -> Self {
        Self { page, last: None, is_over: false }
    }

    /// The next rows; the key of each is its first column.
    pub(super) async fn next<DB: Backend + Stores<Id>>(
        &mut self,
        connection: &mut DB::Connection,
        live: &LiveTable,
    ) -> Result<Option<Vec<DB::Row>>, sqlx::Error> {
        if self.is_over {
            return Ok(None);
        }
        let mut call = Call::migration(self.page.text(live, self.last.is_none())).once();
        if let Some(last) = self.last.clone() {
            call = call.with(last);
        }
        let found = DB::fetch_all(connection, call).await?;
        self.is_over = found.len() < PAGE;
        self.last = found.last().map(|row| rows::take::<DB, Id>(row, 0)).transpose()?;
        Ok(Some(found))
    }
}
