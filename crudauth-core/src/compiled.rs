//! Compiles the code of each driver in this crate, for keys of the type `i64`. In builds without
//! optimisation the programs that depend on it link to that; each of them would compile it again
//! otherwise.

use std::error::Error;

use sqlx::Pool;

use crate::guard::challenges::ChallengeStore;
use crate::guard::store::CounterStore;
use crate::migrate::{Tables, find_hashes, is_large};
use crate::sql::{Backend, Engine};

type Done = Result<(), Box<dyn Error + Send + Sync>>;

macro_rules! compiled {
    ($($feature:literal $name:ident $driver:ty,)*) => {$(
        /// Not to be called.
        #[cfg(feature = $feature)]
        pub async fn $name(
            pool: &Pool<$driver>,
            engine: &Engine<$driver>,
            tables: &Tables<'_, $driver>,
        ) -> Done {
            everything(pool, engine, tables).await
        }
    )*};
}
compiled! {
    "sqlite" sqlite sqlx::Sqlite,
    "postgres" postgres sqlx::Postgres,
    "mysql" mysql sqlx::MySql,
}

async fn everything<DB: Backend>(
    pool: &Pool<DB>,
    engine: &Engine<DB>,
    tables: &Tables<'_, DB>,
) -> Done {
    let (counters, challenges): (&dyn CounterStore, &dyn ChallengeStore) = (engine, engine);
    counters.purge(chrono::DateTime::UNIX_EPOCH, 0).await?;
    challenges.purge(chrono::DateTime::UNIX_EPOCH, 0).await?;
    let query = || engine.query("");
    engine.detect_pooler().await?;
    engine.row(query()).await?;
    engine.rows(query()).await?;
    engine.execute(query()).await?;
    engine.execute_returning(query().call()).await?;
    let mut tx = engine.begin().await?;
    tx.row(query()).await?;
    tx.execute(query()).await?;
    engine.commit(tx, &0_i64).await?;
    engine.execute_in_trail_of::<i64>(query()).await?;
    for table in engine.tables() {
        engine.purge_table(table, chrono::DateTime::UNIX_EPOCH, 0).await?;
    }
    tables.inspect(pool).await?;
    tables.plan(pool).await?;
    tables.run(pool).await?;
    is_large(pool, tables.shape()).await?;
    find_hashes(pool, tables.shape(), &[], &mut |_| {}).await?;
    Ok(())
}
