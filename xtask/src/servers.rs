//! All test servers, and the variables by which tests find them.

use std::{
    path::PathBuf,
    thread::{self, ScopedJoinHandle},
};

use crate::{
    Result,
    mariadb::Mariadb,
    postgres::Postgres,
    programs::{self, MariadbPrograms, PostgresPrograms},
    redis::{Redis, RedisCluster},
    scratch::ScratchDir,
    variables::{
        MYSQL_URL, POSTGRES_BIN, POSTGRES_URL, POSTGRES_USER, REDIS_BIN, REDIS_CLUSTER_URL,
        REDIS_URL, is_set,
    },
};

/// The servers that the environment does not name. Fields drop in this order.
#[derive(Debug)]
pub(crate) struct Servers {
    postgres: Option<Postgres>,
    mariadb: Option<Mariadb>,
    redis: Option<Redis>,
    redis_cluster: Option<RedisCluster>,
    _dir: ScratchDir,
}

impl Servers {
    /// Starts all servers at once, since each takes seconds and mostly waits.
    ///
    /// # Errors
    /// If a server does not start; the others are stopped again.
    pub(crate) fn start() -> Result<Self> {
        let dir = ScratchDir::new()?;
        let (postgres, mariadb, redis, redis_cluster) = thread::scope(|scope| {
            let postgres = scope.spawn(|| start_postgres(&dir));
            let mariadb = scope.spawn(|| start_mariadb(&dir));
            let redis = scope.spawn(|| start_redis(&dir));
            let redis_cluster = scope.spawn(|| start_redis_cluster(&dir));
            (joined(postgres), joined(mariadb), joined(redis), joined(redis_cluster))
        });
        Ok(Self {
            postgres: postgres?,
            mariadb: mariadb?,
            redis: redis?,
            redis_cluster: redis_cluster?,
            _dir: dir,
        })
    }

    /// Returns the variables to add to the environment of a test.
    ///
    /// # Errors
    /// If the current user is root and no other user can run Postgres.
    pub(crate) fn variables(&self) -> Result<Vec<(&'static str, String)>> {
        let mut variables = Vec::new();
        variables.extend(self.postgres.as_ref().map(|server| (POSTGRES_URL, server.url())));
        variables.extend(self.mariadb.as_ref().map(|server| (MYSQL_URL, server.url())));
        variables.extend(self.redis.as_ref().map(|server| (REDIS_URL, server.url())));
        variables
            .extend(self.redis_cluster.as_ref().map(|server| (REDIS_CLUSTER_URL, server.url())));
        if let Some(programs) = PostgresPrograms::find() {
            let user = programs.user()?.map(|user| user.name().to_owned());
            variables.push((POSTGRES_BIN, programs.bin.display().to_string()));
            variables.push((POSTGRES_USER, user.unwrap_or_default()));
        }
        variables
            .extend(programs::redis_server().map(|path| (REDIS_BIN, path.display().to_string())));
        Ok(variables)
    }
}

fn joined<T>(starting: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    starting.join().unwrap_or_else(|_| Err("a thread that starts a server panicked".into()))
}

fn start_postgres(dir: &ScratchDir) -> Result<Option<Postgres>> {
    if is_set(POSTGRES_URL) {
        return Ok(None);
    }
    let programs = PostgresPrograms::find().ok_or("Postgres is not installed")?;
    Postgres::start(programs, dir.path().join("postgres")).map(Some)
}

fn start_mariadb(dir: &ScratchDir) -> Result<Option<Mariadb>> {
    if is_set(MYSQL_URL) {
        return Ok(None);
    }
    let programs = MariadbPrograms::find().ok_or("MariaDB is not installed")?;
    Mariadb::start(&programs, &dir.path().join("mariadb")).map(Some)
}

fn start_redis(dir: &ScratchDir) -> Result<Option<Redis>> {
    if is_set(REDIS_URL) {
        return Ok(None);
    }
    Redis::start(&redis_server()?, &dir.path().join("redis")).map(Some)
}

fn start_redis_cluster(dir: &ScratchDir) -> Result<Option<RedisCluster>> {
    if is_set(REDIS_CLUSTER_URL) {
        return Ok(None);
    }
    RedisCluster::start(&redis_server()?, &dir.path().join("redis-cluster")).map(Some)
}

fn redis_server() -> Result<PathBuf> {
    programs::redis_server().ok_or_else(|| "Redis is not installed".into())
}
