//! Programs of other projects that a test starts in front of the app: found by their names.

use std::fs::{self, File, Permissions};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::database::fresh_name;
use crate::postgres::{PostgresServer, test_user};

/// Time limit for a start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program with a configuration file, killed on drop.
pub struct Server {
    child: Child,
    home: PathBuf,
    port: u16,
}

impl Server {
    /// Starts PgBouncer in front of a server, with so many connections to it.
    pub fn pgbouncer(behind: &PostgresServer, pool_mode: &str, connections: usize) -> Self {
        let config = |port: u16, _: &Path| {
            format!(
                "[databases]\n\
                 * = host=127.0.0.1 port={} user=postgres\n\
                 [pgbouncer]\n\
                 listen_addr = 127.0.0.1\n\
                 listen_port = {port}\n\
                 unix_socket_dir =\n\
                 auth_type = any\n\
                 pool_mode = {pool_mode}\n\
                 default_pool_size = {connections}\n\
                 ignore_startup_parameters = extra_float_digits\n",
                behind.port()
            )
        };
        Self::start("pgbouncer", &["-q", "config"], config)
    }

    /// Starts nginx with the `server` blocks that `config` makes of a free port.
    pub fn nginx(config: impl Fn(u16) -> String) -> Self {
        let config = |port: u16, home: &Path| {
            let home = home.display();
            format!(
                "daemon off;\nmaster_process off;\npid {home}/pid;\nerror_log stderr;\n\
                 events {{ }}\n\
                 http {{\naccess_log off;\nclient_body_temp_path {home}/body;\n\
                 proxy_temp_path {home}/proxy;\nfastcgi_temp_path {home}/fastcgi;\n\
                 uwsgi_temp_path {home}/uwsgi;\nscgi_temp_path {home}/scgi;\n{}\n}}\n",
                config(port)
            )
        };
        Self::start("nginx", &["-e", "stderr", "-c", "config", "-p", "."], config)
    }

    /// Starts HAProxy with the frontends and backends that `config` makes of a free port.
    pub fn haproxy(config: impl Fn(u16) -> String) -> Self {
        let config = |port: u16, _: &Path| {
            format!(
                "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  \
                 timeout server 60s\n{}",
                config(port)
            )
        };
        Self::start("haproxy", &["-q", "-db", "-f", "config"], config)
    }

    fn start(program: &str, args: &[&str], config: impl Fn(u16, &Path) -> String) -> Self {
        let port = free_port();
        let home = std::env::temp_dir().join(format!("crudauth-{program}-{}", fresh_name()));
        fs::create_dir(&home).unwrap();
        fs::set_permissions(&home, Permissions::from_mode(0o755)).unwrap();
        fs::write(home.join("config"), config(port, &home)).unwrap();
        let log = File::create(home.join("log")).unwrap();
        let mut command = Command::new(find(program));
        command.args(args).current_dir(&home);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        // PgBouncer refuses to run as root.
        if let Some((uid, gid)) = test_user() {
            chown(&home, Some(uid), Some(gid)).unwrap();
            command.gid(gid).uid(uid);
        }
        let mut server = Self { child: command.spawn().unwrap(), home, port };
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let has_ended = server.child.try_wait().unwrap().is_some();
            let log = fs::read_to_string(server.home.join("log")).unwrap_or_default();
            assert!(!has_ended && start.elapsed() < PATIENCE, "{program} did not start: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// Its port on the loopback interface.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(fs::remove_dir_all(&self.home));
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// The path of a program; servers are not in the `PATH` of most users.
fn find(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories =
        std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(Into::into));
    let mut paths = directories.map(|directory| directory.join(program));
    paths.find(|path| path.is_file()).unwrap_or_else(|| {
        panic!("{program} is not installed: run the tests by `cargo xtask test`, which does it")
    })
}
