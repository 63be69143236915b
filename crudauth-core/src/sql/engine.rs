//! Runs statements on the app's pool: connections and retries.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, Database, Pool};
use tokio::time::Instant;

use super::backend::Run;
use super::errors::{is_contention, is_disconnect, is_stale};
use super::prepared::Preparation;
use super::template::{Names, Statement};
use super::transaction::{ConnectionGuard, Transaction};
use super::{Backend, Call, Layout, Query, Running, TableSpec};
use crate::model::{AuthUser, IdentifierColumn};
use crate::store_error::StoreError;

/// How long a request waits for a connection, and how long a contended transaction is retried.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a transaction is tried that fell to a deadlock or a lock time-out.
const TRIES: u32 = 6;

/// Stores over the app's own database. The ports are implemented next to each slice.
///
/// It works on the app's pool and opens no connection of its own.
pub struct SqlStore<DB: Database, U> {
    engine: Arc<Engine<DB>>,
    user: PhantomData<fn() -> U>,
}

impl<DB: Backend, U: AuthUser> SqlStore<DB, U> {
    /// Creates the stores of `U` on that pool, for an app that uses these tables of the library. The
    /// others need not exist. `layout` describes the live table of the user.
    #[must_use]
    pub fn with_tables(
        pool: Pool<DB>,
        tables: impl IntoIterator<Item = &'static TableSpec>,
        layout: Layout,
    ) -> Self {
        let names = Names::of::<U>(DB::DIALECT, layout);
        let tables = tables.into_iter().collect();
        let (rendered, preparation) = Default::default();
        let engine = Engine { pool, names, tables, rendered, preparation };
        Self { engine: Arc::new(engine), user: PhantomData }
    }
}

impl<DB: Database, U> SqlStore<DB, U> {
    /// The part that does not depend on the user struct. It is the store of counters, challenges
    /// and kept events.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine<DB>> {
        &self.engine
    }
}

impl<DB: Database, U> Deref for SqlStore<DB, U> {
    type Target = Engine<DB>;

    fn deref(&self) -> &Engine<DB> {
        &self.engine
    }
}

/// The part of a [`SqlStore`] that does not depend on the user struct.
///
/// Its futures are behind pointers: the compiler proves for each store of each app that a future may
/// move to another thread, which takes milliseconds for one that holds a connection.
pub struct Engine<DB: Database> {
    pool: Pool<DB>,
    names: Names,
    /// The tables of the library that the app uses.
    tables: Vec<&'static TableSpec>,
    /// By the address of the template, which is a constant.
    rendered: RwLock<HashMap<usize, Arc<Statement>>>,
    preparation: Arc<Preparation>,
}

impl<DB: Backend> Engine<DB> {
    /// A statement to bind values to. Each template is rendered once.
    pub(crate) fn query(&self, template: &'static str) -> Query<DB> {
        let key = template.as_ptr() as usize;
        let known = self.rendered.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        self.query_of(known.unwrap_or_else(|| {
            let statement = Arc::new(self.names.render(template));
            let mut rendered = self.rendered.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(rendered.entry(key).or_insert(statement))
        }))
    }

    /// A statement whose text is known at run time only. Nothing in it is input.
    pub(crate) fn query_once(&self, template: &str) -> Query<DB> {
        self.query_of(Arc::new(self.names.render(template)))
    }

    fn query_of(&self, statement: Arc<Statement>) -> Query<DB> {
        Query::new(statement, Arc::clone(&self.preparation))
    }

    /// Finds out whether a pooler such as PgBouncer mixes the pool's connections with those of other
    /// clients. If it does, no statement is kept prepared, and each runs in a transaction.
    ///
    /// # Errors
    /// If the database cannot be reached.
    pub async fn detect_pooler(&self) -> Result<(), StoreError> {
        Ok(self.preparation.detect_pooler(&self.pool).await?)
    }

    /// The tables of the library that the app uses.
    pub(crate) fn tables(&self) -> &[&'static TableSpec] {
        &self.tables
    }

    /// The schema that statements name for a table.
    pub(crate) fn schema_of(&self, table: &str) -> Option<&str> {
        self.names.schema_of(table)
    }

    /// Whether a row may lack the compared form of an identifier that it has.
    pub(crate) fn may_be_unfilled(&self, column: &IdentifierColumn) -> bool {
        self.names.layout.unfilled.contains(&column.key)
    }

    /// Deletes the rows of one `:account` in a table of the library's.
    pub(crate) fn delete_of_owner(&self, table: &TableSpec) -> Query<DB> {
        let owner = table.owner().unwrap_or("user_id");
        let template = format!("DELETE FROM {{+{}}} WHERE {owner} = :account", table.suffix);
        self.query_once(&template)
    }

    /// The user's table, as statements name it.
    pub(crate) fn user_table(&self) -> String {
        self.names.table()
    }

    /// A connection, taken without a ping: that would be a second round trip for every statement.
    async fn connection(&self) -> Result<PoolConnection<DB>, sqlx::Error> {
        match self.pool.try_acquire() {
            Some(connection) => Ok(connection),
            None => Box::pin(in_time(self.pool.acquire())).await,
        }
    }

    /// A connection that answers a ping. Broken ones are dropped.
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

