//! A temporary directory, a free port, the tail of a log.

use std::{
    fs::{self, Permissions},
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::Result;

const ATTEMPTS: usize = 3;
const LOG_LINES: usize = 20;

/// A new directory in the system's temporary directory, removed with its contents on drop.
#[derive(Debug)]
pub(crate) struct ScratchDir(PathBuf);

impl ScratchDir {
    /// # Errors
    /// If the directory cannot be created.
    pub(crate) fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("crudauth-test-{}", std::process::id()));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        let dir = Self(path);
        // The servers run as other users, which must be able to enter the directory whatever the
        // umask, but not to list it.
        fs::set_permissions(dir.path(), Permissions::from_mode(0o711))?;
        Ok(dir)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("xtask: cannot remove {}: {error}", self.0.display());
        }
    }
}

/// Calls `start` with a free port. Another process may take the port first, so it tries three
/// ports.
///
/// # Errors
/// The last error of `start`.
pub(crate) fn on_free_port<T>(mut start: impl FnMut(u16) -> Result<T>) -> Result<T> {
    let mut outcome = start(free_port()?);
    for _ in 1..ATTEMPTS {
        if outcome.is_ok() {
            break;
        }
        outcome = start(free_port()?);
    }
    outcome
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Returns the tail of a log, for a message about a server that did not start.
pub(crate) fn last_lines(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_dir_is_removed_with_its_contents() {
        let dir = ScratchDir::new().unwrap();
        let path = dir.path().to_owned();
        fs::create_dir(path.join("data")).unwrap();
        fs::write(path.join("data/log"), "text").unwrap();
        drop(dir);
        assert!(!path.exists());
    }

    #[test]
    fn a_server_that_finds_its_port_taken_starts_on_another() {
        let mut ports = Vec::new();
        let port = on_free_port(|port| {
            ports.push(port);
            if ports.len() < ATTEMPTS { Err("port taken".into()) } else { Ok(port) }
        });
        assert_eq!(port.unwrap(), ports[ATTEMPTS - 1]);
    }
}
