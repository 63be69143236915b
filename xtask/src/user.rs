//! The system user that a server runs as. `initdb` and the database servers refuse to run as root.

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt},
    path::Path,
    process::Command,
};

use crate::Result;

/// An unprivileged user that root starts a server as.
#[derive(Clone, Debug)]
pub(crate) struct Unprivileged {
    name: String,
    uid: u32,
    gid: u32,
}

impl Unprivileged {
    /// Returns the user that the package created, or else `nobody`; `None` if the current user is
    /// not root.
    ///
    /// # Errors
    /// If the current user is root and neither user exists.
    pub(crate) fn for_root(package_user: &str) -> Result<Option<Self>> {
        if !is_root() {
            return Ok(None);
        }
        let user = [package_user, "nobody"].into_iter().find_map(Self::find);
        user.map(Some).ok_or_else(|| {
            format!("a database refuses to run as root: add the user `{package_user}`").into()
        })
    }

    fn find(name: &str) -> Option<Self> {
        Some(Self { name: name.into(), uid: id("-u", name)?, gid: id("-g", name)? })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// Creates the directory of a server, owned by the user that runs it.
///
/// # Errors
/// If it cannot be created.
pub(crate) fn create_home(path: &Path, user: Option<&Unprivileged>) -> Result<()> {
    fs::create_dir(path)?;
    hand_over(path, user)
}

/// Writes a file for a server, readable by its user whatever the umask.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write(path: &Path, text: &str, user: Option<&Unprivileged>) -> Result<()> {
    fs::write(path, text)?;
    hand_over(path, user)
}

fn hand_over(path: &Path, user: Option<&Unprivileged>) -> Result<()> {
    if let Some(user) = user {
        chown(path, Some(user.uid), Some(user.gid))?;
    }
    Ok(())
}

/// Returns a command that runs as `user`, in `home`, in a locale that every machine has.
pub(crate) fn command(program: &Path, home: &Path, user: Option<&Unprivileged>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(home).env("HOME", home).env("LC_ALL", "C");
    if let Some(user) = user {
        command.gid(user.gid).uid(user.uid);
    }
    command
}

pub(crate) fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

fn id(option: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([option, name]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
