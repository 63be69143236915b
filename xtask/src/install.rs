//! Installs missing server programs with `apt-get`.

use std::process::{Command, Stdio};

use crate::{
    Result,
    programs::{self, MariadbPrograms, PostgresPrograms},
    user::is_root,
    variables::{MYSQL_URL, POSTGRES_URL, REDIS_CLUSTER_URL, REDIS_URL, is_set},
};

/// Ensures that every server that the environment does not name can be started.
///
/// # Errors
/// With instructions, if a program is missing and cannot be installed.
pub(crate) fn install_missing() -> Result<()> {
    let missing = missing_packages();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("xtask: installing {}", missing.join(" "));
    if let Err(error) = apt_get(&["update"]).and_then(|()| apt_get(&install_args(&missing))) {
        return Err(instructions(&missing, &error.to_string()).into());
    }
    let missing = missing_packages();
    if missing.is_empty() {
        return Ok(());
    }
    Err(instructions(&missing, "installed, but the programs were not found").into())
}

fn missing_packages() -> Vec<&'static str> {
    let mut missing = Vec::new();
    if !is_set(POSTGRES_URL) && PostgresPrograms::find().is_none() {
        missing.push("postgresql");
    }
    if !is_set(MYSQL_URL) && MariadbPrograms::find().is_none() {
        missing.push("mariadb-server");
    }
    let has_redis = is_set(REDIS_URL) && is_set(REDIS_CLUSTER_URL);
    if !has_redis && programs::redis_server().is_none() {
        missing.push("redis-server");
    }
    // Tests start these in front of an app; the package has the name of the program.
    missing.extend(programs::IN_FRONT.iter().filter(|name| !programs::is_installed(name)));
    missing
}

/// `--no-remove`: a developer's MySQL must not be replaced by MariaDB.
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

fn instructions(missing: &[&str], cause: &str) -> String {
    format!(
        "the tests need {} ({cause}).\n\
         Install Postgres (initdb, postgres, pg_ctl), MariaDB (mariadbd, mariadb-install-db),\n\
         Redis (redis-server), PgBouncer, nginx and HAProxy. On Debian:\n\
         \x20   apt-get install postgresql mariadb-server redis-server pgbouncer nginx haproxy\n\
         Or name running servers; a database user must have the right to create databases:\n\
         \x20   {POSTGRES_URL}=postgres://user:password@host/postgres\n\
         \x20   {MYSQL_URL}=mysql://user:password@host/mysql\n\
         \x20   {REDIS_URL}=redis://host:6379\n\
         \x20   {REDIS_CLUSTER_URL}=redis://host:7000",
        missing.join(" and "),
    )
}
