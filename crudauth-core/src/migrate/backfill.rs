//! Fills the compared form of identifiers in rows that exist, with the values that a sign-up
//! writes.

use super::live::LiveTable;
use super::pages::Pages;
use super::plan::Backfill;
use super::queries::{self, Page};
use crate::sql::{AuthRow, Backend, Call, Dialect, rows};

/// Rows per update.
const BATCH: usize = 200;

impl Backfill {
    /// Fills every row that has the shown form but not the compared one.
    ///
    /// On SQLite and PostgreSQL this is part of the transaction of the migration. MySQL gets a
    /// transaction for the backfill alone.
    pub(super) async fn run<DB: Backend, U: AuthRow<DB>>(
        &self,
        connection: &mut DB::Connection,
        live: &LiveTable,
    ) -> Result<(), sqlx::Error> {
        let Some(identifier) = U::SHAPE.identifiers.get(self.identifier) else { return Ok(()) };
        let is_mysql = DB::DIALECT == Dialect::MySql;
        if is_mysql {
            // BEGIN would release the lock on the table.
            DB::say(connection, "SET autocommit = 0").await?;
        }
        let columns = [identifier.column];
        let unfilled = Some(identifier);
        let page = Page { id: U::SHAPE.id, columns: &columns, unfilled, living: None };
        let mut pages = Pages::<U::Id>::new(page);
        while let Some(found) = pages.next::<DB>(connection, live).await? {
            for batch in found.chunks(BATCH) {
                let mut keys = Vec::with_capacity(batch.len());
                for row in batch {
                    let shown: String = rows::take::<DB, _>(row, 1)?;
                    keys.push((rows::take::<DB, U::Id>(row, 0)?, identifier.key_of(&shown)));
                }
                DB::execute(connection, update::<DB, U>(live, &self.column, &keys)).await?;
            }
        }
        if is_mysql {
            DB::say(connection, "SET autocommit = 1").await?;
        }
        Ok(())
    }
}

fn update<DB: Backend, U: AuthRow<DB>>(
    live: &LiveTable,
    column: &str,
    keys: &[(U::Id, String)],
) -> Call<DB> {
    let mut call = Call::migration(queries::fill(live, U::SHAPE.id, column, keys.len()));
    for (id, key) in keys {
        call = call.with(id.clone()).with(key.clone());
    }
    keys.iter().fold(call, |call, (id, _)| call.with(id.clone()))
}
