//! Tables that generation found: the plan took each, and a flow failed on it.

use crudauth::BlockerKind;
use crudauth_tests::{Database, Kind};

use super::subjects::{Epochs, Keyed, Plain, Subject, Texts};

const EVERY: [Kind; 3] = [Kind::Sqlite, Kind::Postgres, Kind::MySql];

/// The blockers of a table, and those of the table that follows their advice.
async fn blocked<S: Subject>(kind: Kind, columns: &str, fixed: &str) -> (BlockerKind, String) {
    let (database, _) = Database::create(kind).await;
    if kind == Kind::Postgres {
        database.execute("CREATE EXTENSION citext").await;
    }
    database.execute(&format!("CREATE TABLE {} ({columns}", S::TABLE)).await;
    let plan = S::plan(&database).await.unwrap();
    let [blocker] = plan.blockers() else { panic!("{kind:?}: {plan}") };
    database.execute(&format!("DROP TABLE {}", S::TABLE)).await;
    database.execute(&format!("CREATE TABLE {} ({fixed}", S::TABLE)).await;
    let plan = S::plan(&database).await.unwrap();
    assert!(plan.blockers().is_empty(), "{kind:?}: {plan}");
    (blocker.kind.clone(), blocker.column.clone())
}

const fn uuid(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "BLOB",
        Kind::Postgres => "UUID",
        Kind::MySql => "BINARY(16)",
    }
}

#[tokio::test]
async fn a_generated_time_of_the_last_change_is_reported() {
    for kind in EVERY {
        let time = if kind == Kind::Postgres { "TIMESTAMP" } else { "DATETIME" };
        let start = format!("id {} PRIMARY KEY, email VARCHAR(99) UNIQUE NOT NULL", uuid(kind));
        let computed = "GENERATED ALWAYS AS ('2020-01-02 03:04:05') STORED";
        let generated = format!("{start}, updated_at {time} {computed})");
        let ordinary = format!("{start}, updated_at {time})");
        let (found, column) = blocked::<Keyed>(kind, &generated, &ordinary).await;
        assert_eq!((found, &*column), (BlockerKind::Generated, "updated_at"));
    }
}

#[tokio::test]
async fn a_security_stamp_of_less_than_eight_bytes_is_reported() {
    for (kind, narrow) in
        [(Kind::Postgres, "INTEGER"), (Kind::MySql, "INT"), (Kind::MySql, "BIGINT UNSIGNED")]
    {
        let table = |stamp: &str| {
            let start = format!("id {} PRIMARY KEY, email VARCHAR(99) UNIQUE NOT NULL", uuid(kind));
            format!("{start}, auth_epoch {stamp} NOT NULL DEFAULT 0)")
        };
        let (found, column) = blocked::<Keyed>(kind, &table(narrow), &table("BIGINT")).await;
        let is_told =
            matches!(&found, BlockerKind::WrongType { expected, .. } if expected == "BIGINT");
        assert!(is_told && column == "auth_epoch", "{found}");
    }
}

#[tokio::test]
async fn integer_keys_that_sqlite_does_not_count_are_reported() {
    let names = "email TEXT UNIQUE NOT NULL, username TEXT UNIQUE NOT NULL)";
    let counted = format!("id INTEGER PRIMARY KEY, {names}");
    for uncounted in [
        format!("id INTEGER PRIMARY KEY DESC, {names}"),
        format!("id INTEGER PRIMARY KEY, {names} WITHOUT ROWID"),
    ] {
        let (found, column) = blocked::<Plain>(Kind::Sqlite, &uncounted, &counted).await;
        assert_eq!((found, &*column), (BlockerKind::KeyNotGenerated, "id"), "{uncounted}");
    }
}

