//! `cargo xtask test`: every test, with every database.

use std::{
    ffi::OsString,
    process::{Command, ExitCode, ExitStatus, Stdio},
};

use crate::{Result, keeper::Keeper, programs};

/// Runs the tests; `args` go to the runner.
///
/// # Errors
/// If there is no run to speak of: no servers, no cargo. A failed run is its exit code.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    programs::provide()?;
    // Before the servers: they would only wait. Tests start the examples as processes, and a run that
    // is narrowed to some tests would not build them.
    let examples = cargo(&["build", "--workspace", "--all-features", "--examples"]).status()?;
    if !examples.success() {
        return Ok(code_of(examples));
    }
    let keeper = Keeper::start()?;
    for mut step in steps(args) {
        let status = step.envs(keeper.variables().iter().cloned()).status()?;
        if !status.success() {
            return Ok(code_of(status));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Without `args` everything, to the end whatever fails; with them only what they name.
fn steps(args: &[String]) -> Vec<Command> {
    let mut scope = vec!["--all-features"];
    if !args.iter().any(|arg| arg.starts_with("-p") || arg.starts_with("--package")) {
        scope.push("--workspace");
    }
    if args.is_empty() {
        scope.push("--no-fail-fast");
    }
    let step = |verb: &[&str]| {
        let mut command = cargo(verb);
        command.args(&scope).args(args);
        command
    };
    match (has_nextest(), args.is_empty()) {
        // nextest leaves out the examples in the docs.
        (true, true) => vec![step(&["nextest", "run"]), step(&["test", "--doc"])],
        (true, false) => vec![step(&["nextest", "run"])],
        (false, _) => vec![step(&["test"])],
    }
}

fn has_nextest() -> bool {
    cargo(&["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The cargo that runs us.
fn cargo(args: &[&str]) -> Command {
    let mut command =
        Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.args(args);
    command
}

/// A run that a signal ended has no code, and has failed.
fn code_of(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
