//! The store over SQL: connections, transactions, and what a driver's error means.

use std::marker::PhantomData;
use std::time::Duration;

use chrono::{DateTime, Utc};

use sqlx::pool::PoolConnection;
use sqlx::{Connection, Database, Pool};

use super::transaction::{Held, Transaction};
use super::{Backend, Call};
use crate::ports::StoreError;

/// Fills every port of a store with the app's own database.
///
/// It works on the app's pool and opens no connection of its own.
pub struct SqlStore<DB: Database, U> {
    pool: Pool<DB>,
    user: PhantomData<fn() -> U>,
}

/// How long a request waits for a connection before it is answered that there is none, and how long
/// one that stands in another's way goes on trying.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// How often a transaction is tried that fell to a deadlock or a lock time-out.
pub(crate) const TRIES: u32 = 6;

impl<DB: Backend, U> SqlStore<DB, U> {
    /// A store on that pool.
    #[must_use]
    pub fn new(pool: Pool<DB>) -> Self {
        Self { pool, user: PhantomData }
    }

    /// A connection as it is: it is not asked first whether it is alive, since that would be a
    /// second round trip for every statement.
    async fn connection(&self) -> Result<PoolConnection<DB>, sqlx::Error> {
        match self.pool.try_acquire() {
            Some(connection) => Ok(connection),
            None => in_time(self.pool.acquire()).await,
        }
    }

    /// A connection that answers: those that do not are dropped until one does.
    async fn live_connection(&self) -> Result<PoolConnection<DB>, sqlx::Error> {
        for _ in 0..=self.pool.options().get_max_connections() {
            let mut connection = self.connection().await?;
            if in_time(connection.ping()).await.is_ok() {
                return Ok(connection);
            }
            drop(connection.detach());
        }
        Err(sqlx::Error::PoolTimedOut)
    }

    /// Runs a statement that only reads. A connection that proves broken is replaced once.
    pub(crate) async fn row(
        &self,
        call: impl Fn() -> Call<DB> + Send + Sync,
    ) -> Result<Option<DB::Row>, sqlx::Error> {
        let mut held = Held::new(self.connection().await?);
        let found = DB::fetch_optional(held.get()?, call()).await;
        let connection = held.done();
        match found {
            Err(error) if is_disconnect(&error) => {
                drop(connection.map(PoolConnection::detach));
                let mut held = Held::new(self.live_connection().await?);
                let found = DB::fetch_optional(held.get()?, call()).await;
                held.done();
                found
            }
            found => found,
        }
    }

    /// As [`row`](Self::row), for all rows.
    pub(crate) async fn rows(
        &self,
        call: impl Fn() -> Call<DB> + Send + Sync,
    ) -> Result<Vec<DB::Row>, sqlx::Error> {
        let mut held = Held::new(self.connection().await?);
        let found = DB::fetch_all(held.get()?, call()).await;
        let connection = held.done();
        match found {
            Err(error) if is_disconnect(&error) => {
                drop(connection.map(PoolConnection::detach));
                let mut held = Held::new(self.live_connection().await?);
                let found = DB::fetch_all(held.get()?, call()).await;
                held.done();
                found
            }
            found => found,
        }
    }

    /// Runs one statement that writes, and is the whole of its transaction. If another transaction
    /// stands in its way it is tried again.
    pub(crate) async fn execute(
        &self,
        call: impl Fn() -> Call<DB> + Send + Sync,
    ) -> Result<u64, StoreError> {
        retrying!(self.execute_once(call()))
    }

    /// As [`execute`](Self::execute), once.
    pub(crate) async fn execute_once(&self, call: Call<DB>) -> Result<u64, sqlx::Error> {
        let mut held = Held::new(self.connection().await?);
        let done = DB::execute(held.get()?, call).await;
        held.done();
        done
    }

    /// As [`execute_once`](Self::execute_once), for a statement that answers with a row.
    pub(crate) async fn returned(&self, call: Call<DB>) -> Result<Option<DB::Row>, sqlx::Error> {
        let mut held = Held::new(self.connection().await?);
        let row = DB::fetch_optional(held.get()?, call).await;
        held.done();
        row
    }

    /// Begins a transaction that writes. A broken connection is replaced: nothing has happened.
    pub(crate) async fn begin(&self) -> Result<Transaction<DB>, sqlx::Error> {
        match Transaction::begin(self.connection().await?).await {
            Err(error) if is_disconnect(&error) => {
                Transaction::begin(self.live_connection().await?).await
            }
            result => result,
        }
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// Tries a transaction again that fell to a deadlock or a lock time-out: the database has undone
/// it, and asks for just that.
macro_rules! retrying {
    ($attempt:expr) => {{
        let (mut tries, begun) = (1, tokio::time::Instant::now());
        loop {
            match $attempt.await {
                // One that has waited long already would keep its client waiting many times as long.
                Err(error)
                    if tries < $crate::sql::store::TRIES
                        && begun.elapsed() < $crate::sql::store::PATIENCE
                        && $crate::sql::store::is_contention(&error) =>
                {
                    tokio::time::sleep(std::time::Duration::from_millis(5 << tries)).await;
                    tries += 1;
                }
                result => break result.map_err($crate::ports::StoreError::from),
            }
        }
    }};
}
pub(crate) use retrying;

/// Whether the connection is of no more use, so that nothing was answered on it.
fn is_disconnect(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        // PostgreSQL shuts down, or was told to end this connection (class 57, and 08).
        sqlx::Error::Database(cause) => {
            cause.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08"))
        }
        _ => false,
    }
}

/// Whether two transactions stood in each other's way, and this one was undone.
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

/// Whether the server has no place for us just now: too many connections, or a read-only stand-by.
fn is_starting_up(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(cause) = error else { return false };
    // Too many connections, read-only, cannot connect; a lock or the time for a statement ran out.
    cause.code().is_some_and(|code| {
        code.starts_with("53") || matches!(&*code, "25006" | "08004" | "55P03" | "57014")
    }) || cause.message().contains("--read-only")
}

/// An instant as the library's own tables keep it: milliseconds since 1970, which mean the same on
/// every database and to every driver.
pub(crate) fn millis(time: DateTime<Utc>) -> i64 {
    time.timestamp_millis()
}

/// The instant that [`millis`] stored.
pub(crate) fn instant(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::UNIX_EPOCH)
}

impl<DB: Database, U> std::fmt::Debug for SqlStore<DB, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqlStore").field("database", &DB::NAME).finish_non_exhaustive()
    }
}
