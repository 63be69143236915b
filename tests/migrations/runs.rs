//! Plans and runs, by one worker and by several.

use std::time::Duration;

use crudauth::{Plan, migrations};
use crudauth_tests::{Database, Kind, on_every_pool};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use super::{TABLES, User};

/// The number of statements of a plan that start with `start`.
fn count(plan: &Plan, start: &str) -> usize {
    plan.statements().iter().filter(|statement| statement.starts_with(start)).count()
}

on_every_pool! {
    async fn a_plan_lists_everything_and_changes_nothing(database, pool) {
        for _ in 0..2 {
            let plan = migrations!(User).plan(&pool).await.unwrap();
            assert!(!plan.is_empty() && plan.blockers().is_empty());
            assert_eq!(count(&plan, "CREATE TABLE"), TABLES.len());
            assert_eq!(count(&plan, "CREATE UNIQUE INDEX"), 2, "email and username_key");
            for table in TABLES {
                assert!(plan.to_string().contains(table), "{table}");
            }
        }
    }

    async fn a_run_executes_the_plan_and_a_second_run_nothing(database, pool) {
        let plan = migrations!(User).plan(&pool).await.unwrap();
        let made = migrations!(User).run(&pool).await.unwrap();
        assert_eq!(made, plan.statements().len());
        for table in TABLES {
            assert_eq!(database.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0);
        }
        let left = migrations!(User).plan(&pool).await.unwrap();
        assert!(left.is_empty(), "{left}");
        assert_eq!(migrations!(User).run(&pool).await.unwrap(), 0);
    }

    async fn one_of_four_concurrent_workers_migrates_and_none_fails(database, pool) {
        for round in 0..5 {
            let url = Database::create_empty(database.kind()).await;
            let mut workers = Vec::new();
            for _ in 0..4 {
                let pool = sqlx::Pool::<Driver>::connect(&url).await.unwrap();
                workers.push(tokio::spawn(async move {
                    migrations!(User).run(&pool).await.unwrap()
                }));
            }
            let mut busy = 0;
            for worker in workers {
                busy += usize::from(worker.await.unwrap() > 0);
            }
            assert_eq!(busy, 1, "round {round}");
        }
    }

    async fn a_run_completes_a_partial_migration(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        database.execute("DROP TABLE users_lockouts").await;
        database.execute("ALTER TABLE users DROP COLUMN auth_epoch").await;
        // PostgreSQL fills the values with the column.
        let steps = if database.kind() == Kind::Postgres { 3 } else { 4 };
        assert_eq!(migrations!(User).run(&pool).await.unwrap(), steps, "table, its index, column, values");
        assert!(migrations!(User).plan(&pool).await.unwrap().is_empty());
    }

    async fn removed_fields_keep_their_columns_and_values(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        database.execute("ALTER TABLE users ADD COLUMN legacy INTEGER").await;
        database
            .execute("INSERT INTO users (email, username, username_key, legacy) \
                      VALUES ('ada@example.com', 'ada', 'ada', 7)")
            .await;
        assert_eq!(migrations!(User).run(&pool).await.unwrap(), 0);
        assert_eq!(database.number("SELECT COUNT(*) FROM users WHERE legacy = 7").await, 1);
    }
}

// On PostgreSQL and MySQL the server waits, for a minute.
#[tokio::test]
async fn a_migration_on_sqlite_waits_longer_than_the_statements_of_the_app() {
    let url = Database::create_empty(Kind::Sqlite).await;
    let writer = SqlitePool::connect(&url).await.unwrap();
    let writing = writer.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let impatient = url.parse::<SqliteConnectOptions>().unwrap().busy_timeout(Duration::ZERO);
    let pool = SqlitePool::connect_with(impatient).await.unwrap();
    let run = tokio::spawn(async move { migrations!(User).run(&pool).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!run.is_finished());
    writing.commit().await.unwrap();
    assert!(run.await.unwrap().unwrap() > 0);
}
