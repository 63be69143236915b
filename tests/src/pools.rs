//! Typed pools on each database, for tests with their own user struct.

/// Turns each `async fn name(database, pool)` into three tests: `name::sqlite`, `name::postgres`
/// and `name::mysql`. `pool` is a typed pool on the new `database`, and `Driver` its driver.
#[macro_export]
macro_rules! on_every_pool {
    ($($(#[$attribute:meta])* async fn $name:ident($database:ident, $pool:ident) $body:block)*) => {$(
        mod $name {
            $crate::on_every_pool!(@one sqlite Sqlite Sqlite
                $(#[$attribute])* ($database, $pool) $body);
            $crate::on_every_pool!(@one postgres Postgres Postgres
                $(#[$attribute])* ($database, $pool) $body);
            $crate::on_every_pool!(@one mysql MySql MySql
                $(#[$attribute])* ($database, $pool) $body);
        }
    )*};
    (@one $test:ident $kind:ident $driver:ident
        $(#[$attribute:meta])* ($database:ident, $pool:ident) $body:block) => {
        #[allow(unused_imports, unused_variables, reason = "not every promise needs all of it")]
        mod $test {
            use super::super::*;

            type Driver = ::sqlx::$driver;

            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn promise() {
                let ($database, _) = $crate::Database::create($crate::Kind::$kind).await;
                let $crate::Database::$kind($pool) = $database.clone() else { unreachable!() };
                $body
            }
        }
    };
}

/// Turns each `async fn name(database, pool)` into one test, `name::sqlite`, where one database
/// proves the promise.
#[macro_export]
macro_rules! on_sqlite_pool {
    ($($(#[$attribute:meta])* async fn $name:ident($database:ident, $pool:ident) $body:block)*) => {$(
        mod $name {
            $crate::on_every_pool!(@one sqlite Sqlite Sqlite
                $(#[$attribute])* ($database, $pool) $body);
        }
    )*};
}
