//! Prepared statements: kept by each connection, prepared again when the database has changed, and
//! not kept if a pooler mixes the connections of its clients.
//!
//! sqlx names the statements of each connection by a counter. Behind a pooler that gives each
//! transaction another connection of the server, such as PgBouncer before 1.21, two clients use one
//! name for different statements. An error would be the lucky case: a client could also run a
//! statement of the other. So with such a pooler no named statement is ever bound. A statement
//! without a name is prepared and run in one transaction, which has the server's connection for
//! itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use sqlx::{Connection, Pool};

use super::errors::{code, is_mix_up, is_stale};
use super::{Backend, Call, Dialect, rows};

/// How the statements of a pool are prepared.
#[derive(Debug, Default)]
pub(crate) struct Preparation {
    /// Number of times that prepared statements became stale. It is part of the text of a statement,
    /// so that every connection prepares it again.
    generation: AtomicU32,
    /// `true` if a pooler mixes the connections of its clients.
    is_mixed: AtomicBool,
}

impl Preparation {
    /// Returns `true` if a pooler mixes the connections of its clients, so that every statement needs
    /// a transaction.
    pub(super) fn is_mixed(&self) -> bool {
        self.is_mixed.load(Ordering::Relaxed)
    }

    /// Returns a statement with the mark of the present generation.
    pub(super) fn marked(&self, sql: &Arc<str>) -> Arc<str> {
        match self.generation.load(Ordering::Relaxed) {
            0 => Arc::clone(sql),
            generation => format!("{sql} /* {generation} */").into(),
        }
    }

    /// Takes notice of an error. If it is [stale](is_stale), the next statements are prepared again.
    pub(super) fn observe(&self, error: &sqlx::Error) {
        if !is_stale(error) {
            return;
        }
        if is_mix_up(error) {
            self.set_mixed("a prepared statement is gone or belongs to another client");
        }
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    fn set_mixed(&self, reason: &str) {
        if !self.is_mixed.swap(true, Ordering::Relaxed) {
            tracing::info!(
                reason,
                "no statement is kept prepared, and each runs in a transaction: a pooler may mix the \
                 pool's connections with those of other clients"
            );
        }
    }

    /// Asks the server whether a pooler mixes the connections of this pool.
    pub(super) async fn detect_pooler<DB: Backend>(
        &self,
        pool: &Pool<DB>,
    ) -> Result<(), sqlx::Error> {
        if DB::DIALECT != Dialect::Postgres {
            return Ok(());
        }
        match tokio::time::timeout(PATIENCE, mixes_connections(pool)).await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => self.set_mixed("two clients share a connection of the server"),
            Ok(Err(error)) if code(&error).is_none_or(|code| !code.starts_with("53")) => {
                return Err(error);
            }
            // What works behind a pooler works without one.
            Ok(Err(_)) | Err(_) => self.set_mixed("the server has no connection left to ask"),
        }
        Ok(())
    }
}

/// How long the server is asked.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often [`mixes_connections`] compares: other clients of a pooler are in between.
const ROUNDS: usize = 3;

/// Statements that ask for the server's process. Two connections prepare them under one name. No
/// statement of another program takes seven numbers.
const PROBES: [&str; 2] = [
    "SELECT pg_catalog.pg_backend_pid()::bigint, $1::bigint + $2 + $3 + $4 + $5 + $6 + $7",
    "SELECT pg_catalog.pg_backend_pid()::bigint, $1::bigint - $2 - $3 - $4 - $5 - $6 - $7",
];

/// Returns `true` if two connections share a process of the server, or one changes it, and prepared
/// statements of one name are not kept apart.
async fn mixes_connections<DB: Backend>(pool: &Pool<DB>) -> Result<bool, sqlx::Error> {
    let options = pool.connect_options();
    // New connections, since both must count their statements from one.
    let mut one = DB::Connection::connect_with(&options).await?;
    let mut other = DB::Connection::connect_with(&options).await?;
    let mut seen = Vec::new();
    let mut is_mixed = false;
    for _ in 0..ROUNDS {
        let first = probe::<DB>(&mut one, 0).await?;
        let second = probe::<DB>(&mut other, 1).await?;
        if let (Some(first), Some(second)) = (first, second) {
            seen.push((first, second));
            if first == second {
                // The pooler gives the statements names of its own, such as PgBouncer since 1.21.
                break;
            }
        }
        is_mixed = first.is_none() || second.is_none() || seen.first() != seen.last();
        if is_mixed {
            break;
        }
    }
    // The result stands, whether or not the server says goodbye.
    drop(one.close().await);
    drop(other.close().await);
    Ok(is_mixed)
}

/// Returns the server's process behind a connection; `None` if the prepared statement is another
/// one.
async fn probe<DB: Backend>(
    connection: &mut DB::Connection,
    which: usize,
) -> Result<Option<i64>, sqlx::Error> {
    DB::say(connection, "BEGIN").await?;
    let call = (1..=7_i64).fold(Call::new(PROBES[which]).kept(), Call::with);
    let answer = DB::fetch_optional(connection, call).await;
    // Whatever ran has no effect.
    DB::say(connection, "ROLLBACK").await?;
    let row = match answer {
        Ok(row) => row.ok_or(sqlx::Error::RowNotFound)?,
        // Unknown, given away, or of another number of parameters (08P01).
        Err(error) if is_mix_up(&error) || code(&error) == Some("08P01".into()) => return Ok(None),
        Err(error) => return Err(error),
    };
    let is_own = rows::take::<DB, i64>(&row, 1).is_ok_and(|sum| sum == [28, -26][which]);
    if is_own { rows::take::<DB, i64>(&row, 0).map(Some) } else { Ok(None) }
}
