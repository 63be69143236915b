//! The stores that an app brings instead of its database.

use std::sync::Arc;

#[cfg(feature = "redis")]
use crudauth_core::ConfigError;
use crudauth_core::StoreError;
use crudauth_core::guard::challenges::ChallengeStore;
use crudauth_core::guard::store::CounterStore;
use crudauth_core::guard::{CHALLENGES, LOCKOUTS, RATE_LIMITS};
use crudauth_core::model::AuthUser;
use crudauth_core::slices::sessions;
use crudauth_core::slices::sessions::store::SessionStore;
use crudauth_core::sql::{AuthRow, Backend, Layout, SqlStore, TableSpec};
#[cfg(feature = "redis")]
use crudauth_core::stores::{RedisConfig, RedisStore};
use sqlx::Pool;

use crate::accounts::Stores;
use crate::mount::{Mount, Slices};

/// Stores in place of the database; `None` keeps the database.
pub(super) struct OtherStores<U: AuthUser> {
    pub(super) sessions: Option<Arc<dyn SessionStore<U>>>,
    pub(super) counters: Option<Arc<dyn CounterStore>>,
    pub(super) challenges: Option<Arc<dyn ChallengeStore>>,
    pub(super) redis: Option<RedisConfig>,
}

#[cfg(not(feature = "redis"))]
type RedisConfig = std::convert::Infallible;

impl<U: AuthUser> Default for OtherStores<U> {
    fn default() -> Self {
        Self { sessions: None, counters: None, challenges: None, redis: None }
    }
}

impl<U: AuthUser> OtherStores<U> {
    /// Returns the errors of the settings of Redis.
    #[cfg(feature = "redis")]
    pub(super) fn validate(&self) -> Vec<ConfigError> {
        self.redis.as_ref().map(RedisConfig::validate).unwrap_or_default()
    }

    /// The tables that the database does not need.
    pub(super) fn replaced_tables(&self) -> Vec<&'static TableSpec> {
        let is_redis = self.redis.is_some();
        let mut replaced: Vec<&'static TableSpec> = Vec::new();
        if self.sessions.is_some() || is_redis {
            replaced.push(&sessions::TABLE);
        }
        if self.counters.is_some() || is_redis {
            replaced.extend([&RATE_LIMITS, &LOCKOUTS]);
        }
        if self.challenges.is_some() || is_redis {
            replaced.push(&CHALLENGES);
        }
        replaced
    }

    /// Connects the stores, with the database for everything that the app did not bring.
    pub(super) async fn connect<A: Mount<User = U>, DB: Backend>(
        self,
        pool: Pool<DB>,
        slices: &Slices<U>,
        layout: Layout,
    ) -> Result<Stores<U>, StoreError>
    where
        U: AuthRow<DB>,
    {
        let sql = Arc::new(SqlStore::<DB, U>::with_tables(pool, slices.tables(), layout));
        sql.detect_pooler().await?;
        #[cfg(feature = "redis")]
        let this = self.with_redis().await?;
        #[cfg(not(feature = "redis"))]
        let this = self;
        let stores = Stores {
            database: A::stores(&sql),
            sessions: this.sessions.unwrap_or_else(|| Arc::clone(&sql) as _),
            counters: this.counters.unwrap_or_else(|| Arc::clone(sql.engine()) as _),
            challenges: this.challenges.unwrap_or_else(|| Arc::clone(sql.engine()) as _),
        };
        Ok(stores)
    }

    /// Puts Redis behind the ports for which the app brought no other store.
    #[cfg(feature = "redis")]
    async fn with_redis(mut self) -> Result<Self, StoreError> {
        let Some(config) = self.redis.take() else { return Ok(self) };
        let redis = Arc::new(RedisStore::connect(config).await?);
        self.sessions.get_or_insert_with(|| Arc::clone(&redis) as _);
        self.counters.get_or_insert_with(|| Arc::clone(&redis) as _);
        self.challenges.get_or_insert(redis);
        Ok(self)
    }
}
