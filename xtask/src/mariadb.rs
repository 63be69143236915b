//! A throw-away MariaDB with one user of all rights.

use std::{
    fs::File,
    io::Read,
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use crate::{
    Result,
    programs::MariadbPrograms,
    scratch::{free_port, last_lines},
    user::{self, Unprivileged},
};

const ATTEMPTS: usize = 3;
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Read by the server before it takes its first connection: one statement a line.
const FIRST_STATEMENTS: &str = "\
CREATE USER crudauth@'127.0.0.1' IDENTIFIED BY 'crudauth';
GRANT ALL PRIVILEGES ON *.* TO crudauth@'127.0.0.1' WITH GRANT OPTION;
CREATE DATABASE crudauth;
";

const SETTINGS: [&str; 9] = [
    "--no-defaults", // must come first
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--max-connections=300",
    "--skip-log-bin",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
];

/// A running server; stopped on drop.
#[derive(Debug)]
pub(crate) struct Mariadb {
    process: Child,
    port: u16,
}

impl Mariadb {
    /// Makes a database directory in `home`, which must not exist, and returns once the server in it
    /// accepts connections.
    ///
    /// # Errors
    /// If it does not, with the end of its log.
    pub(crate) fn start(programs: &MariadbPrograms, home: &Path) -> Result<Self> {
        let user = Unprivileged::lent_by_root("mysql")?;
        user::make_home(home, user.as_ref())?;
        install(programs, home, user.as_ref())?;
        user::write(&home.join("first.sql"), FIRST_STATEMENTS, user.as_ref())?;
        let mut outcome = Err("not tried".into());
        for _ in 0..ATTEMPTS {
            outcome = Self::start_on(free_port()?, programs, home, user.as_ref());
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    /// Reaches the server as a user who may do everything.
    pub(crate) fn url(&self) -> String {
        format!("mysql://crudauth:crudauth@127.0.0.1:{}/crudauth", self.port)
    }

    fn start_on(
        port: u16,
        programs: &MariadbPrograms,
        home: &Path,
        user: Option<&Unprivileged>,
    ) -> Result<Self> {
        let log = home.join("server.log");
        let out = File::create(&log)?;
        let process = user::command(&programs.server, home, user)
            .args(SETTINGS)
            .arg(format!("--port={port}"))
            .arg(option("--datadir", &data(home)))
            .arg(option("--socket", &home.join("m.sock")))
            .arg(option("--pid-file", &home.join("server.pid")))
            .arg(option("--tmpdir", home))
            .arg(option("--init-file", &home.join("first.sql")))
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .map_err(|error| user::cannot_run(&programs.server, home, &error))?;
        let mut server = Self { process, port };
        server
            .wait_until_it_greets()
            .map_err(|error| format!("MariaDB {error}\n{}", last_lines(&log)))?;
        Ok(server)
    }

    fn wait_until_it_greets(&mut self) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < START_TIMEOUT {
            if let Some(status) = self.process.try_wait()? {
                return Err(format!("ended at once: {status}").into());
            }
            if greets(self.port) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(format!("does not answer after {} seconds", START_TIMEOUT.as_secs()).into())
    }
}

impl Drop for Mariadb {
    fn drop(&mut self) {
        // One process, and nothing in it is wanted any more.
        if let Err(error) = self.process.kill().and_then(|()| self.process.wait()) {
            eprintln!("xtask: MariaDB did not stop: {error}");
        }
    }
}

fn install(programs: &MariadbPrograms, home: &Path, user: Option<&Unprivileged>) -> Result<()> {
    let log = home.join("install.log");
    let out = File::create(&log)?;
    let status = user::command(&programs.install_db, home, user)
        .args(["--no-defaults", "--auth-root-authentication-method=normal"])
        .args(["--skip-test-db", "--skip-name-resolve"])
        .arg(option("--datadir", &data(home)))
        .arg(option("--tmpdir", home))
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(out)
        .status()
        .map_err(|error| user::cannot_run(&programs.install_db, home, &error))?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{}: {status}\n{}", programs.install_db.display(), last_lines(&log)).into())
}

/// The port may be open long before the server reads from it; what it says first is its protocol,
/// 10, after four bytes of length and number.
fn greets(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    let mut head = [0; 5];
    stream.set_read_timeout(Some(Duration::from_secs(1))).is_ok()
        && stream.read_exact(&mut head).is_ok()
        && head[4] == 10
}

fn data(home: &Path) -> PathBuf {
    home.join("data")
}

fn option(name: &str, path: &Path) -> std::ffi::OsString {
    let mut option = std::ffi::OsString::from(name);
    option.push("=");
    option.push(path);
    option
}
