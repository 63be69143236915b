//! The database servers' programs: where they are, and how a missing one is installed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    Result,
    names::{MYSQL_URL, POSTGRES_URL, is_named},
    user::{Unprivileged, is_root},
};

/// Where Debian keeps the programs of each version of Postgres.
const POSTGRES_VERSIONS: &str = "/usr/lib/postgresql";

/// Directories of servers that are not in every user's `PATH`.
const SERVER_DIRS: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/usr/libexec"];

/// A directory with `initdb`, `postgres` and `pg_ctl`.
#[derive(Clone, Debug)]
pub(crate) struct PostgresPrograms {
    pub(crate) bin: PathBuf,
}

impl PostgresPrograms {
    /// In `PATH`, else the newest that Debian's packages installed.
    pub(crate) fn find() -> Option<Self> {
        let is_whole = |bin: &PathBuf| {
            ["initdb", "postgres", "pg_ctl"].iter().all(|name| bin.join(name).is_file())
        };
        let bin = path_dirs().into_iter().chain(debian_versions()).find(is_whole)?;
        Some(Self { bin })
    }

    /// Who these programs must be run as; `None` is whoever we are.
    ///
    /// # Errors
    /// If we are root and there is nobody to lend them to.
    pub(crate) fn user(&self) -> Result<Option<Unprivileged>> {
        Unprivileged::lent_by_root("postgres")
    }
}

/// The server, and the script that makes its first tables.
#[derive(Clone, Debug)]
pub(crate) struct MariadbPrograms {
    pub(crate) server: PathBuf,
    pub(crate) install_db: PathBuf,
}

impl MariadbPrograms {
    /// By MariaDB's own names, else by those it has from MySQL.
    pub(crate) fn find() -> Option<Self> {
        let dirs: Vec<_> = path_dirs().into_iter().chain(SERVER_DIRS.map(PathBuf::from)).collect();
        let first_of = |names: [&str; 2]| {
            names
                .iter()
                .find_map(|name| dirs.iter().map(|dir| dir.join(name)).find(|path| path.is_file()))
        };
        Some(Self {
            server: first_of(["mariadbd", "mysqld"])?,
            install_db: first_of(["mariadb-install-db", "mysql_install_db"])?,
        })
    }
}

/// Sees to it that whatever is not named by the environment can be started.
///
/// # Errors
/// With what to do, if a program is missing and cannot be installed from here.
pub(crate) fn provide() -> Result<()> {
    let missing = missing_packages();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("xtask: installing {}", missing.join(" "));
    if let Err(error) = apt_get(&["update"]).and_then(|()| apt_get(&install_args(&missing))) {
        return Err(advice(&missing, &error.to_string()).into());
    }
    match missing_packages() {
        still if still.is_empty() => Ok(()),
        still => {
            Err(advice(&still, "installed, but its programs are not where they are looked for")
                .into())
        }
    }
}

fn missing_packages() -> Vec<&'static str> {
    let mut missing = Vec::new();
    if !is_named(POSTGRES_URL) && PostgresPrograms::find().is_none() {
        missing.push("postgresql");
    }
    if !is_named(MYSQL_URL) && MariadbPrograms::find().is_none() {
        missing.push("mariadb-server");
    }
    missing
}

/// `--no-remove`: a developer's MySQL must not make room for the MariaDB of our tests.
fn install_args<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    [&["install", "-y", "--no-install-recommends", "--no-remove"], packages].concat()
}

fn apt_get(args: &[&str]) -> Result<()> {
    let mut command = Command::new(if is_root() { "env" } else { "sudo" });
    if !is_root() {
        command.args(["-n", "env"]);
    }
    let status = command
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"])
        .args(args)
        .stdin(Stdio::null())
        .status()
        .map_err(|error| format!("neither root nor sudo: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("apt-get {}: {status}", args[0]).into()) }
}

fn advice(missing: &[&str], why: &str) -> String {
    format!(
        "the tests need {} ({why}).\n\
         Install Postgres (initdb, postgres, pg_ctl) and MariaDB (mariadbd, mariadb-install-db), on Debian by\n\
         \x20   apt-get install postgresql mariadb-server\n\
         or name running servers whose user may create databases:\n\
         \x20   {POSTGRES_URL}=postgres://user:password@host/postgres\n\
         \x20   {MYSQL_URL}=mysql://user:password@host/mysql",
        missing.join(" and "),
    )
}

fn path_dirs() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

/// The newest version first.
fn debian_versions() -> Vec<PathBuf> {
    let version = |dir: &Path| dir.file_name()?.to_str()?.parse::<u32>().ok();
    let entries =
        fs::read_dir(POSTGRES_VERSIONS).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut versions: Vec<_> = entries.collect();
    versions.sort_by_key(|dir| std::cmp::Reverse(version(dir)));
    versions.into_iter().map(|dir| dir.join("bin")).collect()
}
