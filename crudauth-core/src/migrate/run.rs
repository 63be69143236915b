//! The three verbs: plan, run, write.

use std::error::Error;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use sqlx::{Pool, SqlSafeStr};

use super::compare::{Look, compare, user_table};
use super::fill::fill;
use super::live::LiveTable;
use super::plan::{Plan, Step};
use super::{Blocked, ddl, files};
use crate::model::AuthUser;
use crate::sql::{AuthRow, Backend, Call, Dialect, Stores, rows};

/// The migrations of a user struct; made by `crudauth::migrations!(User)`.
///
/// # What is looked at, and when
///
/// | who asks | catalogue | rows |
/// | --- | --- | --- |
/// | [`inspect`](Self::inspect), at every start | all of it | none |
/// | [`run`](Self::run) | all of it | only if something is missing |
/// | [`plan`](Self::plan), [`write`](Self::write) | all of it | NULLs where the struct reads a value; the rest only if something is missing |
///
/// What an identifier's rows hold (duplicates, forms that no login finds) is looked through where
/// its unique index or its compared form is missing, or a column of the library's: while the table
/// is being taken over. Later the index keeps the one, and sign-ups the other. A column that the
/// struct no longer calls an `Option` is therefore told by `plan`, and not by a start.
///
/// # What is locked
///
/// Nothing is locked before it is known that nothing is in the way.
///
/// - **PostgreSQL**: one transaction. The user's table is locked (`ACCESS EXCLUSIVE`) from the first
///   change of it to the end: adding a column with a default, and forbidding NULL, need that only
///   for an instant, but indexes are made within the transaction and rows are filled, which takes
///   as long as the table is large. For a table that cannot stand still make the indexes of
///   [`plan`](Self::plan) `CONCURRENTLY` by hand before, under whatever name. The lock waits
///   for transactions that use the table, and others wait behind it: set `lock_timeout` on the pool
///   if that is worse than to try again.
/// - **MySQL, MariaDB**: every statement is final by itself. The table is locked
///   (`LOCK TABLES .. WRITE`) meanwhile, where the account may do so; else rows that come in between
///   two statements are found by looking again.
/// - **SQLite**: one transaction that keeps other writers out; in WAL mode readers go on. `ALTER
///   TABLE` adds columns there and cannot forbid NULL in one, so a compared form that was added to
///   a table with rows may be NULL: whoever inserts a row by other means is filled at the next run.
pub struct Migrations<U>(PhantomData<fn() -> U>);

