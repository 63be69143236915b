//! The environment variables that name the test servers.

/// The URL of a Postgres superuser.
pub(crate) const POSTGRES_URL: &str = "CRUDAUTH_TEST_POSTGRES";
/// The URL of a MySQL user with the right to create databases.
pub(crate) const MYSQL_URL: &str = "CRUDAUTH_TEST_MYSQL";
/// The URL of a single Redis.
pub(crate) const REDIS_URL: &str = "CRUDAUTH_TEST_REDIS";
/// The URL of one node of a Redis Cluster.
pub(crate) const REDIS_CLUSTER_URL: &str = "CRUDAUTH_TEST_REDIS_CLUSTER";

/// The directory of `initdb`, `postgres` and `pg_ctl`, for tests that stop a server of their own.
pub(crate) const POSTGRES_BIN: &str = "CRUDAUTH_TEST_POSTGRES_BIN";
/// The system user that runs those programs. Empty: the user that runs the tests.
pub(crate) const POSTGRES_USER: &str = "CRUDAUTH_TEST_POSTGRES_USER";
/// The path of `redis-server`, for tests that stop a server of their own.
pub(crate) const REDIS_BIN: &str = "CRUDAUTH_TEST_REDIS_BIN";

/// Returns `true` if the environment names a running server, so that none has to be started.
pub(crate) fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|url| !url.is_empty())
}
