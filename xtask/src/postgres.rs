//! A throw-away Postgres: trusts every local connection, and forgets all when it stops.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::PathBuf,
    process::Stdio,
};

use crate::{
    Result,
    programs::PostgresPrograms,
    scratch::{free_port, last_lines},
    user::{self, Unprivileged},
};

const ATTEMPTS: usize = 3;

/// A running server; stopped on drop.
#[derive(Debug)]
pub(crate) struct Postgres {
    programs: PostgresPrograms,
    user: Option<Unprivileged>,
    home: PathBuf,
    port: u16,
}

impl Postgres {
    /// Makes a cluster in `home`, which must not exist, and returns once it accepts connections.
    ///
    /// # Errors
    /// If it does not, with the end of its log.
    pub(crate) fn start(programs: PostgresPrograms, home: PathBuf) -> Result<Self> {
        let user = programs.user()?;
        user::make_home(&home, user.as_ref())?;
        let mut server = Self { programs, user, home, port: 0 };
        let initdb =
            ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"];
        server.run("initdb", &initdb)?;
        let mut outcome = Ok(());
        for _ in 0..ATTEMPTS {
            server.port = free_port()?;
            server.configure()?;
            outcome =
                server.run("pg_ctl", &["start", "--wait", "--timeout=60", "--log=server.log"]);
            if outcome.is_ok() {
                break;
            }
        }
        outcome.map(|()| server)
    }

    /// Reaches the server as its superuser.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// Appends to the settings; the last value of a setting counts.
    fn configure(&self) -> Result<()> {
        let mut settings =
            OpenOptions::new().append(true).open(self.data().join("postgresql.conf"))?;
        writeln!(
            settings,
            "port = {}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n\
             max_connections = 300\nfsync = off\nsynchronous_commit = off\nfull_page_writes = off",
            self.port
        )?;
        Ok(())
    }

    fn run(&self, program: &str, args: &[&str]) -> Result<()> {
        let log = self.home.join("commands.log");
        // Into a file, not a pipe: the server that `pg_ctl` leaves behind would hold a pipe open.
        let out = File::options().create(true).append(true).open(&log)?;
        let path = self.programs.bin.join(program);
        let status = user::command(&path, &self.home, self.user.as_ref())
            .args(args)
            .arg("--pgdata")
            .arg(self.data())
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .status()
            .map_err(|error| user::cannot_run(&path, &self.home, &error))?;
        if status.success() {
            return Ok(());
        }
        Err(format!("{program}: {status}\n{}\n{}", last_lines(&log), self.log_end()).into())
    }

    fn log_end(&self) -> String {
        last_lines(&self.home.join("server.log"))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Immediate, since nothing in it is wanted any more; by `pg_ctl`, since a killed one leaves shared memory.
        if self.data().join("postmaster.pid").exists()
            && let Err(error) = self.run("pg_ctl", &["stop", "--wait", "--mode=immediate"])
        {
            eprintln!("xtask: Postgres did not stop: {error}");
        }
    }
}
