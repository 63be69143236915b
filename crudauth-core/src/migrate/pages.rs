//! Reads a table page by page.

use super::live::LiveTable;
use super::queries::{PAGE, Page};
use super::subject::Subject;
use crate::sql::{Backend, Call, Value};

/// The pages of a table, in the order of its key.
pub(super) struct Pages<'a, DB: Backend> {
    page: Page<'a>,
    subject: &'a Subject<DB>,
    last: Option<Value<DB>>,
    is_done: bool,
}

impl<'a, DB: Backend> Pages<'a, DB> {
    pub(super) fn new(page: Page<'a>, subject: &'a Subject<DB>) -> Self {
        Self { page, subject, last: None, is_done: false }
    }

    /// The rows of the next page. The first column of each is its key.
    pub(super) async fn next(
        &mut self,
        connection: &mut DB::Connection,
        live: &LiveTable,
    ) -> Result<Option<Vec<DB::Row>>, sqlx::Error> {
        if self.is_done {
            return Ok(None);
        }
        let mut call = Call::migration(self.page.text(live, self.last.is_none()));
        if let Some(last) = &self.last {
            call = call.bind(last);
        }
        let found = DB::fetch_all(connection, call).await?;
        self.is_done = found.len() < PAGE;
        self.last = found.last().map(self.subject.take_key).transpose()?;
        Ok(Some(found))
    }
}