#[tokio::test]
async fn a_uuid_column_for_keys_of_another_form_is_reported() {
    for kind in [Kind::Postgres, Kind::MySql] {
        let table = |key: &str| {
            format!(
                "id {key} PRIMARY KEY, email VARCHAR(99) UNIQUE, username VARCHAR(99) NOT NULL)"
            )
        };
        let (found, column) = blocked::<Texts>(kind, &table("UUID"), &table("VARCHAR(26)")).await;
        let is_told = matches!(&found, BlockerKind::WrongType { expected, .. } if expected.starts_with("VARCHAR(26)"));
        assert!(is_told && column == "id", "{found}");
    }
}

#[tokio::test]
async fn exact_names_in_a_coarse_column_without_an_index_are_reported() {
    for (kind, key, coarse, fine) in [
        (Kind::Sqlite, "INTEGER", "TEXT COLLATE NOCASE", "TEXT"),
        (Kind::Postgres, "BIGSERIAL", "CITEXT", "TEXT"),
        (
            Kind::MySql,
            "BIGINT AUTO_INCREMENT",
            "VARCHAR(99) COLLATE utf8mb4_general_ci",
            "VARCHAR(99) COLLATE utf8mb4_bin",
        ),
    ] {
        let table = |name: &str| {
            format!(
                "id {key} PRIMARY KEY, email VARCHAR(99) UNIQUE, username {name} NOT NULL, \
                     created_at BIGINT NOT NULL)"
            )
        };
        let (found, column) = blocked::<Epochs>(kind, &table(coarse), &table(fine)).await;
        assert!(matches!(found, BlockerKind::ComparesWithoutCase { .. }), "{found}");
        assert_eq!(column, "username");
    }
}

#[tokio::test]
async fn texts_and_times_in_blobs_are_reported_on_sqlite() {
    for (column, usual) in
        [("hashed_password", "TEXT"), ("is_active", "INTEGER"), ("created_at", "TEXT")]
    {
        let table = |sql_type: &str| {
            format!("id BLOB PRIMARY KEY, email TEXT UNIQUE NOT NULL, {column} {sql_type}) STRICT")
        };
        let usual = table(&format!("{usual} DEFAULT 1"));
        let (found, named) = blocked::<Keyed>(Kind::Sqlite, &table("BLOB"), &usual).await;
        assert!(matches!(found, BlockerKind::WrongType { .. }), "{found}");
        assert_eq!(named, column);
    }
}

#[tokio::test]
async fn types_of_postgres_that_cut_or_refuse_a_hash_are_reported() {
    let (database, _) = Database::create(Kind::Postgres).await;
    database.execute("CREATE DOMAIN short AS VARCHAR(60)").await;
    for (sql_type, max_chars) in [("NAME", 63), ("short", 60)] {
        database.execute("DROP TABLE IF EXISTS keyed").await;
        let table = format!(
            "CREATE TABLE keyed (id UUID PRIMARY KEY, email TEXT UNIQUE NOT NULL, \
             hashed_password {sql_type})"
        );
        database.execute(&table).await;
        let plan = Keyed::plan(&database).await.unwrap();
        let [blocker] = plan.blockers() else { panic!("{sql_type}: {plan}") };
        assert_eq!(blocker.kind, BlockerKind::TooShort { max_chars, needed: 128 });
    }
}

#[tokio::test]
async fn unique_texts_that_mariadb_does_not_search_are_reported() {
    let table = |sql_type: &str| {
        format!(
            "id BIGINT AUTO_INCREMENT PRIMARY KEY, email VARCHAR(99) UNIQUE, \
             username {sql_type} NOT NULL UNIQUE, created_at BIGINT NOT NULL)"
        )
    };
    let fixed = table("VARCHAR(99) COLLATE utf8mb4_bin");
    for sql_type in ["JSON", "LONGTEXT COLLATE utf8mb4_bin", "VARCHAR(1000) COLLATE utf8mb4_bin"] {
        let (found, column) = blocked::<Epochs>(Kind::MySql, &table(sql_type), &fixed).await;
        let is_told = matches!(&found, BlockerKind::WrongType { expected, .. } if expected == "VARCHAR(768) or shorter");
        assert!(is_told && column == "username", "{found}");
    }
}

