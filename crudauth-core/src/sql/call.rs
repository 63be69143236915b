//! A statement with its values.

use std::any::Any;

use chrono::{DateTime, Utc};
use sqlx::error::BoxDynError;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::{Backend, Dialect, Stores};

/// A statement and the values bound to it so far, in the order of its parameters.
///
/// A value that does not encode is remembered and told when the statement is run.
pub struct Call<DB: Backend> {
    sql: SqlStr,
    values: DB::Arguments,
    error: Option<BoxDynError>,
    is_kept: bool,
}

impl<DB: Backend> Call<DB> {
    /// The statement without values. The connection does not keep it prepared.
    pub fn new(sql: impl SqlSafeStr) -> Self {
        let sql = sql.into_sql_str();
        Self { sql, values: DB::Arguments::default(), error: None, is_kept: false }
    }

    /// A statement of a migration, whose text is known at run time only: nothing in it is input,
    /// since the derive has checked the names.
    pub(crate) fn migration(sql: String) -> Self {
        Self::new(AssertSqlSafe(sql))
    }

    /// Lets the connection keep the statement prepared, for statements that are run again.
    #[must_use]
    pub(crate) fn kept(mut self) -> Self {
        self.is_kept = true;
        self
    }

    /// Binds the next parameter.
    #[must_use]
    pub fn with<T: 'static>(self, value: T) -> Self
    where
        DB: Stores<T>,
    {
        self.bind(|values| put::<DB, T>(values, value))
    }

    pub(crate) fn bind(
        mut self,
        put: impl FnOnce(&mut DB::Arguments) -> Result<(), BoxDynError>,
    ) -> Self {
        if let Err(error) = put(&mut self.values) {
            self.error.get_or_insert(error);
        }
        self
    }

    /// Text, values, and whether the connection shall keep it prepared.
    ///
    /// On MySQL always. sqlx closes a statement that is not kept, and the server does not answer
    /// that. Without `TCP_NODELAY`, which sqlx does not set, the next statement would wait for the
    /// acknowledgement: 40 ms on Linux.
    pub(crate) fn into_parts(self) -> Result<(SqlStr, DB::Arguments, bool), sqlx::Error> {
        let is_kept = self.is_kept || DB::DIALECT == Dialect::MySql;
        match self.error {
            None => Ok((self.sql, self.values, is_kept)),
            Some(error) => Err(sqlx::Error::Encode(error)),
        }
    }
}

/// Binds a value of a column of the app's own.
pub(super) fn put<DB: Backend + Stores<T>, T: 'static>(
    values: &mut DB::Arguments,
    value: T,
) -> Result<(), BoxDynError> {
    match past_2038(DB::DIALECT, &value) {
        Some(time) => DB::put_time(values, time),
        None => <DB as Stores<T>>::put(values, value),
    }
}

/// sqlx sends an instant to MySQL as a `TIMESTAMP`, which past 2038 is stored as NULL without a
/// word. The column of an app's own is a `DATETIME` like ours, and is written in the same way.
fn past_2038<T: 'static>(dialect: Dialect, value: &T) -> Option<DateTime<Utc>> {
    if dialect != Dialect::MySql {
        return None;
    }
    let value: &dyn Any = value;
    let optional = || value.downcast_ref::<Option<DateTime<Utc>>>().copied().flatten();
    value.downcast_ref::<DateTime<Utc>>().copied().or_else(optional)
}

impl<DB: Backend> std::fmt::Debug for Call<DB> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("sql", &self.sql.as_str()).finish_non_exhaustive()
    }
}
