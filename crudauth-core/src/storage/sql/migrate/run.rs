//! The three verbs: plan, run, write.

use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use sqlx::{Pool, SqlSafeStr};

use super::super::statements::Sql;
use super::super::{AuthRow, Backend, Call, Dialect, Stores, rows};
use super::live::LiveTable;
use super::{ddl, desired};
use crate::model::AuthUser;

/// The migrations of a user struct; made by `crudauth::migrations!(User)`.
pub struct Migrations<U>(PhantomData<fn() -> U>);

/// What a database lacks.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    statements: Vec<String>,
    blocked: Vec<Blocked>,
}

/// Something that cannot be done without a decision of yours.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blocked {
    /// The struct requires a column that the rows which are there have no value for.
    NoValue {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoValue { table, column } => write!(
                f,
                "the rows of `{table}` have no `{column}`: make the field an `Option`, give it \
                 a literal `#[auth(default = ..)]`, or add and fill the column yourself"
            ),
        }
    }
}

/// Why a migration did not happen. Nothing was changed, except on MySQL, where every statement is
/// final at once: run it again there once the cause is gone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// Decisions are needed first; nothing was changed.
    #[error("the migration is blocked: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Blocked(Vec<Blocked>),
    /// Another process held the migration lock for a minute.
    #[error("another process is migrating this database and does not finish")]
    Locked,
    /// The database refused.
    #[error("the database refused the migration: {0}")]
    Database(#[from] sqlx::Error),
    /// The file could not be written.
    #[error("the migration could not be written: {0}")]
    Io(#[from] io::Error),
}

impl Plan {
    /// The statements that would make up for it, in order.
    #[must_use]
    pub fn statements(&self) -> &[String] {
        &self.statements
    }

    /// What is in the way.
    #[must_use]
    pub fn blocked(&self) -> &[Blocked] {
        &self.blocked
    }

    /// Whether nothing is missing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty() && self.blocked.is_empty()
    }
}

/// The statements as a file holds them.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.blocked.iter().try_for_each(|blocked| writeln!(f, "-- blocked: {blocked}"))?;
        self.statements.iter().try_for_each(|statement| writeln!(f, "{statement};"))
    }
}

impl<U: AuthUser> Migrations<U> {
    /// The migrations of `U`; `migrations!(User)` calls this.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "a default migration means nothing")]
    pub fn new() -> Self {
        Self(PhantomData)
    }

    /// What the database lacks; nothing is changed.
    ///
    /// # Errors
    /// [`MigrateError::Database`] if it cannot be looked at.
    pub async fn plan<DB>(&self, pool: &Pool<DB>) -> Result<Plan, MigrateError>
    where
        DB: Backend + Stores<U::Id>,
        U: AuthRow<DB>,
    {
        Ok(compare::<DB, U>(&mut *pool.acquire().await?).await?)
    }

    /// Makes what the database lacks, and tells how many statements that took: none, if it lacked
    /// nothing. Of several workers at once one makes it, and the others wait and find it there.
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
                let begin = DB::DIALECT.begin().into_sql_str();
                let mut tx = pool.begin_with(begin).await?;
                if DB::DIALECT == Dialect::Postgres {
                    let lock = Call::new("SELECT pg_advisory_xact_lock($1)").with(LOCK);
                    DB::execute(&mut tx, lock).await?;
                }
                let made = apply::<DB, U>(&mut tx).await?;
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
                let made = apply::<DB, U>(&mut connection).await;
                // Sooner than by the end of the connection; if it fails, that end does it.
                let _ = DB::fetch_optional(&mut connection, Call::new(RELEASE_LOCK)).await;
                made
            }
        }
    }

    /// Writes what the database lacks as `<UTC time>_crudauth_<table>.sql` into `directory`, for
    /// review and for an app that runs its own migrations. `None` if it lacks nothing.
    ///
    /// # Errors
    /// [`MigrateError::Blocked`] without a file, or [`MigrateError::Io`].
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
        if plan.is_empty() {
            return Ok(None);
        }
        let directory = directory.as_ref();
        std::fs::create_dir_all(directory)?;
        let version = free_version(directory)?;
        let path = directory.join(format!("{version}_crudauth_{}.sql", U::SHAPE.table));
        std::fs::write(&path, plan.to_string())?;
        Ok(Some(path))
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
const RELEASE_LOCK: &str = "SELECT RELEASE_LOCK(CONCAT('crudauth ', SHA1(DATABASE())))";

/// The present second, or the first after it that no file there begins with: to sqlx two files of
/// one number are one migration.
fn free_version(directory: &Path) -> io::Result<String> {
    let names = std::fs::read_dir(directory)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()?;
    #[allow(clippy::disallowed_methods, reason = "a file's name is not a rule that a test turns")]
    let mut time = chrono::Utc::now();
    loop {
        let version = time.format("%Y%m%d%H%M%S").to_string();
        if !names.iter().any(|name| name.starts_with(&version)) {
            return Ok(version);
        }
        time += chrono::TimeDelta::seconds(1);
    }
}

async fn apply<DB, U>(connection: &mut DB::Connection) -> Result<usize, MigrateError>
where
    DB: Backend + Stores<U::Id>,
    U: AuthRow<DB>,
{
    let plan = compare::<DB, U>(connection).await?;
    if !plan.blocked.is_empty() {
        return Err(MigrateError::Blocked(plan.blocked));
    }
    for statement in &plan.statements {
        DB::execute_ddl(connection, statement.clone()).await?;
    }
    Ok(plan.statements.len())
}

async fn compare<DB, U>(connection: &mut DB::Connection) -> Result<Plan, sqlx::Error>
where
    DB: Backend + Stores<U::Id>,
    U: AuthRow<DB>,
{
    let mut plan = Plan::default();
    for table in desired::tables::<DB, U>() {
        let live = LiveTable::read::<DB>(connection, &table.name).await?;
        if !live.exists() {
            plan.statements.push(ddl::create_table(DB::DIALECT, &table));
        } else {
            for column in table.columns.iter().filter(|column| !live.has_column(&column.name)) {
                let can_be_filled = column.is_nullable || column.default.is_some();
                if !can_be_filled && has_rows::<DB, U>(connection, &table.name).await? {
                    let (table, column) = (table.name.clone(), column.name.clone());
                    plan.blocked.push(Blocked::NoValue { table, column });
                } else {
                    plan.statements.extend(ddl::add_column(DB::DIALECT, &table.name, column));
                }
            }
        }
        for index in table.indexes.iter().filter(|index| !live.has_index(&index.name)) {
            plan.statements.push(ddl::create_index(DB::DIALECT, &table.name, index));
        }
    }
    Ok(plan)
}

/// Whether the user's table holds a row. The library's own tables get no column without a default.
async fn has_rows<DB: Backend, U: AuthUser>(
    connection: &mut DB::Connection,
    table: &str,
) -> Result<bool, sqlx::Error> {
    if table != U::SHAPE.table {
        return Ok(false);
    }
    Ok(DB::fetch_optional(connection, Call::new(Sql::<DB, U>::ANY_ROW)).await?.is_some())
}