#[tokio::test]
async fn long_names_of_mysql_are_taken_without_an_index_of_both_forms() {
    let (database, _) = Database::create(Kind::MySql).await;
    let table = "CREATE TABLE plain (id BIGINT AUTO_INCREMENT PRIMARY KEY, \
                 email VARCHAR(99) UNIQUE NOT NULL, username VARCHAR(768) UNIQUE NOT NULL)";
    database.execute(table).await;
    database.execute("INSERT INTO plain (email, username) VALUES ('a@example.com', 'Ada')").await;
    Plain::run(&database).await.unwrap();
    assert_eq!(database.count("plain WHERE username_key = 'ada'").await, 1);
    let plan = Plain::plan(&database).await.unwrap();
    assert!(plan.is_empty(), "{plan}");
}

#[tokio::test]
async fn columns_of_few_texts_are_reported_for_names() {
    for (kind, key, types) in [
        (Kind::Postgres, "BIGSERIAL", ["UUID", "mood"]),
        (Kind::MySql, "BIGINT AUTO_INCREMENT", ["UUID", "ENUM('ada', 'bob')"]),
    ] {
        for sql_type in types {
            let (database, _) = Database::create(kind).await;
            if kind == Kind::Postgres {
                database.execute("CREATE TYPE mood AS ENUM ('ada', 'bob')").await;
            }
            let table = format!(
                "CREATE TABLE plain (id {key} PRIMARY KEY, email VARCHAR(99) UNIQUE NOT NULL, \
                 username {sql_type} UNIQUE NOT NULL)"
            );
            database.execute(&table).await;
            let plan = Plain::plan(&database).await.unwrap();
            let [blocker] = plan.blockers() else { panic!("{kind:?}, {sql_type}: {plan}") };
            assert!(matches!(blocker.kind, BlockerKind::WrongType { .. }), "{blocker}");
            assert_eq!(blocker.column, "username");
        }
    }
}

#[tokio::test]
async fn columns_that_take_no_uuid_are_reported_for_keys_of_uuids() {
    let table = |key: &str| format!("id {key} PRIMARY KEY, email VARCHAR(99) UNIQUE NOT NULL)");
    for (kind, key) in [
        (Kind::Sqlite, "INTEGER"),
        (Kind::MySql, "UUID"),
        (Kind::MySql, "CHAR(36)"),
        (Kind::MySql, "BINARY(20)"),
    ] {
        let fixed = table(uuid(kind));
        let (found, column) = blocked::<Keyed>(kind, &table(key), &fixed).await;
        let is_told =
            matches!(&found, BlockerKind::WrongType { expected, .. } if expected == uuid(kind));
        assert!(is_told && column == "id", "{found}");
    }
}

#[tokio::test]
async fn keys_with_a_constant_default_are_reported() {
    for (kind, constant, counted) in [
        (Kind::Sqlite, "INTEGER UNIQUE NOT NULL DEFAULT 1", "INTEGER PRIMARY KEY"),
        (Kind::Postgres, "BIGINT PRIMARY KEY DEFAULT 1", "BIGSERIAL PRIMARY KEY"),
        (Kind::MySql, "BIGINT DEFAULT 1 PRIMARY KEY", "BIGINT AUTO_INCREMENT PRIMARY KEY"),
    ] {
        let table = |key: &str| {
            format!(
                "id {key}, email VARCHAR(99) UNIQUE NOT NULL, username VARCHAR(99) UNIQUE NOT NULL)"
            )
        };
        let (found, column) = blocked::<Plain>(kind, &table(constant), &table(counted)).await;
        assert_eq!((found, &*column), (BlockerKind::KeyNotGenerated, "id"));
    }
}
