//! A statement with its values.

use sqlx::SqlSafeStr;
use sqlx::SqlStr;
use sqlx::error::BoxDynError;

use super::{Backend, Stores};

/// A statement and the values bound to it so far, in the order of its parameters.
///
/// A value that does not encode is remembered and told when the statement is run.
pub struct Call<DB: Backend> {
    sql: SqlStr,
    values: DB::Arguments,
    error: Option<BoxDynError>,
}

impl<DB: Backend> Call<DB> {
    /// The statement without values.
    pub fn new(sql: &'static str) -> Self {
        Self { sql: sql.into_sql_str(), values: DB::Arguments::default(), error: None }
    }

    /// Binds the next parameter.
    #[must_use]
    pub fn with<T>(mut self, value: T) -> Self
    where
        DB: Stores<T>,
    {
        if let Err(error) = <DB as Stores<T>>::put(&mut self.values, value) {
            self.error.get_or_insert(error);
        }
        self
    }

    pub(super) fn bind(
        mut self,
        put: impl FnOnce(&mut DB::Arguments) -> Result<(), BoxDynError>,
    ) -> Self {
        if let Err(error) = put(&mut self.values) {
            self.error.get_or_insert(error);
        }
        self
    }

    pub(super) fn into_parts(self) -> Result<(SqlStr, DB::Arguments), sqlx::Error> {
        match self.error {
            None => Ok((self.sql, self.values)),
            Some(error) => Err(sqlx::Error::Encode(error)),
        }
    }
}

impl<DB: Backend> std::fmt::Debug for Call<DB> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("sql", &self.sql.as_str()).finish_non_exhaustive()
    }
}
