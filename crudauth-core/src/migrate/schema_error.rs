//! Differences that a start reports instead of mending them.

use std::fmt;

use super::{Blocker, Plan};

/// A difference between the database and the user struct.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// A migration cannot decide about it.
    #[error("database: {0}")]
    Blocked(Blocker),
    /// The database lacks tables, columns or indexes that a migration can add.
    #[error(
        "database: `{table}` does not match the struct; run `crudauth::migrations!({user})`: {}",
        Steps(plan)
    )]
    Differs {
        /// The user table.
        table: &'static str,
        /// The user struct.
        user: &'static str,
        /// Steps of the migration.
        plan: Plan,
    },
}

/// The first steps of a plan on one line; the user table comes first.
struct Steps<'a>(&'a Plan);

impl Steps<'_> {
    const SHOWN: usize = 5;
}

impl fmt::Display for Steps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let backfills = self.0.backfills().into_iter().map(|column| format!("backfill {column}"));
        let steps: Vec<_> = self.0.statements().iter().cloned().chain(backfills).collect();
        f.write_str(&steps[..steps.len().min(Self::SHOWN)].join("; "))?;
        match steps.len().saturating_sub(Self::SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more, listed by `plan()`"),
        }
    }
}
