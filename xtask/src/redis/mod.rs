//! A throw-away Redis and a throw-away Redis Cluster, both in memory only.

mod cluster;
mod protocol;

use std::{fs, path::Path, process::Command};

pub(crate) use cluster::RedisCluster;

use crate::{Result, process::ServerProcess, scratch::on_free_port};

/// A running server; killed on drop.
#[derive(Debug)]
pub(crate) struct Redis {
    _process: ServerProcess,
    port: u16,
}

impl Redis {
    /// Returns once the server answers. `home` must not exist.
    ///
    /// # Errors
    /// If the server does not start, with the tail of its log.
    pub(crate) fn start(program: &Path, home: &Path) -> Result<Self> {
        fs::create_dir(home)?;
        on_free_port(|port| Self::spawn(program, home, port, &[]))
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn spawn(program: &Path, home: &Path, port: u16, settings: &[&str]) -> Result<Self> {
        let mut command = Command::new(program);
        command
            .current_dir(home)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .args(settings);
        let mut process = ServerProcess::spawn("Redis", &mut command, home.join("server.log"))?;
        let id = process.id();
        process.wait_until(|| is_answered_by(id, port))?;
        Ok(Self { _process: process, port })
    }
}

/// Checks the process, since another Redis may have taken the port.
fn is_answered_by(process: u32, port: u16) -> bool {
    let expected = format!("process_id:{process}");
    protocol::call(port, &["INFO", "server"])
        .is_ok_and(|info| info.lines().any(|line| line == expected))
}
