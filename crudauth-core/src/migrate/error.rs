//! Why a migration fails.

use std::error::Error;
use std::{fmt, io};

use super::Blocker;

/// Why a migration failed.
///
/// Nothing was changed, except on MySQL by [`Database`](Self::Database): MySQL commits each
/// statement at once. Run the migration again after the cause is gone.
///
/// `Debug` prints the sentence and its causes, for a `main` that returns the error.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// The migration needs decisions first.
    #[error("the migration is blocked: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Blocked(Vec<Blocker>),
    /// These columns, as `table.column`, hold the compared form of names, which SQL cannot compute.
    #[error("a file cannot fill {}: SQL cannot compute the compared form of a name; use `run()` \
             instead", .0.join(", "))]
    NeedsRun(Vec<String>),
    /// Another process held the migration lock for a minute.
    #[error("another process holds the migration lock and does not finish")]
    Locked,
    /// The database failed or rejected a statement.
    #[error("the database failed during the migration")]
    Database(#[from] sqlx::Error),
    /// The file could not be written.
    #[error("the migration file could not be written")]
    Io(#[from] io::Error),
}

impl fmt::Debug for MigrateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
