//! Locks: one migration at a time, and no other writers of the user's table.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Pool};
use tokio::time::Instant;

use super::live::LiveTable;
use super::{MigrateError, ddl};
use crate::sql::errors::is_contention;
use crate::sql::{Backend, Call, Dialect, rows};

/// How long a migration waits for another one.
const PATIENCE: Duration = Duration::from_secs(60);

/// Key of the advisory lock on PostgreSQL: "crudauth" in ASCII.
const LOCK: i64 = i64::from_be_bytes(*b"crudauth");

// A named lock of MySQL belongs to the server, so its name contains the database.
const GET_LOCK: &str = "SELECT GET_LOCK(CONCAT('crudauth ', SHA1(DATABASE())), 60)";
const RELEASE_LOCK: &str = "SELECT RELEASE_LOCK(CONCAT('crudauth ', SHA1(DATABASE())))";

/// Begins a transaction that is the only writer of a SQLite database, and waits at most a minute. The
/// app's `busy_timeout` may be shorter than another migration.
pub(super) async fn sqlite<DB: Backend>(
    pool: &Pool<DB>,
) -> Result<sqlx::Transaction<'static, DB>, MigrateError> {
    let begun = Instant::now();
    loop {
        match pool.begin_with(Dialect::Sqlite.begin()).await {
            Err(error) if is_contention(&error) && begun.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) if is_contention(&error) => return Err(MigrateError::Locked),
            begun => return Ok(begun?),
        }
    }
}

/// Takes the migration lock of PostgreSQL for the transaction, and waits at most a minute. Restores
/// the `lock_timeout` of the pool afterwards.
pub(super) async fn postgres<DB: Backend>(
    connection: &mut DB::Connection,
) -> Result<(), MigrateError> {
    let timeout = Call::new("SELECT current_setting('lock_timeout')");
    let row = DB::fetch_optional(connection, timeout).await?.ok_or(sqlx::Error::RowNotFound)?;
    let timeout: String = rows::take::<DB, _>(&row, 0)?;
    DB::execute(connection, set_timeout("60s".to_owned())).await?;
    let lock = Call::new("SELECT pg_advisory_xact_lock($1)").with(LOCK);
    DB::execute(connection, lock).await.map_err(|error| match &error {
        sqlx::Error::Database(cause) if cause.code().is_some_and(|code| code == "55P03") => {
            MigrateError::Locked
        }
        _ => error.into(),
    })?;
    DB::execute(connection, set_timeout(timeout)).await?;
    Ok(())
}

fn set_timeout<DB: Backend>(timeout: String) -> Call<DB> {
    Call::new("SELECT 1 FROM set_config('lock_timeout', $1, TRUE)").with(timeout)
}

/// Takes the migration lock of MySQL for the connection, and waits at most a minute.
pub(super) async fn mysql<DB: Backend>(
    connection: &mut DB::Connection,
) -> Result<(), MigrateError> {
    let row = DB::fetch_optional(connection, Call::new(GET_LOCK)).await?;
    let got: Option<i64> = row.map(|row| rows::take::<DB, _>(&row, 0)).transpose()?.flatten();
    if got == Some(1) { Ok(()) } else { Err(MigrateError::Locked) }
}

/// Releases the migration lock of MySQL. If that fails, the end of the connection does it.
pub(super) async fn release_mysql<DB: Backend>(connection: &mut DB::Connection) {
    let _ = DB::fetch_optional(connection, Call::new(RELEASE_LOCK)).await;
}

/// Locks a table against other clients. Returns whether they could write to it until now.
pub(super) async fn table<DB: Backend>(
    connection: &mut DB::Connection,
    table: &LiveTable,
) -> Result<bool, sqlx::Error> {
    let Some(lock) = ddl::lock(table) else { return Ok(false) };
    match DB::say(connection, AssertSqlSafe(lock)).await {
        // The database user may not have the privilege on MySQL.
        Err(sqlx::Error::Database(cause))
            if DB::DIALECT == Dialect::MySql && cause.code().as_deref() == Some("42000") =>
        {
            Ok(false)
        }
        result => result.map(|()| true),
    }
}

/// Unlocks the table. On SQLite and PostgreSQL the end of the transaction does it.
pub(super) async fn unlock_table<DB: Backend>(
    connection: &mut DB::Connection,
) -> Result<(), sqlx::Error> {
    if DB::DIALECT == Dialect::MySql {
        DB::say(connection, "UNLOCK TABLES").await?;
    }
    Ok(())
}