/// Why a migration did not happen. Nothing was changed, except on MySQL by
/// [`Database`](Self::Database): every statement is final at once there, so run it again once the
/// cause is gone. Its `Debug` is the sentence and its causes: a `main` that ends in it prints that.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// Decisions are needed first; nothing was changed.
    #[error("the migration is blocked: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Blocked(Vec<Blocked>),
    /// These columns hold the compared form of names that SQL cannot fold, so no file fills them.
    #[error("a file cannot do it: {} must hold the compared form of names that SQL cannot fold; \
             let `run()` do it", .0.join(", "))]
    NeedsRun(Vec<String>),
    /// Another process held the migration lock for a minute.
    #[error("another process is migrating this database and does not finish")]
    Locked,
    /// The database refused.
    #[error("the database refused the migration")]
    Database(#[from] sqlx::Error),
    /// The file could not be written.
    #[error("the migration could not be written")]
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

impl<U: AuthUser> Migrations<U> {
    /// The migrations of `U`; `migrations!(User)` calls this.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "a default migration means nothing")]
    pub fn new() -> Self {
        Self(PhantomData)
    }

    /// What the database lacks, and what is in the way; nothing is changed. The rows are read, as
    /// often as it takes to tell.
    ///
    /// # Errors
    /// [`MigrateError::Database`] if it cannot be looked at.
    pub async fn plan<DB>(&self, pool: &Pool<DB>) -> Result<Plan, MigrateError>
    where
        DB: Backend + Stores<U::Id>,
        U: AuthRow<DB>,
    {
        let found = compare::<DB, U>(&mut *pool.acquire().await?, Look::Rows).await?;
        Ok(found.into_plan())
    }

    /// Makes what the database lacks, and tells how many steps that took: none, if it lacked
    /// nothing. Of several workers at once one makes it, and the others wait and find it there.
    ///
    /// Rows are read only if something is missing; whatever is in the way is told before the first
    /// statement. What is locked meanwhile is told at [`Migrations`].
    ///
    /// # Errors
    /// [`MigrateError`]; see there for what was changed.
    pub async fn run<DB>(&self, pool: &Pool<DB>) -> Result<usize, MigrateError>
    where
        DB: Backend + Stores<U::Id>,
        U: AuthRow<DB>,
    {
        // sqlx's own migration lock is none on SQLite and on MariaDB.
        match DB::DIALECT {
            Dialect::Sqlite | Dialect::Postgres => {
                let begin = begin(DB::DIALECT).into_sql_str();
                let mut tx = pool.begin_with(begin).await?;
                if DB::DIALECT == Dialect::Postgres {
                    keep_others_out::<DB>(&mut tx).await?;
                }
                let mut made = 0;
                apply::<DB, U>(&mut tx, &mut made).await?;
                tx.commit().await?;
                Ok(made)
            }
            Dialect::MySql => {
                let mut connection = pool.acquire().await?;
                // A connection keeps the lock for as long as it lives, so this one, whatever happens
                // to it, must not return to the pool.
                connection.close_on_drop();
                let lock = Call::new(GET_LOCK);
                let row = DB::fetch_optional(&mut connection, lock).await?;
                let is_ours: Option<i64> =
                    row.map(|row| rows::take::<DB, _>(&row, 0)).transpose()?.flatten();
                if is_ours != Some(1) {
                    return Err(MigrateError::Locked);
                }
                let made = apply_in_rounds::<DB, U>(&mut connection).await;
                // Sooner than by the end of the connection; if it fails, that end does it.
                let _ = DB::fetch_optional(&mut connection, Call::new(RELEASE_LOCK)).await;
                made
            }
        }
    }

    /// Writes what the database lacks as `<number>_crudauth_<table>.sql` into `directory`, for
    /// review and for an app that runs its own migrations. `None` if it lacks nothing.
    ///
    /// The number is the present second, as sqlx has it; in a directory whose files are counted
    /// (`0007_posts.sql`) it is the next one. No file is written over.
    ///
    /// # Errors
    /// [`MigrateError::Blocked`] or [`MigrateError::NeedsRun`], without a file;
    /// [`MigrateError::Io`].
    pub async fn write<DB>(
        &self,
        pool: &Pool<DB>,
        directory: impl AsRef<Path>,
    ) -> Result<Option<PathBuf>, MigrateError>
    where
        DB: Backend + Stores<U::Id>,
        U: AuthRow<DB>,
    {
        let plan = self.plan(pool).await?;
        if !plan.blocked.is_empty() {
            return Err(MigrateError::Blocked(plan.blocked));
        }
        if !plan.fills.is_empty() {
            return Err(MigrateError::NeedsRun(plan.filled()));
        }
        if plan.is_empty() {
            return Ok(None);
        }
        Ok(Some(files::write(directory.as_ref(), U::SHAPE.table, &plan.to_string())?))
    }
}

impl<U: AuthUser> fmt::Debug for Migrations<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Migrations").field(&U::SHAPE.table).finish()
    }
}

/// PostgreSQL's name for our lock: "crudauth" in ASCII.
const LOCK: i64 = i64::from_be_bytes(*b"crudauth");

// MySQL's locks are the server's, so their names tell the database.
const GET_LOCK: &str = "SELECT GET_LOCK(CONCAT('crudauth ', SHA1(DATABASE())), 60)";
const UNLOCK: &str = "UNLOCK TABLES";
const RELEASE_LOCK: &str = "SELECT RELEASE_LOCK(CONCAT('crudauth ', SHA1(DATABASE())))";

/// Waits a minute at most for PostgreSQL's lock, and as long as the pool says for anything after.
async fn keep_others_out<DB: Backend>(connection: &mut DB::Connection) -> Result<(), MigrateError> {
    let usual = Call::new("SELECT current_setting('lock_timeout')");
    let row = DB::fetch_optional(connection, usual).await?.ok_or(sqlx::Error::RowNotFound)?;
    let usual: String = rows::take::<DB, _>(&row, 0)?;
    let wait =
        |time: String| Call::new("SELECT 1 FROM set_config('lock_timeout', $1, TRUE)").with(time);
    DB::execute(connection, wait("60s".to_owned())).await?;
    let lock = Call::new("SELECT pg_advisory_xact_lock($1)").with(LOCK);
    DB::execute(connection, lock).await.map_err(|error| match &error {
        sqlx::Error::Database(cause) if cause.code().is_some_and(|code| code == "55P03") => {
            MigrateError::Locked
        }
        _ => error.into(),
    })?;
    DB::execute(connection, wait(usual)).await?;
    Ok(())
}

