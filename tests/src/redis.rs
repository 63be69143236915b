//! A Redis server that one test stops and starts.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crudauth::{Backend, RedisConfig};

use crate::database::fresh_name;
use crate::{AppBuilder, Setting};

/// Time limit for a start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server on its own port that keeps its data over a restart. It is deleted on drop.
pub struct RedisServer {
    child: Mutex<Option<Child>>,
    home: PathBuf,
    port: u16,
}

impl RedisServer {
    /// Starts a new server.
    pub fn start() -> Self {
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let home = std::env::temp_dir().join(format!("crudauth-redis-{}", fresh_name()));
        fs::create_dir(&home).unwrap();
        let server = Self { child: Mutex::new(None), home, port };
        server.restart();
        server
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Saves the data and stops the server.
    pub fn stop(&self) {
        let child = self.child.lock().unwrap().take();
        if let Some(mut child) = child {
            self.command("SAVE");
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts the server and returns once it has loaded its data.
    pub fn restart(&self) {
        let program = std::env::var("CRUDAUTH_TEST_REDIS_BIN").unwrap_or_else(|_| {
            panic!("CRUDAUTH_TEST_REDIS_BIN is not set: run the tests by `cargo xtask test`")
        });
        let child = Command::new(program)
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string(), "--save", ""])
            .args(["--maxmemory-policy", "noeviction", "--repl-diskless-sync-delay", "0", "--dir"])
            .arg(&self.home)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        *self.child.lock().unwrap() = Some(child);
        self.wait_for("PING", |answer| answer == "+PONG");
    }

    /// The file of the data that [`stop`](Self::stop) saves.
    pub fn data(&self) -> PathBuf {
        self.home.join("dump.rdb")
    }

    /// Replaces the data while the server is stopped.
    pub fn restore(&self, data: &Path) {
        fs::copy(data, self.data()).unwrap();
    }

    /// Sends a command and returns the first line of the answer.
    pub fn command(&self, command: &str) -> String {
        self.try_command(command).unwrap()
    }

    /// Sends a command until the first line of the answer is as expected.
    pub fn wait_for(&self, command: &str, is_expected: impl Fn(&str) -> bool) {
        let start = Instant::now();
        while !self.try_command(command).is_ok_and(|answer| is_expected(&answer)) {
            assert!(start.elapsed() < PATIENCE, "{command}: no such answer");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn try_command(&self, command: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(format!("{command}\r\n").as_bytes())?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.lock().unwrap().take() {
            drop(child.kill());
            drop(child.wait());
        }
        drop(fs::remove_dir_all(&self.home));
    }
}

/// Keeps sessions and counters in this Redis.
impl Setting for RedisConfig {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.redis(self)
    }
}
