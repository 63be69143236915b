//! A transaction that survives a caller that goes away at any point.
//!
//! A future that is dropped in the middle of a statement leaves its connection in a state that only
//! some drivers can repair, and sqlx's own transaction forgets a `BEGIN` that was still under way.
//! Here a connection returns to the pool only after `COMMIT` or `ROLLBACK` was answered. Otherwise it
//! is rolled back first, or closed if the driver cannot recover: then the server rolls back.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Connection;
use sqlx::pool::PoolConnection;

use super::backend::Run;
use super::prepared::Preparation;
use super::{Backend, Call, Query, Running};

/// How long a rollback in the background may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection in use. If it is dropped before [`done`](Self::done), a statement was interrupted.
pub(crate) struct ConnectionGuard<DB: Backend>(Option<PoolConnection<DB>>);

impl<DB: Backend> ConnectionGuard<DB> {
    pub(crate) fn new(connection: PoolConnection<DB>) -> Self {
        Self(Some(connection))
    }

    /// Ends the use: every statement was answered.
    pub(crate) fn done(mut self) -> Option<PoolConnection<DB>> {
        self.0.take()
    }

    /// The connection.
    pub(crate) fn get(&mut self) -> Result<&mut DB::Connection, sqlx::Error> {
        self.0.as_deref_mut().ok_or(sqlx::Error::WorkerCrashed)
    }
}

impl<DB: Backend> Drop for ConnectionGuard<DB> {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take()
            && !DB::DIALECT.survives_cancellation()
        {
            drop(connection.detach());
        }
    }
}

/// An open transaction.
pub(crate) struct Transaction<DB: Backend> {
    /// Taken when the transaction ends.
    connection: Option<PoolConnection<DB>>,
    preparation: Arc<Preparation>,
}

impl<DB: Backend> Transaction<DB> {
    pub(super) async fn begin(
        connection: PoolConnection<DB>,
        preparation: &Arc<Preparation>,
    ) -> Result<Self, sqlx::Error> {
        let preparation = Arc::clone(preparation);
        let is_mixed = preparation.is_mixed();
        let mut begun = Self { connection: Some(connection), preparation };
        if is_mixed {
            // sqlx also prepares statements of its own, to look up types. The server's connection
            // must have no statement of another client by the same name.
            begun.say("BEGIN; DEALLOCATE ALL").await?;
            let connection = begun.connection()?;
            if connection.cached_statements_size() > 0 {
                connection.clear_cached_statements().await?;
            }
        } else {
            begun.say(DB::DIALECT.begin()).await?;
        }
        Ok(begun)
    }

    /// Commits.
    pub(crate) fn commit(self) -> Running<'static, ()> {
        self.end("COMMIT")
    }

    /// Rolls back and returns `value`.
    pub(crate) async fn roll_back<T>(self, value: T) -> Result<T, sqlx::Error> {
        self.end("ROLLBACK").await.map(|()| value)
    }

    fn end(mut self, sql: &'static str) -> Running<'static, ()> {
        Box::pin(async move {
            self.say(sql).await?;
            drop(self.connection.take());
            Ok(())
        })
    }

    /// Runs a statement and returns the number of rows.
    pub(crate) fn execute(&mut self, query: Query<DB>) -> Running<'_, u64> {
        self.execute_call(query.call())
    }

    /// As [`execute`](Self::execute), for a statement with its values.
    pub(crate) fn execute_call(&mut self, call: Call<DB>) -> Running<'_, u64> {
        Box::pin(self.run(call, DB::execute))
    }

    /// Runs a statement and returns its first row.
    pub(crate) fn row(&mut self, query: Query<DB>) -> Running<'_, Option<DB::Row>> {
        self.row_of(query.call())
    }

    /// As [`row`](Self::row), for a statement with its values.
    pub(crate) fn row_of(&mut self, call: Call<DB>) -> Running<'_, Option<DB::Row>> {
        Box::pin(self.run(call, DB::fetch_optional))
    }

    /// Runs a statement.
    pub(super) async fn run<T>(
        &mut self,
        call: Call<DB>,
        run: Run<DB, T>,
    ) -> Result<T, sqlx::Error> {
        let done = run(self.connection()?, call).await;
        done.inspect_err(|error| self.preparation.observe(error))
    }

    async fn say(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        DB::say(self.connection()?, sql).await
    }

    fn connection(&mut self) -> Result<&mut DB::Connection, sqlx::Error> {
        self.connection.as_deref_mut().ok_or(sqlx::Error::WorkerCrashed)
    }
}

impl<DB: Backend> Drop for Transaction<DB> {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let runtime = tokio::runtime::Handle::try_current();
        let (Ok(runtime), true) = (runtime, DB::DIALECT.survives_cancellation()) else {
            return drop(connection.detach());
        };
        runtime.spawn(async move {
            let undone = DB::say(&mut connection, "ROLLBACK");
            let is_undone = matches!(tokio::time::timeout(PATIENCE, undone).await, Ok(Ok(())));
            if !is_undone {
                drop(connection.detach());
            }
        });
    }
}
