//! The project's commands: `cargo xtask test`, `cargo xtask servers`, `cargo xtask with-servers`.
//!
//! | file | purpose |
//! |---|---|
//! | `programs` | finds the server programs on this machine |
//! | `install` | installs missing server programs with `apt-get` |
//! | `user` | the system user that a server runs as, since database servers refuse root |
//! | `process` | a server process: spawned with a log, awaited, killed on drop |
//! | `scratch` | a temporary directory, a free port, the tail of a log |
//! | `postgres`, `mariadb`, `redis` | a throw-away server of each kind |
//! | `servers` | all servers together, and the variables that tests find them by |
//! | `variables` | the names of those variables |
//! | `keeper` | the process that owns the servers and stops them however this one ends |
//! | `run` | `test` and `with-servers` |
//!
//! xtask depends on the standard library only, so that the first command in a fresh clone starts
//! at once.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]
#![allow(
    clippy::disallowed_methods,
    reason = "a program may read its environment, and may sleep while a server starts"
)]

#[cfg(not(unix))]
compile_error!("xtask needs Unix to run the test servers: use WSL or a container");

mod install;
mod keeper;
mod mariadb;
mod postgres;
mod process;
mod programs;
mod redis;
mod run;
mod scratch;
mod servers;
mod user;
mod variables;

use std::process::ExitCode;

/// Any failure, worded for a terminal.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "\
cargo xtask test [ARGS]          start the servers, run every test, stop the servers
                                 (ARGS go to `cargo nextest run`, or else to `cargo test`)
cargo xtask servers              start the servers, print their variables, wait for the end of stdin
cargo xtask with-servers -- CMD  start the servers, run CMD with their variables, stop the servers

The servers are Postgres, MariaDB, Redis and a Redis Cluster. To use a running server instead, set
CRUDAUTH_TEST_POSTGRES, CRUDAUTH_TEST_MYSQL, CRUDAUTH_TEST_REDIS or CRUDAUTH_TEST_REDIS_CLUSTER.";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let verb = args.next();
    let args: Vec<String> = args.collect();
    let outcome = match verb.as_deref() {
        Some("test") => run::tests(&args),
        Some("with-servers") => run::with_servers(&args),
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
