//! The unique indexes of identifiers.

use crudauth::migrations;
use crudauth_tests::{Database, Kind};
use sqlx::{AssertSqlSafe, SqlitePool};

use super::User;

async fn migrated() -> SqlitePool {
    let (Database::Sqlite(pool), _) = Database::create(Kind::Sqlite).await else { unreachable!() };
    migrations!(User).run(&pool).await.unwrap();
    pool
}

#[tokio::test]
async fn identifiers_are_unique_in_the_database() {
    let pool = migrated().await;
    let insert = |values: &str| {
        let sql = format!("INSERT INTO users (email, username, username_key) VALUES ({values})");
        sqlx::query(AssertSqlSafe(sql)).execute(&pool)
    };
    insert("'ada@example.com', 'Ada', 'ada'").await.unwrap();
    for values in ["'ada@example.com', 'Bob', 'bob'", "'bob@example.com', 'ADA', 'ada'"] {
        let refused = insert(values).await.unwrap_err();
        assert!(refused.into_database_error().unwrap().is_unique_violation());
    }
    insert("'bob@example.com', 'Ada', 'bob'").await.unwrap();
}
