//! Finds the server programs on this machine.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Result, user::Unprivileged};

/// Debian's directory of Postgres programs, with a subdirectory per version.
const POSTGRES_VERSIONS: &str = "/usr/lib/postgresql";

/// Directories of servers that are missing from the `PATH` of most users.
const SERVER_DIRS: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/usr/libexec"];

/// A directory with `initdb`, `postgres` and `pg_ctl`.
#[derive(Clone, Debug)]
pub(crate) struct PostgresPrograms {
    pub(crate) bin: PathBuf,
}

impl PostgresPrograms {
    /// Searches `PATH`, then Debian's packages, newest version first.
    pub(crate) fn find() -> Option<Self> {
        let bin = path_dirs().into_iter().chain(debian_versions()).find(|bin| {
            ["initdb", "postgres", "pg_ctl"].iter().all(|name| bin.join(name).is_file())
        })?;
        Some(Self { bin })
    }

    /// Returns the user that must run these programs; `None` is the current user.
    ///
    /// # Errors
    /// If the current user is root and no unprivileged user exists.
    pub(crate) fn user(&self) -> Result<Option<Unprivileged>> {
        Unprivileged::for_root("postgres")
    }
}

/// The server, and the script that creates its system tables.
#[derive(Clone, Debug)]
pub(crate) struct MariadbPrograms {
    pub(crate) server: PathBuf,
    pub(crate) install_db: PathBuf,
}

impl MariadbPrograms {
    /// Searches for MariaDB's own names, then for those it inherited from MySQL.
    pub(crate) fn find() -> Option<Self> {
        Some(Self {
            server: first_program(&["mariadbd", "mysqld"])?,
            install_db: first_program(&["mariadb-install-db", "mysql_install_db"])?,
        })
    }
}

/// Returns the path of `redis-server`.
pub(crate) fn redis_server() -> Option<PathBuf> {
    first_program(&["redis-server"])
}

/// Programs that tests start in front of an app or a database.
pub(crate) const IN_FRONT: [&str; 3] = ["pgbouncer", "nginx", "haproxy"];

/// Returns `true` if a program exists in any directory of programs.
pub(crate) fn is_installed(name: &str) -> bool {
    first_program(&[name]).is_some()
}

/// Returns the first name that exists in any directory of programs.
fn first_program(names: &[&str]) -> Option<PathBuf> {
    let dirs: Vec<_> = path_dirs().into_iter().chain(SERVER_DIRS.map(PathBuf::from)).collect();
    names.iter().find_map(|name| dirs.iter().map(|dir| dir.join(name)).find(|path| path.is_file()))
}

fn path_dirs() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

/// Returns Debian's Postgres directories, newest version first.
fn debian_versions() -> Vec<PathBuf> {
    let entries = fs::read_dir(POSTGRES_VERSIONS).into_iter().flatten().flatten();
    let mut versions: Vec<_> = entries.map(|entry| entry.path()).collect();
    versions.sort_by_key(|dir| std::cmp::Reverse(version(dir)));
    versions.into_iter().map(|dir| dir.join("bin")).collect()
}

fn version(dir: &Path) -> Option<u32> {
    dir.file_name()?.to_str()?.parse().ok()
}
