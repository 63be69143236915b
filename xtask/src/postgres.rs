//! A throw-away Postgres that trusts every local connection and writes nothing durably.

use std::{fs::OpenOptions, io::Write, path::PathBuf};

use crate::{
    Result, process,
    programs::PostgresPrograms,
    scratch::{last_lines, on_free_port},
    user::{self, Unprivileged},
};

/// A running server; stopped on drop.
#[derive(Debug)]
pub(crate) struct Postgres {
    programs: PostgresPrograms,
    user: Option<Unprivileged>,
    home: PathBuf,
    port: u16,
}

impl Postgres {
    /// Creates a database cluster in `home`, which must not exist, and returns once its server
    /// accepts connections.
    ///
    /// # Errors
    /// If the server does not start, with the tail of its log.
    pub(crate) fn start(programs: PostgresPrograms, home: PathBuf) -> Result<Self> {
        let user = programs.user()?;
        user::create_home(&home, user.as_ref())?;
        let mut server = Self { programs, user, home, port: 0 };
        server.run(
            "initdb",
            &["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"],
        )?;
        on_free_port(|port| {
            server.port = port;
            server.configure()?;
            server.run("pg_ctl", &["start", "--wait", "--timeout=60", "--log=server.log"])
        })?;
        Ok(server)
    }

    /// Returns the superuser's URL.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// Appends to the settings; the last value of a setting is the one in force.
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
        let program = self.programs.bin.join(program);
        let mut command = user::command(&program, &self.home, self.user.as_ref());
        command.args(args).arg("--pgdata").arg(self.data());
        process::run(&mut command, &self.home.join("commands.log")).map_err(|error| {
            format!("{error}\n{}", last_lines(&self.home.join("server.log"))).into()
        })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Immediate, since the data is discarded. Not killed, since that leaves shared memory
        // behind.
        if self.data().join("postmaster.pid").exists()
            && let Err(error) = self.run("pg_ctl", &["stop", "--wait", "--mode=immediate"])
        {
            eprintln!("xtask: Postgres did not stop: {error}");
        }
    }
}
