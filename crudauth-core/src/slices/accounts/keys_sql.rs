//! Finds accounts by the compared form of an identifier, and fills it where it is missing.

use tracing::warn;

use crate::model::IdentifierColumn;
use crate::sql::{AuthRow, Backend, SqlStore, Stores, rows};
use crate::store_error::StoreError;

/// A statement for each identifier that a shape may have. Its position stands between the parts.
macro_rules! for_each_identifier {
    ($($part:literal),+; $last:literal) => {
        [
            concat!($($part, "0",)+ $last),
            concat!($($part, "1",)+ $last),
            concat!($($part, "2",)+ $last),
            concat!($($part, "3",)+ $last),
        ]
    };
}

pub(super) const BY_IDENTIFIER: [&str; 4] = for_each_identifier!(
    "SELECT {account}, {read hash}, {read identifier ",
    "} FROM {table} WHERE {by identifier "; "}"
);

const UNFILLED: [&str; 4] = for_each_identifier!(
    "SELECT {read id}, {read shown ", "} FROM {table} WHERE {unfilled "; "} LIMIT :limit"
);

const FILL_KEY: [&str; 4] = for_each_identifier!(
    "UPDATE {table} SET {identifier ", "} = {:key identifier ",
    "} WHERE {id} = {:id id} AND {unfilled "; "}"
);

/// Returns `true` if a row that was found by `key` has it. MySQL ignores blanks at the end, and a
/// column that existed before may compare without case or accents.
pub(super) fn is_key(column: &IdentifierColumn, stored: &str, key: &str) -> bool {
    stored == key || (!column.has_own_key() && column.key_of(stored) == key)
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// Stores the compared forms of identifiers in rows that other software inserted without them.
    pub(crate) async fn fill_keys(&self, limit: u32) -> Result<(), StoreError> {
        for (at, column) in U::SHAPE.identifiers.iter().enumerate() {
            if !self.may_be_unfilled(column) {
                continue;
            }
            let query = self.query(UNFILLED[at]).bind("limit", i64::from(limit));
            for row in self.rows(query).await? {
                let id = rows::take::<DB, U::Id>(&row, 0)?;
                let shown: String = rows::take::<DB, _>(&row, 1)?;
                self.fill_key(at, &id, &column.key_of(&shown)).await?;
            }
        }
        Ok(())
    }

    /// Stores the compared form of an identifier in a row that other software inserted without it.
    pub(super) async fn fill_key(
        &self,
        at: usize,
        id: &U::Id,
        key: &str,
    ) -> Result<(), StoreError> {
        let query = self.query(FILL_KEY[at]).bind("key", key.to_owned()).bind("id", id.clone());
        match self.execute_once(query.call()).await {
            Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => {
                let column = U::SHAPE.identifiers[at].column;
                warn!(column, id = %id, "two accounts have one identifier: rename one");
                Ok(())
            }
            result => Ok(result.map(drop)?),
        }
    }
}
