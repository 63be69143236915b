//! Plans written to files.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crudauth::{MigrateError, migrations};
use crudauth_tests::on_every_pool;
use sqlx::AssertSqlSafe;
use sqlx::migrate::Migrator;

use super::User;
use super::changes::{Grown, Strict};
use super::neighbours::Admin;

/// A new, empty directory.
pub(crate) fn directory() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("files-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let directory = std::env::temp_dir().join("crudauth-tests").join(name);
    // A leftover of an earlier process with the same id.
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

on_every_pool! {
    async fn a_written_file_leaves_nothing_to_do_once_executed(database, pool) {
        let plan = migrations!(User).plan(&pool).await.unwrap();
        let file = migrations!(User).write(&pool, directory()).await.unwrap().unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        let (version, rest) = name.split_once('_').unwrap();
        assert_eq!((version.len(), rest), (14, "crudauth_users.sql"), "{name}");
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text, plan.to_string());

        let statements = text.split_terminator(";\n");
        assert_eq!(statements.clone().count(), plan.statements().len());
        for statement in statements {
            database.execute(statement).await;
        }
        assert!(migrations!(User).plan(&pool).await.unwrap().is_empty());
    }

    async fn no_file_is_written_if_nothing_is_missing(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        let files = directory();
        assert_eq!(migrations!(User).write(&pool, &files).await.unwrap(), None);
        assert_eq!(std::fs::read_dir(&files).unwrap().count(), 0);
    }

    async fn a_blocked_plan_is_not_written(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        database
            .execute("INSERT INTO users (email, username, username_key) VALUES ('a@b.c', 'a', 'a')")
            .await;
        let files = directory();
        let refused = migrations!(Strict).write(&pool, &files).await.unwrap_err();
        assert!(matches!(refused, MigrateError::Blocked(_)), "{refused}");
        assert_eq!(std::fs::read_dir(&files).unwrap().count(), 0);
    }

    async fn sqlx_runs_the_files_in_order(database, pool) {
        let files = directory();
        // Two files within one second are still in an order that sqlx accepts.
        let users = migrations!(User).write(&pool, &files).await.unwrap().unwrap();
        let admins = migrations!(Admin).write(&pool, &files).await.unwrap().unwrap();
        assert!(users < admins, "{users:?} {admins:?}");
        Migrator::new(files.clone()).await.unwrap().run(&pool).await.unwrap();
        assert!(migrations!(User).plan(&pool).await.unwrap().is_empty());
        assert!(migrations!(Admin).plan(&pool).await.unwrap().is_empty());

        let grown = migrations!(Grown).write(&pool, &files).await.unwrap().unwrap();
        assert!(admins < grown);
        Migrator::new(files).await.unwrap().run(&pool).await.unwrap();
        assert!(migrations!(Grown).plan(&pool).await.unwrap().is_empty());
        assert_eq!(database.number("SELECT COUNT(*) FROM users").await, 0);
    }

    async fn a_missing_directory_is_created(database, pool) {
        let deep = directory().join("db").join("migrations");
        let file = migrations!(User).write(&pool, &deep).await.unwrap().unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("CREATE TABLE"));
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&pool).await.unwrap();
        assert!(migrations!(User).plan(&pool).await.unwrap().is_empty());
    }
}
