//! Child processes that write to a log file: servers, and commands that set one up.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{Result, scratch::last_lines};

const START_TIMEOUT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A running server; killed on drop, since its data is discarded anyway.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    name: &'static str,
    log: PathBuf,
    child: Child,
}

impl ServerProcess {
    /// Starts `command` with its output in `log`. The server may not accept connections yet.
    ///
    /// # Errors
    /// If the program cannot be run.
    pub(crate) fn spawn(name: &'static str, command: &mut Command, log: PathBuf) -> Result<Self> {
        let child = log_to(&log, command)?.spawn().map_err(|error| cannot_run(command, &error))?;
        Ok(Self { name, log, child })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns once `is_ready` returns `true`.
    ///
    /// # Errors
    /// If the process ends or a minute passes first, with the tail of the log.
    pub(crate) fn wait_until(&mut self, is_ready: impl Fn() -> bool) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < START_TIMEOUT {
            if let Some(status) = self.child.try_wait()? {
                return Err(self.failure(&format!("ended: {status}")));
            }
            if is_ready() {
                return Ok(());
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        Err(self.failure(&format!("not ready after {} seconds", START_TIMEOUT.as_secs())))
    }

    fn failure(&self, cause: &str) -> Box<dyn std::error::Error + Send + Sync> {
        format!("{} {cause}\n{}", self.name, last_lines(&self.log)).into()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("xtask: {} did not stop: {error}", self.name);
        }
    }
}

/// Runs `command` to its end with its output in `log`.
///
/// # Errors
/// If it cannot be run or fails, with the tail of the log.
pub(crate) fn run(command: &mut Command, log: &Path) -> Result<()> {
    let status = log_to(log, command)?.status().map_err(|error| cannot_run(command, &error))?;
    if status.success() {
        return Ok(());
    }
    let program = command.get_program().display();
    Err(format!("{program}: {status}\n{}", last_lines(log)).into())
}

/// Redirects the output to a file, not to a pipe: the server that `pg_ctl` leaves behind would keep
/// a pipe open.
fn log_to<'a>(log: &Path, command: &'a mut Command) -> Result<&'a mut Command> {
    let out = File::options().create(true).append(true).open(log)?;
    Ok(command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out))
}

/// The usual cause is a temporary directory that the server's user may not enter.
fn cannot_run(command: &Command, error: &io::Error) -> String {
    let program = command.get_program().display();
    let dir = command.get_current_dir().unwrap_or(Path::new(".")).display();
    format!("cannot run {program} in {dir}: {error} (set TMPDIR to use another directory)")
}
