//! Applies a plan.

use sqlx::{AssertSqlSafe, Pool};

use super::compare::Tables;
use super::live::LiveTable;
use super::plan::{Plan, Step};
use super::table_diff::Depth;
use super::{MigrateError, Migrations, lock};
use crate::model::AuthUser;
use crate::sql::{AuthRow, Backend, Dialect};

/// How often a migration on MySQL compares again after other clients inserted rows between two
/// statements.
const ROUNDS: usize = 5;

impl<U: AuthUser> Migrations<U> {
    /// Creates the missing parts. Returns the number of steps, zero if nothing was missing.
    ///
    /// Of several processes at once, one migrates while the others wait. All blockers are reported
    /// before the first statement. [`Migrations`] documents which rows are read and which tables
    /// are locked.
    ///
    /// # Errors
    /// [`MigrateError`]. It documents the state of the database after each error.
    pub async fn run<DB: Backend>(&self, pool: &Pool<DB>) -> Result<usize, MigrateError>
    where
        U: AuthRow<DB>,
    {
        self.tables().run(pool).await
    }
}

impl<DB: Backend> Tables<'_, DB> {
    /// Creates the missing parts.
    pub(crate) async fn run(&self, pool: &Pool<DB>) -> Result<usize, MigrateError> {
        // sqlx's own migration lock does nothing on SQLite and MariaDB.
        match DB::DIALECT {
            Dialect::Sqlite | Dialect::Postgres => Run::in_transaction(self, pool).await,
            Dialect::MySql => Run::in_rounds(self, pool).await,
        }
    }
}

/// Begins a transaction on PostgreSQL. One that waited for another migration must see its result, so
/// it must not use a stricter default of the database.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// Allows the zero dates that tables of WordPress have as defaults: MySQL checks all defaults of a
/// table that is altered. `TRADITIONAL` would bring the other modes back.
const ALLOW_ZERO_DATES: &str = "SET SESSION sql_mode = REPLACE(REPLACE(REPLACE(@@sql_mode, \
    'NO_ZERO_DATE', ''), 'NO_ZERO_IN_DATE', ''), 'TRADITIONAL', '')";

/// A run on one connection.
struct Run<'a, DB: Backend> {
    tables: &'a Tables<'a, DB>,
    connection: &'a mut DB::Connection,
    /// Number of steps that were applied.
    steps: usize,
}

impl<'a, DB: Backend> Run<'a, DB> {
    fn new(tables: &'a Tables<'a, DB>, connection: &'a mut DB::Connection) -> Self {
        Self { tables, connection, steps: 0 }
    }

    async fn in_transaction(
        tables: &Tables<'_, DB>,
        pool: &Pool<DB>,
    ) -> Result<usize, MigrateError> {
        let mut tx = match DB::DIALECT {
            Dialect::Sqlite => lock::sqlite(pool).await?,
            Dialect::Postgres | Dialect::MySql => pool.begin_with(BEGIN).await?,
        };
        if DB::DIALECT == Dialect::Postgres {
            lock::postgres::<DB>(&mut tx).await?;
        }
        let mut run = Run::new(tables, &mut tx);
        run.apply().await?;
        let steps = run.steps;
        tx.commit().await?;
        Ok(steps)
    }

    async fn in_rounds(tables: &Tables<'_, DB>, pool: &Pool<DB>) -> Result<usize, MigrateError> {
        let mut connection = pool.acquire().await?;
        // The lock and the mode last as long as the connection, which therefore must not return to
        // the pool.
        connection.close_on_drop();
        lock::mysql::<DB>(&mut connection).await?;
        DB::say(&mut connection, ALLOW_ZERO_DATES).await?;
        let steps = Run::new(tables, &mut connection).apply_in_rounds().await;
        lock::release_mysql::<DB>(&mut connection).await;
        steps
    }

    /// Applies the plan again if rows that other clients inserted between two statements are in the
    /// way. That happens if the database user may not lock tables.
    async fn apply_in_rounds(mut self) -> Result<usize, MigrateError> {
        let mut round = 1;
        loop {
            let result = self.apply().await;
            if result.is_err() {
                // Commits an unfinished backfill. If the connection is lost, the server rolls back
                // and unlocks.
                let _ = DB::say(self.connection, "SET autocommit = 1").await;
                let _ = lock::unlock_table::<DB>(self.connection).await;
            }
            match result {
                Err(MigrateError::Database(error)) if round < ROUNDS && is_overtaken(&error) => {
                    round += 1;
                }
                result => return result.map(|()| self.steps),
            }
        }
    }

    /// Creates the missing parts.
    async fn apply(&mut self) -> Result<(), MigrateError> {
        let Self { tables, connection, .. } = self;
        let found = tables.read(connection).await?;
        if tables.diff(connection, &found, Depth::Indexes).await?.is_empty() {
            return Ok(());
        }
        let mut diff = tables.diff(connection, &found, Depth::Rows).await?;
        stop_if_blocked([&diff.user, &diff.library])?;
        // Only now, so that no client waits for a migration that is blocked.
        let is_altered = diff.live.exists() && !diff.user.is_empty();
        if is_altered && lock::table::<DB>(connection, &diff.live).await? {
            (diff.live, diff.user) = tables.user_table(connection, Depth::Rows).await?;
            stop_if_blocked([&diff.user])?;
        }
        self.apply_steps(&diff.live, &diff.user).await?;
        lock::unlock_table::<DB>(self.connection).await?;
        self.apply_steps(&diff.live, &diff.library).await
    }

    async fn apply_steps(&mut self, live: &LiveTable, plan: &Plan) -> Result<(), MigrateError> {
        for step in plan.steps() {
            match step {
                Step::Statement(statement) => {
                    // Names were checked by the derive and types come from sqlx: nothing in the text
                    // is input.
                    DB::say(self.connection, AssertSqlSafe(statement.to_owned())).await?;
                }
                Step::Backfill(backfill) => {
                    backfill.run(&self.tables.subject, self.connection, live).await?
                }
            }
            self.steps += 1;
        }
        Ok(())
    }
}

/// Whether a new row violates a constraint that all rows satisfied before: NULL or a duplicate.
fn is_overtaken(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(cause) = error else { return false };
    cause.code().is_some_and(|code| matches!(&*code, "23000" | "22004" | "01000"))
}

fn stop_if_blocked<'a>(plans: impl IntoIterator<Item = &'a Plan>) -> Result<(), MigrateError> {
    let blockers: Vec<_> = plans.into_iter().flat_map(|plan| plan.blockers.clone()).collect();
    if blockers.is_empty() { Ok(()) } else { Err(MigrateError::Blocked(blockers)) }
}
