//! Many rows, several workers, and concurrent inserts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crudauth::migrations;
use crudauth_tests::{Database, Kind, Log, SECRET, on_every_pool};
use sqlx::AssertSqlSafe;

use super::live::{register, users};
use super::{Auth, User};

/// An idle machine takes seconds in release builds and a minute in debug builds. A quadratic
/// algorithm would take hours.
const LONGEST: Duration = Duration::from_secs(20 * 60);

const PLAIN: &str = "email VARCHAR(200) NOT NULL, username VARCHAR(40) NOT NULL";

/// Inserts `count` accounts with the names `Név1`, `Név2` and so on.
async fn people(database: &Database, count: u32, name: &str) {
    let numbers = match database.kind() {
        Kind::Postgres => format!("SELECT n FROM generate_series(1, {count}) AS s(n)"),
        Kind::Sqlite => format!(
            "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) \
             SELECT n FROM s"
        ),
        Kind::MySql => format!("SELECT seq AS n FROM seq_1_to_{count}"),
    };
    let text = if database.kind() == Kind::MySql { "CHAR" } else { "TEXT" };
    let (number, name) = (format!("CAST(n AS {text})"), name.replace('\'', "''"));
    database
        .execute(&format!(
            "INSERT INTO users (email, username) \
             SELECT CONCAT('n', {number}, '@example.com'), CONCAT('{name}', {number}) \
             FROM ({numbers}) AS numbers"
        ))
        .await;
}

on_every_pool! {
    async fn twenty_thousand_names_are_folded_quickly(database, pool) {
        users(&database, PLAIN, &[]).await;
        people(&database, 20_000, "N\u{e9}V").await;
        let begun = Instant::now();
        migrations!(User).run(&pool).await.unwrap();
        let took = begun.elapsed();
        assert!(took < LONGEST, "{took:?}");
        assert_eq!(database.count("users WHERE username_key = 'n\u{e9}v7777'").await, 1);
        assert_eq!(database.count("users WHERE username_key IS NULL OR auth_epoch = 0").await, 0);

        assert!(migrations!(User).inspect(&pool).await.unwrap().plan().is_empty());
        assert_eq!(migrations!(User).run(&pool).await.unwrap(), 0);
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        assert!(auth.accounts().find_by_identifier("N\u{c9}V4").await.unwrap().is_some());
        register(auth.accounts(), "ada").await;
    }

    async fn four_workers_adopt_a_table_once(database, pool) {
        for _ in 0..3 {
            let url = Database::create_empty(database.kind()).await;
            let database = Database::connect(&url).await;
            users(&database, PLAIN, &[]).await;
            people(&database, 2_000, "N\u{e9}V").await;
            let mut workers = Vec::new();
            for _ in 0..4 {
                let pool = sqlx::Pool::<Driver>::connect(&url).await.unwrap();
                workers.push(tokio::spawn(async move { migrations!(User).run(&pool).await.unwrap() }));
            }
            let mut made = Vec::new();
            for worker in workers {
                made.push(worker.await.unwrap());
            }
            assert_eq!(made.iter().filter(|made| **made > 0).count(), 1, "{made:?}");
            assert_eq!(database.count("users WHERE username_key IS NOT NULL").await, 2_000);
        }
    }

    async fn rows_inserted_during_a_run_are_filled_or_rejected(database, pool) {
        users(&database, PLAIN, &[]).await;
        people(&database, 5_000, "N\u{e9}V").await;
        let is_over = Arc::new(AtomicBool::new(false));
        let writer = tokio::spawn({
            let pool = pool.clone();
            let is_over = Arc::clone(&is_over);
            async move {
                let mut inserted = 0;
                for number in 0.. {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    let insert = AssertSqlSafe(format!(
                        "INSERT INTO users (email, username) VALUES ('m{number}@example.com', 'M\u{e9}{number}')"
                    ));
                    let done = sqlx::raw_sql(insert).execute(&pool).await;
                    inserted += i64::from(done.is_ok());
                }
                inserted
            }
        });
        while database.count("users WHERE email = 'm0@example.com'").await == 0 {
            tokio::task::yield_now().await;
        }
        let made = migrations!(User).run(&pool).await;
        is_over.store(true, Ordering::Relaxed);
        let inserted = writer.await.unwrap();
        made.unwrap();
        // On SQLite, rows that an older program inserts lack their folded form until the next run.
        migrations!(User).run(&pool).await.unwrap();
        assert_eq!(database.count("users").await, 5_000 + inserted);
        assert_eq!(database.count("users WHERE username_key IS NULL").await, 0);
        assert!(migrations!(User).plan(&pool).await.unwrap().is_empty());
    }
}

// On one thread, whose log is captured: the search may go on in the background.
#[tokio::test]
async fn a_hash_in_a_large_table_is_found() {
    let (database, _) = Database::create(Kind::Sqlite).await;
    let Database::Sqlite(pool) = database.clone() else { unreachable!() };
    let columns = format!("{PLAIN}, hashed_password VARCHAR(255)");
    users(&database, &columns, &[]).await;
    migrations!(User).run(&pool).await.unwrap();
    people(&database, 200_000, "a").await;
    assert!(!migrations!(User).is_large(&pool).await.unwrap());
    let last = "INSERT INTO users (email, username, hashed_password) \
                VALUES ('b@example.com', 'b', '$1$salt$hash')";
    database.execute(last).await;
    assert!(migrations!(User).is_large(&pool).await.unwrap());
    let log = Log::listen();
    Auth::builder(pool, SECRET).build().await.unwrap();
    while log.count("password hashes in an unknown format") == 0 {
        tokio::task::yield_now().await;
    }
    assert!(log.text().contains("prefix=\"$1$\" count=1"), "{}", log.text());
}
