//! A second process that owns the servers and ends them when its stdin ends.
//!
//! Its stdin is a pipe from the first process, which the system closes however that one ends: by
//! returning, by Ctrl-C, by `kill -9`. So no server and no directory outlives a test run. It is a
//! process group of its own, so that Ctrl-C in a terminal reaches it in this way only.

use std::{
    io::{self, BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    process::{Child, Command, ExitCode, Stdio},
};

use crate::{Result, programs, servers::Servers};

/// What the first process calls the second with.
pub(crate) const VERB: &str = "keep";

/// The second process as the first one sees it; told to end, and waited for, on drop.
#[derive(Debug)]
pub(crate) struct Keeper {
    process: Child,
    variables: Vec<(String, String)>,
}

impl Keeper {
    /// Returns once the servers accept connections.
    ///
    /// # Errors
    /// If a server cannot be started; the second process has then said why on stderr.
    pub(crate) fn start() -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(VERB)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let stdout = process.stdout.take();
        let mut keeper = Self { process, variables: Vec::new() };
        for line in BufReader::new(stdout.ok_or("no pipe from the keeper")?).lines() {
            match line?.split_once('=') {
                Some((name, value)) => keeper.variables.push((name.into(), value.into())),
                None => return Ok(keeper),
            }
        }
        Err("the database servers did not start".into())
    }

    /// What the servers are called in the environment of a test.
    pub(crate) fn variables(&self) -> &[(String, String)] {
        &self.variables
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        if let Err(error) = self.process.wait() {
            eprintln!("xtask: the servers may still run: {error}");
        }
    }
}

/// `cargo xtask servers`: holds the servers until stdin ends.
pub(crate) fn hold() -> Result<ExitCode> {
    programs::provide()?;
    let keeper = Keeper::start()?;
    for (name, value) in keeper.variables() {
        println!("export {name}='{value}'");
    }
    eprintln!("The servers run until stdin ends (Ctrl-D) or Ctrl-C.");
    wait_for_end_of_stdin()?;
    Ok(ExitCode::SUCCESS)
}

/// The second process itself: a line for each variable, an empty one when all are told.
pub(crate) fn keep() -> Result<ExitCode> {
    let servers = Servers::start()?;
    let mut out = io::stdout();
    // Not `println!`: the first process may be gone, and that is no reason to panic.
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
