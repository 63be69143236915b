//! Reads a table page by page.

use super::live::LiveTable;
use super::queries::{self, PAGE, Page};
use super::subject::Subject;
use crate::sql::{Backend, Call, Value};

/// The pages of a table, in the order of its key.
pub(super) struct Pages<'a, DB: Backend> {
    page: Page<'a>,
    subject: &'a Subject<DB>,
    last: Option<Value<DB>>,
    /// The largest key that is read, if there is a limit.
    end: Option<Value<DB>>,
    is_done: bool,
}

impl<'a, DB: Backend> Pages<'a, DB> {
    pub(super) fn new(page: Page<'a>, subject: &'a Subject<DB>) -> Self {
        Self { page, subject, last: None, end: None, is_done: false }
    }

    /// Reads no further than to the largest key of this moment: other clients may insert rows faster
    /// than they are read.
    pub(super) async fn until_now(
        mut self,
        connection: &mut DB::Connection,
        live: &LiveTable,
    ) -> Result<Self, sqlx::Error> {
        let call = Call::migration(queries::largest_key(live, self.page.id));
        let largest = DB::fetch_optional(connection, call).await?;
        self.end = largest.as_ref().map(self.subject.take_key).transpose()?;
        self.is_done = self.end.is_none();
        Ok(self)
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
        let mut call =
            Call::migration(self.page.text(live, self.last.is_some(), self.end.is_some()));
        for bound in self.last.iter().chain(&self.end) {
            call = call.bind(bound);
        }
        let found = DB::fetch_all(connection, call).await?;
        self.is_done = found.len() < PAGE;
        self.last = found.last().map(self.subject.take_key).transpose()?;
        Ok(Some(found))
    }
}
