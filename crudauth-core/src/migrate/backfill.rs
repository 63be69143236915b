//! Fills the compared form of identifiers in rows that exist, with the values that a sign-up
//! writes.

use super::live::LiveTable;
use super::pages::Pages;
use super::plan::Backfill;
use super::queries::{self, Page};
use super::subject::Subject;
use crate::sql::{Backend, Call, Dialect, Value, rows};

/// Rows per update.
const BATCH: usize = 200;

impl Backfill {
    /// Fills every row that has the shown form but not the compared one.
    ///
    /// On SQLite and PostgreSQL this is part of the transaction of the migration. MySQL gets a
    /// transaction for the backfill alone.
    pub(super) async fn run<DB: Backend>(
        &self,
        subject: &Subject<DB>,
        connection: &mut DB::Connection,
        live: &LiveTable,
    ) -> Result<(), sqlx::Error> {
        let shape = subject.shape();
        let Some(identifier) = shape.identifiers.get(self.identifier) else { return Ok(()) };
        let is_mysql = DB::DIALECT == Dialect::MySql;
        if is_mysql {
            // BEGIN would release the lock on the table.
            DB::say(connection, "SET autocommit = 0").await?;
        }
        let columns = [identifier.column];
        let unfilled = Some(identifier);
        let page = Page { id: shape.id, columns: &columns, unfilled, living: None };
        let mut pages = Pages::new(page, subject);
        while let Some(found) = pages.next(connection, live).await? {
            for batch in found.chunks(BATCH) {
                let mut keys = Vec::with_capacity(batch.len());
                for row in batch {
                    let shown: String = rows::take::<DB, _>(row, 1)?;
                    keys.push(((subject.take_key)(row)?, identifier.key_of(&shown)));
                }
                let sql = queries::fill(live, shape.id, &self.column, keys.len());
                DB::execute(connection, update(sql, &keys)).await?;
            }
        }
        if is_mysql {
            DB::say(connection, "SET autocommit = 1").await?;
        }
        Ok(())
    }
}

fn update<DB: Backend>(sql: String, keys: &[(Value<DB>, String)]) -> Call<DB> {
    let mut call = Call::migration(sql);
    for (id, key) in keys {
        call = call.bind(id).with(key.clone());
    }
    keys.iter().fold(call, |call, (id, _)| call.bind(id))
}
