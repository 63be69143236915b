//! A PostgreSQL server that one test stops and starts.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::database::fresh_name;

/// A server on its own port, deleted on drop.
pub struct PostgresServer {
    programs: PathBuf,
    /// The user to run as, because the server refuses to run as root.
    user: Option<(u32, u32)>,
    home: PathBuf,
    port: u16,
}

impl PostgresServer {
    /// Starts a new server.
    pub fn start() -> Self {
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let server = Self {
            programs: PathBuf::from(named("CRUDAUTH_TEST_POSTGRES_BIN")),
            user: test_user(),
            home: std::env::temp_dir().join(format!("crudauth-own-{}", fresh_name())),
            port,
        };
        fs::create_dir(&server.home).unwrap();
        fs::set_permissions(&server.home, Permissions::from_mode(0o711)).unwrap();
        if let Some((uid, gid)) = server.user {
            chown(&server.home, Some(uid), Some(gid)).unwrap();
        }
        server.run(
            "initdb",
            &["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync"],
        );
        let settings = server.home.join("data/postgresql.conf");
        let mut settings = OpenOptions::new().append(true).open(settings).unwrap();
        writeln!(
            settings,
            "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off"
        )
        .unwrap();
        server.restart();
        server
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Stops the server like a crash, without closing connections.
    pub fn stop(&self) {
        self.run("pg_ctl", &["stop", "--wait", "--mode=immediate"]);
    }

    /// Starts the server and returns once it accepts connections.
    pub fn restart(&self) {
        self.run("pg_ctl", &["start", "--wait", "--timeout=60", "--log=server.log"]);
    }

    fn run(&self, program: &str, args: &[&str]) {
        let log = self.home.join("commands.log");
        // To a file, because the server inherits the handle and would keep a pipe open.
        let out = File::options().create(true).append(true).open(&log).unwrap();
        let mut command = Command::new(self.programs.join(program));
        command.args(args).arg("--pgdata").arg(self.home.join("data"));
        command.current_dir(&self.home).env("HOME", &self.home).env("LC_ALL", "C");
        command.stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out);
        if let Some((uid, gid)) = self.user {
            command.gid(gid).uid(uid);
        }
        let status = command.status().unwrap();
        assert!(status.success(), "{program}: {}", fs::read_to_string(log).unwrap_or_default());
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if self.home.join("data/postmaster.pid").exists() {
            self.stop();
        }
        drop(fs::remove_dir_all(&self.home));
    }
}

/// The user that runs servers which refuse to run as root; `None` for the present user.
pub(crate) fn test_user() -> Option<(u32, u32)> {
    let user = Some(named("CRUDAUTH_TEST_POSTGRES_USER")).filter(|user| !user.is_empty());
    user.map(|user| (id("-u", &user), id("-g", &user)))
}

fn named(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run the tests by `cargo xtask test`"))
}

fn id(what: &str, user: &str) -> u32 {
    let answer = Command::new("id").args([what, user]).output().unwrap();
    String::from_utf8(answer.stdout).unwrap().trim().parse().unwrap()
}
