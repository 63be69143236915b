//! A transaction that can be left at any point, also by a caller that goes away.
//!
//! A future that is dropped in the middle of a statement leaves its connection in a state that only
//! some drivers know how to mend, and sqlx's own transaction forgets about one that was just being
//! begun. Here a connection goes back to the pool only after `COMMIT` or `ROLLBACK` was answered;
//! what is left otherwise is rolled back first, or closed where the driver cannot tell what it is
//! in the middle of: then the server rolls back.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::pool::PoolConnection;

use super::Backend;

/// How long a rollback that nobody waits for may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection that is in use. Dropped before [`done`](Self::done) it was left in the middle.
pub(crate) struct Held<DB: Backend>(Option<PoolConnection<DB>>);

impl<DB: Backend> Held<DB> {
    pub(crate) fn new(connection: PoolConnection<DB>) -> Self {
        Self(Some(connection))
    }

    /// Whatever was asked on it is answered.
    pub(crate) fn done(mut self) -> Option<PoolConnection<DB>> {
        self.0.take()
    }

    /// The connection itself; `None` once it is done.
    pub(crate) fn get(&mut self) -> Result<&mut DB::Connection, sqlx::Error> {
        self.0.as_deref_mut().ok_or(sqlx::Error::WorkerCrashed)
    }
}

impl<DB: Backend> Drop for Held<DB> {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take()
            && !DB::DIALECT.survives_cancellation()
        {
            drop(connection.detach());
        }
    }
}

/// An open transaction. It dereferences to its connection.
pub(crate) struct Transaction<DB: Backend>(Option<PoolConnection<DB>>);

impl<DB: Backend> Transaction<DB> {
    pub(crate) async fn begin(connection: PoolConnection<DB>) -> Result<Self, sqlx::Error> {
        let mut begun = Self(Some(connection));
        begun.say(DB::DIALECT.begin()).await?;
        Ok(begun)
    }

    /// Makes it final.
    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.say("COMMIT").await?;
        drop(self.0.take());
        Ok(())
    }

    /// Undoes it, and answers `value`.
    pub(crate) async fn undone<T>(mut self, value: T) -> Result<T, sqlx::Error> {
        self.say("ROLLBACK").await?;
        drop(self.0.take());
        Ok(value)
    }

    async fn say(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        let connection = self.0.as_deref_mut().ok_or(sqlx::Error::WorkerCrashed)?;
        DB::say(connection, sql).await
    }
}

impl<DB: Backend> Drop for Transaction<DB> {
    fn drop(&mut self) {
        let Some(mut connection) = self.0.take() else { return };
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

#[expect(
    clippy::expect_used,
    reason = "the connection is there until commit or undone take it, and self with it"
)]
impl<DB: Backend> Deref for Transaction<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        self.0.as_deref().expect("an open transaction has its connection")
    }
}

#[expect(
    clippy::expect_used,
    reason = "the connection is there until commit or undone take it, and self with it"
)]
impl<DB: Backend> DerefMut for Transaction<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        self.0.as_deref_mut().expect("an open transaction has its connection")
    }
}
