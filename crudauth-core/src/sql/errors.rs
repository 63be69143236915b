//! The meaning of a driver's errors.

use std::borrow::Cow;

use crate::store_error::StoreError;

/// Whether the connection is broken, so that nothing was answered on it.
pub(super) fn is_disconnect(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        // PostgreSQL shuts down or ended this connection (classes 57P and 08).
        sqlx::Error::Database(cause) => {
            cause.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08"))
        }
        _ => false,
    }
}

/// Whether this transaction was undone because another one was in its way.
pub(crate) fn is_contention(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(cause) = error else { return false };
    let is_lock_timeout = cause.message().contains("Lock wait timeout exceeded");
    // Serialization failure and deadlock of SQL and PostgreSQL; SQLite's BUSY and LOCKED.
    is_lock_timeout
        || cause.code().is_some_and(|code| {
            matches!(&*code, "40001" | "40P01" | "5" | "6" | "261" | "262" | "517")
        })
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let is_away = matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed)
            || is_disconnect(&error)
            || is_contention(&error)
            || is_starting_up(&error);
        if is_away { Self::Unavailable(Box::new(error)) } else { Self::Failed(Box::new(error)) }
    }
}

/// Whether the server rejects work for now: too many connections, or a read-only stand-by.
fn is_starting_up(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(cause) = error else { return false };
    // Too many connections, read-only, cannot connect, lock time-out, statement time-out.
    cause.code().is_some_and(|code| {
        code.starts_with("53") || matches!(&*code, "25006" | "08004" | "55P03" | "57014")
    }) || cause.message().contains("--read-only")
}

/// Returns `true` if a prepared statement no longer fits the database, or is gone. It had no effect,
/// and works if it is prepared again.
pub(super) fn is_stale(error: &sqlx::Error) -> bool {
    // "Cached plan must not change result type" of PostgreSQL, and SQLite's SCHEMA. MySQL: unknown
    // statement, "prepared statement needs to be re-prepared".
    is_mix_up(error)
        || code(error).is_some_and(|code| matches!(&*code, "0A000" | "17"))
        || matches!(mysql_number(error), Some(1243 | 1615))
}

/// Returns `true` if the server does not know the name of a prepared statement (26000), or has it
/// already (42P05).
pub(super) fn is_mix_up(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| matches!(&*code, "26000" | "42P05"))
}

/// The code of the database: an SQLSTATE, or SQLite's extended result code.
pub(super) fn code(error: &sqlx::Error) -> Option<Cow<'_, str>> {
    error.as_database_error()?.code()
}

/// The number of an error of MySQL or MariaDB, whose SQLSTATE is often only "general error".
#[cfg(feature = "mysql")]
pub(crate) fn mysql_number(error: &sqlx::Error) -> Option<u16> {
    let cause = error.as_database_error()?;
    Some(cause.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()?.number())
}

#[cfg(not(feature = "mysql"))]
pub(crate) fn mysql_number(_: &sqlx::Error) -> Option<u16> {
    None
}

/// The column that a trigger of PostgreSQL names (`RAISE .. USING COLUMN`), or in which NULL is not
/// allowed.
#[cfg(feature = "postgres")]
pub(super) fn postgres_column(error: &sqlx::Error) -> Option<&str> {
    let cause = error.as_database_error()?;
    cause.try_downcast_ref::<sqlx::postgres::PgDatabaseError>()?.column()
}

#[cfg(not(feature = "postgres"))]
pub(super) fn postgres_column(_: &sqlx::Error) -> Option<&str> {
    None
}
