//! The lookups of requests use an index.

use crudauth::migrations;
use crudauth_tests::{Database, Kind};
use sqlx::{AssertSqlSafe, Row, SqlitePool};

use super::User;

async fn migrated() -> SqlitePool {
    let (Database::Sqlite(pool), _) = Database::create(Kind::Sqlite).await else { unreachable!() };
    migrations!(User).run(&pool).await.unwrap();
    pool
}

/// SQLite's query plan.
async fn plan_of(pool: &SqlitePool, sql: &str) -> String {
    let sql = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
    let rows = sqlx::query(sql).fetch_all(pool).await.unwrap();
    let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
    steps.join("\n")
}

#[tokio::test]
async fn lookups_use_an_index() {
    let pool = migrated().await;
    for (sql, index) in [
        (
            "SELECT * FROM users_sessions s JOIN users ON users.id = s.user_id WHERE s.digest = $1 \
             AND s.expires_at > $2 AND s.token_version = users.token_version",
            "(digest=?)",
        ),
        ("SELECT * FROM users WHERE email = $1", "(email=?)"),
        ("SELECT * FROM users WHERE username_key = $1", "(username_key=?)"),
        ("SELECT * FROM users WHERE id = $1", "INTEGER PRIMARY KEY"),
        (
            "SELECT * FROM users_sessions WHERE user_id = $1 AND expires_at > $2 \
             ORDER BY last_activity_at DESC",
            "(user_id=?)",
        ),
        ("DELETE FROM users_sessions WHERE user_id = $1 AND digest <> $2", "(user_id=?)"),
        (
            "SELECT * FROM users_one_time_tokens t JOIN users ON users.id = t.user_id WHERE t.digest = $1 \
             AND t.purpose = $2 AND t.bound_to = users.email",
            "(digest=?)",
        ),
        ("DELETE FROM users_one_time_tokens WHERE user_id = $1 AND purpose <> $2", "(user_id=?)"),
        (
            "SELECT * FROM users_token_families g JOIN users ON users.id = g.user_id WHERE g.family = $1 \
             AND g.expires_at > $2 AND g.token_version = users.token_version",
            "(family=?)",
        ),
        (
            "UPDATE users_token_families SET token_digest = $1 WHERE family = $2 AND token_digest = $3 \
             AND EXISTS (SELECT 1 FROM users WHERE users.id = users_token_families.user_id)",
            "(family=?)",
        ),
        ("DELETE FROM users_token_families WHERE user_id = $1 AND family <> $2", "(user_id=?)"),
        (
            "SELECT * FROM users_api_keys k JOIN users ON users.id = k.user_id \
             WHERE k.digest = $1 AND (k.expires_at IS NULL OR k.expires_at > $2)",
            "(digest=?)",
        ),
        ("DELETE FROM users_api_keys WHERE user_id = $1 AND handle = $2", "(user_id=?)"),
        ("SELECT * FROM users_lockouts WHERE digest IN ($1, $2, $3)", "(digest=?)"),
        ("SELECT * FROM users_rate_limits WHERE digest = $1", "(digest=?)"),
    ] {
        let plan = plan_of(&pool, sql).await;
        assert!(plan.contains(index) && !plan.contains("SCAN"), "{sql}\n{plan}");
    }
}

#[tokio::test]
async fn a_purge_finds_expired_rows_by_an_index() {
    let pool = migrated().await;
    for table in ["users_sessions", "users_one_time_tokens", "users_rate_limits", "users_lockouts"]
    {
        let sql = format!(
            "DELETE FROM {table} WHERE digest IN (SELECT digest FROM (SELECT digest FROM {table} \
             WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2) AS old)"
        );
        let plan = plan_of(&pool, &sql).await;
        let scan = format!("SCAN {table}");
        assert!(plan.contains("(expires_at<?)") && !plan.contains(&scan), "{sql}\n{plan}");
        assert!(!plan.contains("TEMP B-TREE FOR ORDER BY"), "the index is in that order\n{plan}");
    }
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
