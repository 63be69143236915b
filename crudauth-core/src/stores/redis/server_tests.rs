//! The suite on a running Redis and a running Redis Cluster, which `cargo xtask test` starts.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use super::{RedisConfig, RedisStore};
use crate::random::random;

/// A store with a prefix of its own on the server that the variable names.
#[expect(clippy::disallowed_methods, reason = "the test command says where its servers are")]
async fn connect(variable: &str) -> Option<RedisStore> {
    let url = std::env::var(variable).ok().filter(|url| !url.is_empty())?;
    let prefix = format!("test-{}", hex::encode(random::<8>()));
    let config = RedisConfig::new(url).prefix(prefix);
    // A test machine may be busy.
    let config = config.timeout(std::time::Duration::from_secs(20));
    Some(RedisStore::connect(config).await.unwrap())
}

mod single {
    async fn make() -> Option<super::RedisStore> {
        super::connect("CRUDAUTH_TEST_REDIS").await
    }

    crate::store_suite!(optional make);
}

mod cluster {
    async fn make() -> Option<super::RedisStore> {
        super::connect("CRUDAUTH_TEST_REDIS_CLUSTER").await
    }

    crate::store_suite!(optional make);
}
