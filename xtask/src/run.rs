//! `cargo xtask test` and `cargo xtask with-servers`.

use std::{
    ffi::OsString,
    process::{Command, ExitCode, ExitStatus, Stdio},
};

use crate::{Result, install, keeper::Keeper};

/// Runs every test on every database; `args` go to the test runner.
///
/// # Errors
/// If the servers or cargo cannot be started. A failed run is an exit code, not an error.
pub(crate) fn tests(args: &[String]) -> Result<ExitCode> {
    install::install_missing()?;
    // Some tests start the examples as processes, and a run of selected tests would not build them.
    // This comes before the servers, which would only wait.
    let examples = cargo(&["build", "--workspace", "--all-features", "--examples"]).status()?;
    if !examples.success() {
        return Ok(code_of(examples));
    }
    let keeper = Keeper::start()?;
    for step in test_steps(args) {
        let status = run_with(&keeper, step)?;
        if !status.success() {
            return Ok(code_of(status));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs a command with the variables of the servers.
///
/// # Errors
/// If the command is missing, or the servers or the command cannot be started. A failed command is
/// an exit code, not an error.
pub(crate) fn with_servers(args: &[String]) -> Result<ExitCode> {
    let args = args.strip_prefix(&["--".to_owned()]).unwrap_or(args);
    let (program, args) = args.split_first().ok_or("no command: add it after `--`")?;
    install::install_missing()?;
    let keeper = Keeper::start()?;
    let mut command = Command::new(program);
    command.args(args);
    Ok(code_of(run_with(&keeper, command)?))
}

fn run_with(keeper: &Keeper, mut command: Command) -> Result<ExitStatus> {
    command.envs(keeper.variables().iter().cloned());
    command
        .status()
        .map_err(|error| format!("cannot run {}: {error}", command.get_program().display()).into())
}

/// Without `args`, everything is tested and a failure does not stop the run. With `args`, only the
/// tests that they select.
fn test_steps(args: &[String]) -> Vec<Command> {
    if !has_nextest() {
        return vec![test_step(&["test"], args)];
    }
    let mut steps = vec![test_step(&["nextest", "run"], args)];
    if args.is_empty() {
        // nextest skips the examples in the docs.
        steps.push(test_step(&["test", "--doc"], args));
    }
    steps
}

fn test_step(verb: &[&str], args: &[String]) -> Command {
    let mut command = cargo(verb);
    command.arg("--all-features");
    if !args.iter().any(|arg| arg.starts_with("-p") || arg.starts_with("--package")) {
        command.arg("--workspace");
    }
    if args.is_empty() {
        command.arg("--no-fail-fast");
    }
    command.args(args);
    command
}

fn has_nextest() -> bool {
    cargo(&["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Returns a command of the cargo that runs this program.
fn cargo(args: &[&str]) -> Command {
    let mut command =
        Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.args(args);
    command
}

/// A process that a signal ended has no code and counts as failed.
fn code_of(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
