//! The contract of `plan()`, held on tables that are generated: a table without blockers works, and
//! the fix of each blocker removes it.
//!
//! A table is drawn from a number, which the failure prints. `CRUDAUTH_TEST_TABLES` is the number of
//! tables on each database, `CRUDAUTH_TEST_FIRST_TABLE` the number of the first one.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a failed test panics")]
#![allow(clippy::disallowed_methods, reason = "settings are in the environment")]

mod check;
mod column;
mod draw;
mod found;
mod people;
mod remedy;
mod subjects;
mod table;
mod types;

use std::collections::BTreeMap;

use crudauth_tests::{Database, Kind};
use fastrand::Rng;

use self::check::Outcome;
use self::subjects::{Epochs, Keyed, Plain, Subject, Texts};

/// Tables in the gate: some 20 seconds of a core on each database.
const fn tables(kind: Kind) -> u64 {
    match kind {
        Kind::Sqlite => 400,
        Kind::Postgres | Kind::MySql => 120,
    }
}

/// Databases that are used at once. Most of a table is waiting for the server.
const WORKERS: u64 = 8;

/// Types that columns of PostgreSQL have.
const POSTGRES: [&str; 6] = [
    "CREATE EXTENSION citext",
    "CREATE DOMAIN named AS TEXT",
    "CREATE DOMAIN flagged AS BOOLEAN",
    "CREATE DOMAIN short AS VARCHAR(60)",
    "CREATE TYPE mood AS ENUM ('text 0', 'text 1', 'text 2', 'text 9')",
    "CREATE COLLATION coarse (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_without_blockers_work_on_sqlite() {
    hold_everywhere(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_without_blockers_work_on_postgres() {
    hold_everywhere(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_without_blockers_work_on_mysql() {
    hold_everywhere(Kind::MySql).await;
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

/// Holds the contract on every table, and prints all that break it.
async fn hold_everywhere(kind: Kind) {
    let count = setting("CRUDAUTH_TEST_TABLES", tables(kind));
    let first = setting("CRUDAUTH_TEST_FIRST_TABLE", 0);
    let workers: Vec<_> = (0..WORKERS.min(count))
        .map(|worker| {
            tokio::spawn(work(kind, (first + worker..first + count).step_by(WORKERS as usize)))
        })
        .collect();
    let mut outcomes = BTreeMap::<Outcome, u64>::new();
    for worker in workers {
        for outcome in worker.await.unwrap() {
            *outcomes.entry(outcome).or_default() += 1;
        }
    }
    println!("{kind:?}: {outcomes:?}");
    assert!(!outcomes.contains_key(&Outcome::Broken), "tables break the contract, see above");
    let refused = outcomes.get(&Outcome::NoSuchTable).copied().unwrap_or_default();
    assert!(refused * 2 <= count, "most tables exist: {outcomes:?}");
}

/// Holds the contract on tables in one database.
async fn work(kind: Kind, seeds: impl Iterator<Item = u64>) -> Vec<Outcome> {
    let database = Database::create_with_one_connection(kind).await;
    let mut results = Vec::new();
    if kind == Kind::Postgres {
        for statement in POSTGRES {
            database.execute(statement).await;
        }
    }
    for seed in seeds {
        results.push(match seed % 4 {
            0 => one::<Plain>(database.clone(), seed).await,
            1 => one::<Keyed>(database.clone(), seed).await,
            2 => one::<Texts>(database.clone(), seed).await,
            _ => one::<Epochs>(database.clone(), seed).await,
        });
    }
    results
}

/// Holds the contract on the table of a seed.
async fn one<S: Subject>(database: Database, seed: u64) -> Outcome {
    let kind = database.kind();
    let mut dice = Rng::with_seed(seed);
    let drawn = draw::table::<S>(&mut dice, kind);
    let mut table = drawn.clone();
    let held =
        tokio::spawn(async move { check::hold::<S>(&database, &mut table, &mut dice).await });
    let told = match held.await {
        Ok(Ok(outcome)) => return outcome,
        Ok(Err(violation)) => violation,
        Err(panic) => match panic.into_panic().downcast::<String>() {
            Ok(text) => *text,
            Err(_) => "panicked".to_owned(),
        },
    };
    println!("table {seed} on {kind:?}: {told}\n{drawn}\n");
    Outcome::Broken
}
