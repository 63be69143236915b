//! A second process that owns the servers and stops them when its stdin ends.
//!
//! Its stdin is a pipe from the first process. The system closes the pipe however the first process
//! ends: by returning, by Ctrl-C, by `kill -9`. No server and no directory outlives a test run. The
//! second process has a process group of its own, so Ctrl-C in a terminal reaches it only through
//! the pipe.

use std::{
    io::{self, BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    process::{Child, Command, ExitCode, Stdio},
};

use crate::{Result, install, servers::Servers};

/// The argument that makes xtask the second process.
pub(crate) const VERB: &str = "keep";

/// The second process as the first one sees it. Dropping it stops the servers and waits for that.
#[derive(Debug)]
pub(crate) struct Keeper {
    process: Child,
    variables: Vec<(String, String)>,
}

impl Keeper {
    /// Returns once the servers accept connections.
    ///
    /// # Errors
    /// If a server does not start. The second process has written the cause to stderr.
    pub(crate) fn start() -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(VERB)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let stdout = process.stdout.take();
        let mut keeper = Self { process, variables: Vec::new() };
        for line in BufReader::new(stdout.ok_or("the keeper has no stdout")?).lines() {
            match line?.split_once('=') {
                Some((name, value)) => keeper.variables.push((name.into(), value.into())),
                None => return Ok(keeper),
            }
        }
        Err("the test servers did not start".into())
    }

    /// Returns the variables that name the servers.
    pub(crate) fn variables(&self) -> &[(String, String)] {
        &self.variables
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        if let Err(error) = self.process.wait() {
            eprintln!("xtask: the servers may still be running: {error}");
        }
    }
}

/// `cargo xtask servers`: keeps the servers running until stdin ends.
pub(crate) fn hold() -> Result<ExitCode> {
    install::install_missing()?;
    let keeper = Keeper::start()?;
    for (name, value) in keeper.variables() {
        println!("export {name}='{value}'");
    }
    eprintln!("The servers run until stdin ends (Ctrl-D) or Ctrl-C.");
    wait_for_end_of_stdin()?;
    Ok(ExitCode::SUCCESS)
}

/// The second process: prints a line for each variable, and an empty line after the last.
pub(crate) fn keep() -> Result<ExitCode> {
    let servers = Servers::start()?;
    let mut out = io::stdout();
    // `println!` would panic if the first process is gone.
    for (name, value) in servers.variables()? {
        writeln!(out, "{name}={value}")?;
    }
    writeln!(out)?;
    wait_for_end_of_stdin()?;
    Ok(ExitCode::SUCCESS)
}

fn wait_for_end_of_stdin() -> Result<()> {
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
