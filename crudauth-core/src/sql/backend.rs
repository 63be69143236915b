//! The requirements of the SQL engine on a driver, as supertraits: code with `DB: Backend` needs no
//! further bound for the types that it binds or reads.

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use sqlx::database::HasStatementCache;
use sqlx::error::BoxDynError;
use sqlx::{ColumnIndex, Database, Decode, Encode, Row, SqlSafeStr, Type, TypeInfo};

use super::{Call, Dialect};

/// A database that can store and read a column of type `T`.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be a column of `{Self}`",
    label = "no sqlx encoding of `{T}` for `{Self}`",
    note = "derive `sqlx::Type` on `{T}`, or mark the field `#[auth(skip)]`"
)]
pub trait Stores<T>: Database {
    /// Binds a value.
    ///
    /// # Errors
    /// If the value cannot be encoded.
    fn put(values: &mut Self::Arguments, value: T) -> Result<(), BoxDynError>;

    /// Reads the column at a position.
    ///
    /// # Errors
    /// If the column cannot be decoded.
    fn take(row: &Self::Row, at: usize) -> Result<T, sqlx::Error>;

    /// The database's name for the type.
    fn sql_type() -> String;

    /// Whether a column of the type `live` can be decoded.
    fn reads(live: &Self::TypeInfo) -> bool;
}

#[diagnostic::do_not_recommend]
impl<DB, T> Stores<T> for DB
where
    DB: Database,
    T: for<'q> Encode<'q, DB> + for<'r> Decode<'r, DB> + Type<DB>,
    usize: ColumnIndex<DB::Row>,
{
    fn put(values: &mut DB::Arguments, value: T) -> Result<(), BoxDynError> {
        sqlx::Arguments::add(values, value)
    }

    fn take(row: &DB::Row, at: usize) -> Result<T, sqlx::Error> {
        row.try_get(at)
    }

    fn sql_type() -> String {
        T::type_info().name().to_owned()
    }

    fn reads(live: &DB::TypeInfo) -> bool {
        T::compatible(live)
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A database for accounts. Implemented for the enabled drivers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a database that crudauth knows",
    note = "switch on the feature of your database: `sqlite`, `postgres` or `mysql`"
)]
pub trait Backend:
    Database<Connection: Send, TypeInfo: 'static>
    + HasStatementCache
    + sealed::Sealed
    + Stores<i32>
    + Stores<i64>
    + Stores<Option<i64>>
    + Stores<bool>
    + Stores<String>
    + Stores<Option<String>>
    + Stores<Vec<u8>>
    + Stores<Option<Vec<u8>>>
{
    /// What it wants to read.
    const DIALECT: Dialect;

    /// Binds an instant to a column of the user's table.
    ///
    /// MySQL would turn a `DateTime<Utc>` past 2038 into NULL, and crudauth-py writes SQLite's
    /// without an offset, so both get UTC without one.
    ///
    /// # Errors
    /// If the value cannot be encoded.
    fn put_time(values: &mut Self::Arguments, time: DateTime<Utc>) -> Result<(), BoxDynError>;

    /// Runs a statement and returns the number of changed rows.
    fn execute(connection: &mut Self::Connection, call: Call<Self>) -> Running<'_, u64>;

    /// Runs a statement and takes its first row.
    fn fetch_optional(
        connection: &mut Self::Connection,
        call: Call<Self>,
    ) -> Running<'_, Option<Self::Row>>;

    /// Runs a statement and takes its rows.
    fn fetch_all(
        connection: &mut Self::Connection,
        call: Call<Self>,
    ) -> Running<'_, Vec<Self::Row>>;

    /// Runs a statement without values and rows: the start of a transaction, or a statement of a
    /// migration.
    fn say(connection: &mut Self::Connection, sql: impl SqlSafeStr) -> Running<'_, ()>;
}

/// A statement that is running.
pub type Running<'c, T> = BoxFuture<'c, Result<T, sqlx::Error>>;

/// A function of [`Backend`] that runs a statement.
pub(super) type Run<DB, T> = fn(&mut <DB as Database>::Connection, Call<DB>) -> Running<'_, T>;

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
macro_rules! query {
    ($call:expr) => {{
        let (sql, values, is_kept) = $call.into_parts()?;
        sqlx::query_with::<Self, _>(sql, values).persistent(is_kept)
    }};
}

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
macro_rules! backend {
    ($database:ty, $dialect:expr, $time:ident => $stored:expr) => {
        impl sealed::Sealed for $database {}

        impl Backend for $database {
            const DIALECT: Dialect = $dialect;

            fn put_time(
                values: &mut Self::Arguments,
                $time: DateTime<Utc>,
            ) -> Result<(), BoxDynError> {
                sqlx::Arguments::add(values, $stored)
            }

            fn execute(connection: &mut Self::Connection, call: Call<Self>) -> Running<'_, u64> {
                Box::pin(async move {
                    let done = query!(call).execute(connection).await?;
                    Ok(done.rows_affected())
                })
            }

            fn fetch_optional(
                connection: &mut Self::Connection,
                call: Call<Self>,
            ) -> Running<'_, Option<Self::Row>> {
                Box::pin(async move { query!(call).fetch_optional(connection).await })
            }

            fn fetch_all(
                connection: &mut Self::Connection,
                call: Call<Self>,
            ) -> Running<'_, Vec<Self::Row>> {
                Box::pin(async move { query!(call).fetch_all(connection).await })
            }

            fn say(connection: &mut Self::Connection, sql: impl SqlSafeStr) -> Running<'_, ()> {
                let sql = sql.into_sql_str();
                Box::pin(async move {
                    sqlx::raw_sql(sql).execute(connection).await?;
                    Ok(())
                })
            }
        }
    };
}

#[cfg(feature = "sqlite")]
backend!(sqlx::Sqlite, Dialect::Sqlite, time => time.naive_utc());
#[cfg(feature = "postgres")]
backend!(sqlx::Postgres, Dialect::Postgres, time => time);
#[cfg(feature = "mysql")]
backend!(sqlx::MySql, Dialect::MySql, time => time.naive_utc());
