//! The project's own commands: `cargo xtask test`, `cargo xtask servers`.
//!
//! | file | what it is for |
//! |---|---|
//! | `programs` | finds the database servers' programs, and installs what is missing |
//! | `user` | who a server runs as, since none of them wants to be root |
//! | `postgres`, `mariadb` | a throw-away server of each kind |
//! | `scratch` | a directory that vanishes, a free port, the end of a log |
//! | `servers` | both together, and the variables that name them to the tests |
//! | `keeper` | the process that owns the servers, and ends them whatever happens to this one |
//! | `test` | the test run |
//!
//! Nothing beyond the standard library, so that the first command in a fresh clone starts at once.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "talking to a terminal is its work")]
#![allow(
    clippy::disallowed_methods,
    reason = "a program: it reads its environment, and sleeps while it waits"
)]

#[cfg(not(unix))]
compile_error!("the test servers need a Unix: elsewhere, run this in WSL or a container");

mod keeper;
mod mariadb;
mod names;
mod postgres;
mod programs;
mod scratch;
mod servers;
mod test;
mod user;

use std::process::ExitCode;

/// Whatever went wrong, worded for whoever typed the command.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "\
cargo xtask test [ARGS]  start Postgres and MariaDB, run every test, stop them again
                         (ARGS go to `cargo nextest run`, or to `cargo test` if it is not installed)
cargo xtask servers      start both, print how to reach them, stop them when stdin ends or on Ctrl-C

CRUDAUTH_TEST_POSTGRES and CRUDAUTH_TEST_MYSQL name running servers to use instead.";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let outcome = match args.next().as_deref() {
        Some("test") => test::run(&args.collect::<Vec<_>>()),
        Some("servers") => keeper::hold(),
        Some(keeper::VERB) => keeper::keep(),
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("xtask: {error}");
        ExitCode::FAILURE
    })
}