    /// Runs a statement that only reads, and returns its first row. A broken connection is replaced
    /// once.
    pub(crate) fn row(&self, query: Query<DB>) -> Running<'_, Option<DB::Row>> {
        Box::pin(self.read(query, DB::fetch_optional))
    }

    /// As [`row`](Self::row), for all rows.
    pub(crate) fn rows(&self, query: Query<DB>) -> Running<'_, Vec<DB::Row>> {
        Box::pin(self.read(query, DB::fetch_all))
    }

    /// Only the first attempt is part of the future: hardly a request retries.
    async fn read<T>(&self, query: Query<DB>, run: Run<DB, T>) -> Result<T, sqlx::Error> {
        match self.run_on(self.connection().await?, query.call(), run).await {
            Err(error) if is_disconnect(&error) => {
                let connection = Box::pin(self.live_connection()).await?;
                Box::pin(self.run_on(connection, query.call(), run)).await
            }
            Err(error) if is_stale(&error) => {
                Box::pin(self.run_on(self.connection().await?, query.call(), run)).await
            }
            found => found,
        }
    }

    /// Runs a statement outside of a transaction, or in its own if a pooler mixes connections. A
    /// broken connection is closed.
    async fn run_on<T>(
        &self,
        connection: PoolConnection<DB>,
        call: Call<DB>,
        run: Run<DB, T>,
    ) -> Result<T, sqlx::Error> {
        if self.preparation.is_mixed() {
            return Box::pin(self.run_in_transaction(connection, call, run)).await;
        }
        let mut guard = ConnectionGuard::new(connection);
        let done = run(guard.get()?, call).await;
        let connection = guard.done();
        if let Err(error) = &done {
            self.preparation.observe(error);
            if is_disconnect(error) {
                drop(connection.map(PoolConnection::detach));
            }
        }
        done
    }

    async fn run_in_transaction<T>(
        &self,
        connection: PoolConnection<DB>,
        call: Call<DB>,
        run: Run<DB, T>,
    ) -> Result<T, sqlx::Error> {
        let mut tx = Transaction::begin(connection, &self.preparation).await?;
        let done = tx.run(call, run).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Runs one statement that writes and is the whole of its transaction. Returns the number of
    /// rows. A contended statement is retried.
    pub(crate) fn execute(&self, query: Query<DB>) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move { Ok(self.execute_sql(query).await?) })
    }

    /// As [`execute`](Self::execute), with the error of the database.
    pub(crate) fn execute_sql(&self, query: Query<DB>) -> Running<'_, u64> {
        Box::pin(async move { retry(&|| self.execute_once(query.call())).await })
    }

    /// As [`execute`](Self::execute), once.
    pub(crate) fn execute_once(&self, call: Call<DB>) -> Running<'_, u64> {
        Box::pin(async move { self.run_on(self.connection().await?, call, DB::execute).await })
    }

    /// As [`execute_once`](Self::execute_once), for a statement that returns a row.
    pub(crate) fn execute_returning(&self, call: Call<DB>) -> Running<'_, Option<DB::Row>> {
        Box::pin(
            async move { self.run_on(self.connection().await?, call, DB::fetch_optional).await },
        )
    }

    /// Begins a transaction that writes. A broken connection is replaced: nothing has happened yet.
    pub(crate) fn begin(&self) -> Running<'_, Transaction<DB>> {
        Box::pin(async move {
            match Transaction::begin(self.connection().await?, &self.preparation).await {
                Err(error) if is_disconnect(&error) => {
                    Transaction::begin(self.live_connection().await?, &self.preparation).await
                }
                result => result,
            }
        })
    }

    /// Deletes at most `limit` expired rows of a table, if the app uses it.
    pub(crate) fn purge_table(
        &self,
        table: &TableSpec,
        now: DateTime<Utc>,
        limit: u32,
    ) -> BoxFuture<'_, Result<u64, StoreError>> {
        if !self.tables.contains(&table) {
            return Box::pin(std::future::ready(Ok(0)));
        }
        let TableSpec { suffix, key, .. } = table;
        let template = format!("DELETE FROM {{+{suffix}}} WHERE {{expired +{suffix} {key}}}");
        let query = self.query_once(&template);
        self.execute(query.bind_instant("now", now).bind("limit", i64::from(limit)))
    }
}

/// As [`retrying_sql`], with the error of the stores.
pub(crate) async fn retrying<'a, T: 'a, F>(
    attempt: impl Fn() -> F + Send + Sync + 'a,
) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, sqlx::Error>> + Send + 'a,
{
    Ok(retry(&|| Box::pin(attempt())).await?)
}

/// Runs a transaction again that fell to a deadlock or a lock time-out: the database has undone it,
/// and asks for a retry. A stale prepared statement is prepared again, once.
pub(crate) async fn retrying_sql<'a, T: 'a, F>(
    attempt: impl Fn() -> F + Send + Sync + 'a,
) -> Result<T, sqlx::Error>
where
    F: Future<Output = Result<T, sqlx::Error>> + Send + 'a,
{
    retry(&|| Box::pin(attempt())).await
}

/// Behind a pointer, so that it is compiled once for each result and not for each transaction.
async fn retry<'a, T>(
    attempt: &(dyn Fn() -> Running<'a, T> + Send + Sync),
) -> Result<T, sqlx::Error> {
    let begun = Instant::now();
    let mut was_stale = false;
    for tries in 1..TRIES {
        match attempt().await {
            Err(error) if !was_stale && is_stale(&error) => was_stale = true,
            Err(error) if begun.elapsed() < PATIENCE && is_contention(&error) => {
                tokio::time::sleep(Duration::from_millis(5 << tries)).await;
            }
            result => return result,
        }
    }
    attempt().await
}

async fn in_time<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

impl<DB: Database, U> std::fmt::Debug for SqlStore<DB, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqlStore").field("database", &DB::NAME).finish_non_exhaustive()
    }
}

impl<DB: Database> std::fmt::Debug for Engine<DB> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("database", &DB::NAME).finish_non_exhaustive()
    }
}
