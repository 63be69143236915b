//! Who a server runs as: `initdb` and the servers refuse to be root, so root lends them another user.

use std::{
    fs, io,
    os::unix::{fs::chown, process::CommandExt},
    path::Path,
    process::Command,
};

use crate::Result;

/// An unprivileged user that root hands a server to.
#[derive(Clone, Debug)]
pub(crate) struct Unprivileged {
    name: String,
    uid: u32,
    gid: u32,
}

impl Unprivileged {
    /// The user to run as: the package's own if it made one, else `nobody`; `None` unless we are root.
    ///
    /// # Errors
    /// If we are root and there is no such user.
    pub(crate) fn lent_by_root(package_user: &str) -> Result<Option<Self>> {
        if !is_root() {
            return Ok(None);
        }
        [package_user, "nobody"]
            .into_iter()
            .find_map(|name| {
                Some(Self { name: name.into(), uid: id("-u", name)?, gid: id("-g", name)? })
            })
            .map(Some)
            .ok_or_else(|| {
                format!("root may not run a database: add the user `{package_user}`").into()
            })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// A directory of its own for a server, owned by the one it runs as.
///
/// # Errors
/// If it cannot be made.
pub(crate) fn make_home(path: &Path, user: Option<&Unprivileged>) -> Result<()> {
    fs::create_dir(path)?;
    give(path, user)
}

/// A file that a server reads, whatever the umask.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write(path: &Path, text: &str, user: Option<&Unprivileged>) -> Result<()> {
    fs::write(path, text)?;
    give(path, user)
}

fn give(path: &Path, user: Option<&Unprivileged>) -> Result<()> {
    if let Some(user) = user {
        chown(path, Some(user.uid), Some(user.gid))?;
    }
    Ok(())
}

/// A command that runs as `user`, in `home`, in a locale that every machine has.
pub(crate) fn command(program: &Path, home: &Path, user: Option<&Unprivileged>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(home).env("HOME", home).env("LC_ALL", "C");
    if let Some(user) = user {
        command.gid(user.gid).uid(user.uid);
    }
    command
}

/// What to say if a [`command`] does not even begin: most often `home` is below a directory that the
/// borrowed user may not enter.
pub(crate) fn cannot_run(program: &Path, home: &Path, error: &io::Error) -> String {
    let (program, home) = (program.display(), home.display());
    format!("cannot run {program} in {home}: {error} (TMPDIR names another place to work in)")
}

pub(crate) fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

fn id(what: &str, name: &str) -> Option<u32> {
    let answer = Command::new("id").args([what, name]).output().ok()?;
    String::from_utf8(answer.stdout).ok()?.trim().parse().ok()
}
