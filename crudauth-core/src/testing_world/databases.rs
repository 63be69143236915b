//! New databases, one for each world.

use std::sync::Arc;

use sqlx::Pool;

use super::{Person, SECRET, World, keys};
use crate::clock::ManualClock;
use crate::migrate::Migrations;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::random::random;
use crate::sql::{Backend, Engine, SqlStore};
use crate::stores::MemoryStore;

impl World {
    async fn on<DB: Backend>(pool: Pool<DB>) -> Self {
        let store = Arc::new(store(pool).await);
        Self {
            accounts: store.clone(),
            sessions: store.clone(),
            owned_rows: store.clone(),
            #[cfg(feature = "oauth")]
            connections: store.clone(),
            families: store.clone(),
            api_keys: store.clone(),
            one_time_tokens: store.clone(),
            factors: store.clone(),
            trusts: store.clone(),
            counters: store.engine().clone(),
            challenges: store.engine().clone(),
            clock: Arc::new(ManualClock::default()),
            keys: keys(SECRET, &[]),
        }
    }

    /// Accounts in SQLite, with the pool; sessions, counters and challenges in memory.
    pub(crate) async fn in_memory() -> (Self, sqlx::SqlitePool) {
        let memory = Arc::new(MemoryStore::default());
        let (world, pool) = sqlite().await;
        let (sessions, counters) = (memory.clone(), memory.clone());
        (Self { sessions, counters, challenges: memory, ..world }, pool)
    }
}

/// The stores of a new database.
pub(super) async fn store<DB: Backend>(pool: Pool<DB>) -> SqlStore<DB, Person> {
    Migrations::<Person>::new().run(&pool).await.unwrap();
    SqlStore::new(pool)
}

/// The part of the stores that keeps counters and challenges.
pub(super) async fn engine<DB: Backend>(pool: Pool<DB>) -> Engine<DB> {
    let engine = Arc::clone(store(pool).await.engine());
    Arc::into_inner(engine).unwrap()
}

/// A world on every database that is there, and one with stores in memory.
pub(crate) async fn worlds() -> Vec<World> {
    #[cfg_attr(
        not(any(feature = "postgres", feature = "mysql")),
        expect(unused_mut, reason = "SQLite is the only database then")
    )]
    let mut worlds = vec![sqlite().await.0, World::in_memory().await.0];
    #[cfg(feature = "postgres")]
    if let Some(pool) = postgres().await {
        worlds.push(World::on(pool).await);
    }
    #[cfg(feature = "mysql")]
    if let Some(pool) = mysql().await {
        worlds.push(World::on(pool).await);
    }
    worlds
}

/// A world on SQLite, and its pool.
pub(crate) async fn sqlite() -> (World, sqlx::SqlitePool) {
    let options = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
    let pool = options.connect("sqlite::memory:").await.unwrap();
    (World::on(pool.clone()).await, pool)
}

/// A pool on a new database of PostgreSQL, if there is a server.
#[cfg(feature = "postgres")]
pub(crate) async fn postgres() -> Option<sqlx::PgPool> {
    let server = server("CRUDAUTH_TEST_POSTGRES")?;
    Some(created(&server).await)
}

/// A pool on a new database of MySQL or MariaDB, if there is a server.
#[cfg(feature = "mysql")]
pub(crate) async fn mysql() -> Option<sqlx::MySqlPool> {
    let server = server("CRUDAUTH_TEST_MYSQL")?;
    Some(created(&server).await)
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
#[expect(clippy::disallowed_methods, reason = "the test command sets the addresses of its servers")]
fn server(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

/// A pool on a new database beside the one that `server` names.
#[cfg(any(feature = "postgres", feature = "mysql"))]
async fn created<DB: Backend>(server: &str) -> Pool<DB> {
    // A random name: a server may outlive so many runs that process ids repeat.
    let name = format!("core_{}", hex::encode(random::<8>()));
    let admin = Pool::<DB>::connect(server).await.unwrap();
    let mut connection = admin.acquire().await.unwrap();
    let created = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    DB::say(&mut connection, created).await.unwrap();
    let (path, query) = server.split_once('?').map_or((server, None), |(a, b)| (a, Some(b)));
    let base = path.rsplit_once('/').unwrap().0;
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let options = sqlx::pool::PoolOptions::new().max_connections(8);
    options.connect(&format!("{base}/{name}{query}")).await.unwrap()
}
