//! A directory that is gone when its owner is, a port nobody has, and what a log says last.

use std::{
    fs::{self, Permissions},
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::Result;

/// A new directory below the system's temporary one, removed with all it holds on drop.
#[derive(Debug)]
pub(crate) struct ScratchDir(PathBuf);

impl ScratchDir {
    /// # Errors
    /// If the directory cannot be made.
    pub(crate) fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("crudauth-test-{}", std::process::id()));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        let dir = Self(path);
        // Others may pass through but not list, whatever the umask: the servers run as users of their own.
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
            eprintln!("xtask: {} is left behind: {error}", self.0.display());
        }
    }
}

/// A loopback port that was free a moment ago. Another process may still take it first, so whoever
/// asks tries again with the next one.
///
/// # Errors
/// If there is none.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The end of a log, for a message about a server that did not start.
pub(crate) fn last_lines(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_dir_takes_what_it_holds_with_it() {
        let dir = ScratchDir::new().unwrap();
        let path = dir.path().to_owned();
        fs::create_dir(path.join("data")).unwrap();
        fs::write(path.join("data/log"), "text").unwrap();
        drop(dir);
        assert!(!path.exists());
    }
}
