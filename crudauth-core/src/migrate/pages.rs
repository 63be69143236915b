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

#[cfg(all(test, feature = "sqlite"))]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use sqlx::{Connection, Sqlite, SqliteConnection};

    use super::*;
    use crate::sql::Dialect;
    use crate::testing_world::Person;

    async fn insert(connection: &mut SqliteConnection, count: usize) {
        let insert = format!(
            "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) \
             INSERT INTO users (email) SELECT n FROM s"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(insert)).execute(connection).await.unwrap();
    }

    #[tokio::test]
    async fn rows_inserted_between_two_pages_are_not_read() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let create = "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT)";
        sqlx::raw_sql(create).execute(&mut connection).await.unwrap();
        insert(&mut connection, PAGE + 1).await;
        let live = LiveTable::of(Dialect::Sqlite, &[("id", "INTEGER"), ("email", "TEXT")]);
        let subject = Subject::<Sqlite>::of::<Person>();
        let page = Page { id: "id", columns: &["email"], unfilled: None, living: None };
        let mut pages = Pages::new(page, &subject).until_now(&mut connection, &live).await.unwrap();
        let first = pages.next(&mut connection, &live).await.unwrap().unwrap();
        insert(&mut connection, PAGE).await;
        let second = pages.next(&mut connection, &live).await.unwrap().unwrap();
        assert_eq!((first.len(), second.len()), (PAGE, 1));
        assert!(pages.next(&mut connection, &live).await.unwrap().is_none());
    }
}
