//! The variables by which servers are named.

/// A Postgres superuser's URL.
pub(crate) const POSTGRES_URL: &str = "CRUDAUTH_TEST_POSTGRES";
/// The URL of a MySQL user who may create databases.
pub(crate) const MYSQL_URL: &str = "CRUDAUTH_TEST_MYSQL";

/// Whether the environment names a running server, so that none is started.
pub(crate) fn is_named(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|url| !url.is_empty())
}
