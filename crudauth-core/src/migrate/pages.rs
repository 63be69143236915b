//! Reads a table page by page.

use super::live::LiveTable;
use super::queries::{PAGE, Page};
use crate::sql::{Backend, Call, Stores, rows};

/// The pages of a table, in the order of its key.
#[derive(Debug)]
pub(super) struct Pages<'a, Id> {
    page: Page<'a>,
    last: Option<Id>,
    is_done: bool,
}

impl<'a, Id: Clone + 'static> Pages<'a, Id> {
    pub(super) fn new(page: Page<'a>) -> Self {
        Self { page, last: None, is_done: false }
    }

    /// The rows of the next page. The first column of each is its key.
    pub(super) async fn next<DB: Backend + Stores<Id>>(
        &mut self,
        connection: &mut DB::Connection,
        live: &LiveTable,
    ) -> Result<Option<Vec<DB::Row>>, sqlx::Error> {
        if self.is_done {
            return Ok(None);
        }
        let mut call = Call::migration(self.page.text(live, self.last.is_none()));
        if let Some(last) = self.last.clone() {
            call = call.with(last);
        }
        let found = DB::fetch_all(connection, call).await?;
        self.is_done = found.len() < PAGE;
        self.last = found.last().map(|row| rows::take::<DB, Id>(row, 0)).transpose()?;
        Ok(Some(found))
    }
}
