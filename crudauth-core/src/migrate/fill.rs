//! Fills the compared form of what rows show, as a sign-up would have.

use super::live::LiveTable;
use super::pages::Pages;
use super::plan::Fill;
use super::queries::{self, Page};
use crate::model::AuthUser;
use crate::sql::{Backend, Call, Dialect, Stores, rows};

/// How many rows an update sets.
const BATCH: usize = 200;

/// Fills every row that shows something and lacks its compared form.
///
/// A MySQL that is not in a transaction makes one of it; elsewhere it is part of the migration's.
pub(super) async fn fill<DB, U>(
    connection: &mut DB::Connection,
    live: &LiveTable,
    fill: &Fill,
) -> Result<(), sqlx::Error>
where
    DB: Backend + Stores<U::Id>,
    U: AuthUser,
{
    let Some(identifier) = U::SHAPE.identifiers.get(fill.identifier) else { return Ok(()) };
    let is_alone = DB::DIALECT == Dialect::MySql;
    if is_alone {
        // Not BEGIN, which would unlock the table.
        DB::say(connection, "SET autocommit = 0").await?;
    }
    let columns = [identifier.column];
    let unfilled = Some((identifier.column, identifier.key));
    let mut pages = Pages::<U::Id>::new(Page { id: U::SHAPE.id, columns: &columns, unfilled });
    while let Some(found) = pages.next::<DB>(connection, live).await? {
        for batch in found.chunks(BATCH) {
            let mut keys = Vec::with_capacity(batch.len());
            for row in batch {
                let shown: String = rows::take::<DB, _>(row, 1)?;
                keys.push((rows::take::<DB, U::Id>(row, 0)?, identifier.key_of(&shown)));
            }
            DB::execute(connection, update::<DB, U>(live, &fill.column, &keys)).await?;
        }
    }
    if is_alone {
        DB::say(connection, "SET autocommit = 1").await?;
    }
    Ok(())
}

fn update<DB, U>(live: &LiveTable, column: &str, keys: &[(U::Id, String)]) -> Call<DB>
where
    DB: Backend + Stores<U::Id>,
    U: AuthUser,
{
    let sql = queries::fill(live, U::SHAPE.id, column, keys.len());
    let mut call = Call::migration(sql);
    // The last of them is seldom asked again.
    if keys.len() < BATCH {
        call = call.once();
    }
    for (id, key) in keys {
        call = call.with(id.clone()).with(key.clone());
    }
    keys.iter().fold(call, |call, (id, _)| call.with(id.clone()))
}
