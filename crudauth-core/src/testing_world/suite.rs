//! The suite of the stores on every database.

use crate::sql::{Engine, SqlStore};
use crate::testing_world::Person;

mod sqlite {
    use super::*;

    async fn make() -> SqlStore<sqlx::Sqlite, Person> {
        SqlStore::new(crate::testing_world::sqlite().await.1)
    }

    async fn engine() -> Engine<sqlx::Sqlite> {
        crate::testing_world::databases::engine(crate::testing_world::sqlite().await.1).await
    }

    crate::store_suite!(sessions: make, user = Person);
    crate::store_suite!(counters: engine);
    crate::store_suite!(challenges: engine);
}

#[cfg(feature = "postgres")]
mod postgres {
    use super::*;

    async fn make() -> Option<SqlStore<sqlx::Postgres, Person>> {
        let pool = crate::testing_world::postgres().await?;
        Some(crate::testing_world::databases::store(pool).await)
    }

    async fn engine() -> Option<Engine<sqlx::Postgres>> {
        let pool = crate::testing_world::postgres().await?;
        Some(crate::testing_world::databases::engine(pool).await)
    }

    crate::store_suite!(sessions: optional make, user = Person);
    crate::store_suite!(counters: optional engine);
    crate::store_suite!(challenges: optional engine);
}

#[cfg(feature = "mysql")]
mod mysql {
    use super::*;

    async fn make() -> Option<SqlStore<sqlx::MySql, Person>> {
        let pool = crate::testing_world::mysql().await?;
        Some(crate::testing_world::databases::store(pool).await)
    }

    async fn engine() -> Option<Engine<sqlx::MySql>> {
        let pool = crate::testing_world::mysql().await?;
        Some(crate::testing_world::databases::engine(pool).await)
    }

    crate::store_suite!(sessions: optional make, user = Person);
    crate::store_suite!(counters: optional engine);
    crate::store_suite!(challenges: optional engine);
}