/// A transaction that waited for another's migration must see what that one made, whatever the
/// database's own default.
const fn begin(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED",
        Dialect::Sqlite | Dialect::MySql => dialect.begin(),
    }
}

/// How often a table of MySQL's is looked at again after rows came in between two statements.
const ROUNDS: usize = 5;

/// MySQL keeps others from a table only for who may lock it. For whom may not, what others put
/// there meanwhile is found by looking again, and filled, or told by its name.
async fn apply_in_rounds<DB, U>(connection: &mut DB::Connection) -> Result<usize, MigrateError>
where
    DB: Backend + Stores<U::Id>,
    U: AuthRow<DB>,
{
    let mut made = 0;
    let mut round = 1;
    loop {
        let done = apply::<DB, U>(connection, &mut made).await;
        if done.is_err() {
            // Ends what a fill has begun; if the connection is gone, so is all of it.
            let _ = DB::say(connection, "SET autocommit = 1").await;
            let _ = DB::say(connection, UNLOCK).await;
        }
        match done {
            Err(MigrateError::Database(error)) if round < ROUNDS && is_overtaken(&error) => {
                round += 1;
            }
            done => return done.map(|()| made),
        }
    }
}

/// Whether a row broke a rule that none broke before: a NULL or a value that is there twice.
fn is_overtaken(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(cause) = error else { return false };
    cause.code().is_some_and(|code| matches!(&*code, "23000" | "22004" | "01000"))
}

/// Makes what is missing, and counts it in `made`.
async fn apply<DB, U>(connection: &mut DB::Connection, made: &mut usize) -> Result<(), MigrateError>
where
    DB: Backend + Stores<U::Id>,
    U: AuthRow<DB>,
{
    if compare::<DB, U>(connection, Look::Start).await?.is_complete() {
        return Ok(());
    }
    let mut found = compare::<DB, U>(connection, Look::Rows).await?;
    refuse([&found.user, &found.library])?;
    // Not before it is known that nothing is in the way: nobody waits for a migration that is
    // refused.
    let is_locked = found.live.exists() && !found.user.is_empty();
    if is_locked && lock::<DB>(connection, U::SHAPE.table).await? {
        (found.live, found.user) = user_table::<DB, U>(connection, Look::Rows).await?;
        refuse([&found.user])?;
    }
    make::<DB, U>(connection, &found.live, &found.user, made).await?;
    if DB::DIALECT == Dialect::MySql {
        DB::say(connection, UNLOCK).await?;
    }
    make::<DB, U>(connection, &found.live, &found.library, made).await
}

fn refuse<'a>(plans: impl IntoIterator<Item = &'a Plan>) -> Result<(), MigrateError> {
    let blocked: Vec<_> = plans.into_iter().flat_map(|plan| plan.blocked.clone()).collect();
    if blocked.is_empty() { Ok(()) } else { Err(MigrateError::Blocked(blocked)) }
}

/// Keeps others from the table, and tells whether they could reach it until now.
async fn lock<DB: Backend>(
    connection: &mut DB::Connection,
    table: &str,
) -> Result<bool, sqlx::Error> {
    let Some(lock) = ddl::lock(DB::DIALECT, table) else { return Ok(false) };
    match DB::execute_ddl(connection, lock).await {
        // Not everybody may lock tables on MySQL.
        Err(sqlx::Error::Database(cause))
            if DB::DIALECT == Dialect::MySql && cause.code().as_deref() == Some("42000") =>
        {
            Ok(false)
        }
        locked => locked.map(|()| true),
    }
}

async fn make<DB, U>(
    connection: &mut DB::Connection,
    live: &LiveTable,
    plan: &Plan,
    made: &mut usize,
) -> Result<(), MigrateError>
where
    DB: Backend + Stores<U::Id>,
    U: AuthRow<DB>,
{
    for step in plan.steps() {
        match step {
            Step::Statement(statement) => {
                DB::execute_ddl(connection, statement.to_owned()).await?;
            }
            Step::Fill(one) => fill::<DB, U>(connection, live, one).await?,
        }
        *made += 1;
    }
    Ok(())
}
