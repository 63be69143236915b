//! A throw-away MariaDB with one user that has all rights.

use std::{
    ffi::OsString,
    io::Read,
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    Result,
    process::{self, ServerProcess},
    programs::MariadbPrograms,
    scratch::on_free_port,
    user::{self, Unprivileged},
};

/// Runs before the first connection: one statement a line.
const INIT_SQL: &str = "\
CREATE USER crudauth@'127.0.0.1' IDENTIFIED BY 'crudauth';
GRANT ALL PRIVILEGES ON *.* TO crudauth@'127.0.0.1' WITH GRANT OPTION;
CREATE DATABASE crudauth;
";

/// Each test makes its tables: one file for all of them, without statistics, halves the time that the
/// server takes.
const SETTINGS: [&str; 11] = [
    "--no-defaults", // must come first
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--max-connections=300",
    "--skip-log-bin",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
    "--innodb-file-per-table=0",
    "--innodb-stats-persistent=0",
];

/// A running server; killed on drop.
#[derive(Debug)]
pub(crate) struct Mariadb {
    _process: ServerProcess,
    port: u16,
}

impl Mariadb {
    /// Creates a data directory in `home`, which must not exist, and returns once its server
    /// accepts connections.
    ///
    /// # Errors
    /// If the server does not start, with the tail of its log.
    pub(crate) fn start(programs: &MariadbPrograms, home: &Path) -> Result<Self> {
        let user = Unprivileged::for_root("mysql")?;
        user::create_home(home, user.as_ref())?;
        create_system_tables(programs, home, user.as_ref())?;
        user::write(&home.join("init.sql"), INIT_SQL, user.as_ref())?;
        on_free_port(|port| {
            let mut command = user::command(&programs.server, home, user.as_ref());
            command
                .args(SETTINGS)
                .arg(format!("--port={port}"))
                .arg(option("--datadir", &data(home)))
                .arg(option("--socket", &home.join("m.sock")))
                .arg(option("--pid-file", &home.join("server.pid")))
                .arg(option("--tmpdir", home))
                .arg(option("--init-file", &home.join("init.sql")));
            let mut process =
                ServerProcess::spawn("MariaDB", &mut command, home.join("server.log"))?;
            process.wait_until(|| sends_greeting(port))?;
            Ok(Self { _process: process, port })
        })
    }

    /// Returns the URL of the user with all rights.
    pub(crate) fn url(&self) -> String {
        format!("mysql://crudauth:crudauth@127.0.0.1:{}/crudauth", self.port)
    }
}

fn create_system_tables(
    programs: &MariadbPrograms,
    home: &Path,
    user: Option<&Unprivileged>,
) -> Result<()> {
    let mut command = user::command(&programs.install_db, home, user);
    command
        .args(["--no-defaults", "--auth-root-authentication-method=normal"])
        .args(["--skip-test-db", "--skip-name-resolve"])
        .arg(option("--datadir", &data(home)))
        .arg(option("--tmpdir", home));
    process::run(&mut command, &home.join("install.log"))
}

/// The port opens long before the server reads from it. A ready server first sends its protocol
/// version, 10, after four bytes of length and sequence number.
fn sends_greeting(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    let mut head = [0; 5];
    stream.set_read_timeout(Some(Duration::from_secs(1))).is_ok()
        && stream.read_exact(&mut head).is_ok()
        && head[4] == 10
}

fn data(home: &Path) -> PathBuf {
    home.join("data")
}

fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push("=");
    option.push(path);
    option
}
