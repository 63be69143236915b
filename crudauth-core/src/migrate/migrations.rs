//! The migrations of an app: which tables, `plan` and `write`.

use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use sqlx::{Pool, Transaction};

use super::compare::Tables;
use super::plan::Plan;
use super::subject::Subject;
use super::table_diff::Depth;
use super::{MigrateError, files};
use crate::model::AuthUser;
use crate::sql::{AuthRow, Backend, TableSpec};

/// Migrations of the account table and of the library's tables beside it.
///
/// `crudauth::migrations!(Auth)` returns those of the slices that a mount names,
/// `crudauth::migrations!(User)` those of all slices.
///
/// # Reads
///
/// | function | catalog | rows |
/// | --- | --- | --- |
/// | [`inspect`](Self::inspect), at every start | yes | none |
/// | [`run`](Self::run) | yes | only if something is missing |
/// | [`plan`](Self::plan), [`write`](Self::write) | yes | NULLs where the struct reads a value, and all identifiers; everything else only if something is missing |
///
/// `plan` reads all identifiers for duplicates, for forms that no login searches for and for addresses
/// that cannot be mailed: another program may have inserted or changed rows. It keeps their compared
/// forms in memory meanwhile. `run` reads an identifier only while its unique index, its compared form
/// or a column of the library is missing, which is when a table is taken over: later the index
/// prevents duplicates, and sign-up stores normalized values. Such rows, and a field that is no longer
/// an `Option`, are therefore reported by `plan`, but not at a start.
///
/// # Locks
///
/// No lock is taken before the plan is known to have no blockers.
///
/// - **PostgreSQL**: one transaction. The user's table is locked (`ACCESS EXCLUSIVE`) from its
///   first change to the end. Adding a column with a default and forbidding NULL need the lock for
///   an instant only, but creating indexes and filling rows takes longer the larger the table is.
///   To keep a large table available, first create the indexes of [`plan`](Self::plan) with
///   `CONCURRENTLY`, under any name. The lock waits for transactions that use the table, and new
///   ones wait behind it; set `lock_timeout` on the pool if a failed migration is better than that.
/// - **MySQL, MariaDB**: each statement is committed at once. The table is locked meanwhile
///   (`LOCK TABLES .. WRITE`) if the database user has that privilege. Without it, rows that are
///   inserted between two statements are found by comparing again.
/// - **SQLite**: one transaction that keeps other writers out; in WAL mode readers continue. `ALTER
///   TABLE` cannot forbid NULL in a column that it adds, so a compared form that was added to a
///   table with rows may be NULL. The next run fills rows that the app inserts without it.
#[derive(Clone)]
pub struct Migrations<U> {
    pub(super) tables: Vec<&'static TableSpec>,
    user: PhantomData<fn() -> U>,
}

impl<U: AuthUser> Migrations<U> {
    /// Migrations of the account table and of these tables of the library.
    #[doc(hidden)]
    #[must_use]
    pub fn of(tables: impl IntoIterator<Item = &'static TableSpec>) -> Self {
        Self { tables: tables.into_iter().collect(), user: PhantomData }
    }

    /// Returns the missing parts and the blockers. Changes nothing.
    ///
    /// It may read each table several times.
    ///
    /// # Errors
    /// [`MigrateError::Database`] if the database cannot be read.
    pub async fn plan<DB: Backend>(&self, pool: &Pool<DB>) -> Result<Plan, MigrateError>
    where
        U: AuthRow<DB>,
    {
        self.tables().plan(pool).await
    }

    /// The tables as a value that does not depend on the struct.
    pub(super) fn tables<DB: Backend>(&self) -> Tables<'_, DB>
    where
        U: AuthRow<DB>,
    {
        Tables { subject: Subject::of::<U>(), library: &self.tables }
    }

    /// Writes the plan to `<number>_crudauth_<table>.sql` in `directory`, for review and for apps
    /// that run their own migrations. Returns `None` if nothing is missing.
    ///
    /// The number is the present second, as in the file names of sqlx, or the next number if the
    /// files of the directory are counted (`0007_posts.sql`). Existing files are not overwritten.
    ///
    /// # Errors
    /// [`MigrateError::Blocked`] or [`MigrateError::NeedsRun`], without a file;
    /// [`MigrateError::Io`].
    pub async fn write<DB: Backend>(
        &self,
        pool: &Pool<DB>,
        directory: impl AsRef<Path>,
    ) -> Result<Option<PathBuf>, MigrateError>
    where
        U: AuthRow<DB>,
    {
        let plan = self.plan(pool).await?;
        if !plan.blockers.is_empty() {
            return Err(MigrateError::Blocked(plan.blockers));
        }
        if !plan.backfills.is_empty() {
            return Err(MigrateError::NeedsRun(plan.backfills()));
        }
        if plan.is_empty() {
            return Ok(None);
        }
        Ok(Some(files::write(directory.as_ref(), U::SHAPE.table, &plan.to_string())?))
    }
}

impl<DB: Backend> Tables<'_, DB> {
    pub(crate) async fn plan(&self, pool: &Pool<DB>) -> Result<Plan, MigrateError> {
        let diff = self.compare(&mut *reading(pool).await?, Depth::Identifiers).await?;
        Ok(diff.into_plan())
    }
}

/// Begins a transaction that only reads. Outside of one, a pooler may prepare a statement on one
/// connection of the server and run it on another.
pub(super) async fn reading<DB: Backend>(
    pool: &Pool<DB>,
) -> Result<Transaction<'static, DB>, sqlx::Error> {
    pool.begin_with("BEGIN").await
}

impl<U: AuthUser> fmt::Debug for Migrations<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.tables.iter().map(|table| table.name(U::SHAPE.table));
        f.debug_list().entry(&U::SHAPE.table).entries(names).finish()
    }
}
