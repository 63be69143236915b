//! Both servers, and the variables by which the tests find them.

use std::thread;

use crate::{
    Result,
    mariadb::Mariadb,
    names::{MYSQL_URL, POSTGRES_URL, is_named},
    postgres::Postgres,
    programs::{MariadbPrograms, PostgresPrograms},
    scratch::ScratchDir,
};

/// The directory of `initdb`, `postgres` and `pg_ctl`, for a test that stops a server of its own.
const POSTGRES_BIN: &str = "CRUDAUTH_TEST_POSTGRES_BIN";
/// Whom to run those programs as; empty means as the test itself.
const POSTGRES_USER: &str = "CRUDAUTH_TEST_POSTGRES_USER";

/// The servers that the environment does not name already. Fields drop in this order.
#[derive(Debug)]
pub(crate) struct Servers {
    postgres: Option<Postgres>,
    mariadb: Option<Mariadb>,
    _dir: ScratchDir,
}

impl Servers {
    /// Starts both at once: each takes seconds, most of them spent waiting for the disk.
    ///
    /// # Errors
    /// If one does not start; the other is stopped again.
    pub(crate) fn start() -> Result<Self> {
        let dir = ScratchDir::new()?;
        let (postgres, mariadb) = thread::scope(|scope| {
            let postgres = scope.spawn(|| start_postgres(&dir));
            let mariadb = start_mariadb(&dir);
            (postgres.join().unwrap_or_else(|_| Err("starting Postgres panicked".into())), mariadb)
        });
        Ok(Self { postgres: postgres?, mariadb: mariadb?, _dir: dir })
    }

    /// What a test's environment needs on top of ours.
    ///
    /// # Errors
    /// If we are root and have no user to lend the programs to.
    pub(crate) fn variables(&self) -> Result<Vec<(&'static str, String)>> {
        let mut variables = Vec::new();
        variables.extend(self.postgres.as_ref().map(|server| (POSTGRES_URL, server.url())));
        variables.extend(self.mariadb.as_ref().map(|server| (MYSQL_URL, server.url())));
        if let Some(programs) = PostgresPrograms::find() {
            let user = programs.user()?;
            variables.push((POSTGRES_BIN, programs.bin.display().to_string()));
            variables
                .push((POSTGRES_USER, user.map(|user| user.name().to_owned()).unwrap_or_default()));
        }
        Ok(variables)
    }
}

fn start_postgres(dir: &ScratchDir) -> Result<Option<Postgres>> {
    if is_named(POSTGRES_URL) {
        return Ok(None);
    }
    let programs = PostgresPrograms::find().ok_or("the programs of Postgres are gone")?;
    Postgres::start(programs, dir.path().join("postgres")).map(Some)
}

fn start_mariadb(dir: &ScratchDir) -> Result<Option<Mariadb>> {
    if is_named(MYSQL_URL) {
        return Ok(None);
    }
    let programs = MariadbPrograms::find().ok_or("the programs of MariaDB are gone")?;
    Mariadb::start(&programs, &dir.path().join("mariadb")).map(Some)
}
