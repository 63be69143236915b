//! The suite of the stores on every database.

use crate::sql::SqlStore;
use crate::testing_world::Person;

mod sqlite {
    use super::*;

    async fn make() -> SqlStore<sqlx::Sqlite, Person> {
        SqlStore::new(crate::testing_world::sqlite().await.1)
    }

    crate::store_suite!(make, user = Person);
}

#[cfg(feature = "postgres")]
mod postgres {
    use super::*;

    async fn make() -> Option<SqlStore<sqlx::Postgres, Person>> {
        let pool = crate::testing_world::postgres().await?;
        Some(crate::testing_world::databases::store(pool).await)
    }

    crate::store_suite!(optional make, user = Person);
}

#[cfg(feature = "mysql")]
mod mysql {
    use super::*;

    async fn make() -> Option<SqlStore<sqlx::MySql, Person>> {
        let pool = crate::testing_world::mysql().await?;
        Some(crate::testing_world::databases::store(pool).await)
    }

    crate::store_suite!(optional make, user = Person);
}
