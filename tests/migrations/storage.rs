//! Tables of MySQL and MariaDB in other engines, row formats and databases than the usual ones.

use crudauth::email::RecordingSender;
use crudauth::{AuthUser, BlockerKind, EmailConfig, migrations};
use crudauth_tests::{Database, FRONTEND, Kind, SECRET, every_flow_works, sign_up};
use sqlx::mysql::{MySqlPool, MySqlPoolOptions};

use super::Auth;
use super::contract::EmailAuth;
use super::live::works;

/// A database with a table of the app, and a pool whose connections begin with a statement.
async fn stored(table: &str, first: &'static str) -> (Database, MySqlPool) {
    let (database, url) = Database::create(Kind::MySql).await;
    database
        .execute(&format!("CREATE TABLE users (id BIGINT AUTO_INCREMENT PRIMARY KEY, {table}"))
        .await;
    let options = MySqlPoolOptions::new().max_connections(4).after_connect(move |connection, _| {
        Box::pin(async move { sqlx::raw_sql(first).execute(connection).await.map(drop) })
    });
    (database, options.connect(&url).await.unwrap())
}

async fn blockers(pool: &MySqlPool) -> Vec<(String, BlockerKind)> {
    let plan = migrations!(EmailAuth).plan(pool).await.unwrap();
    plan.blockers().iter().map(|one| (one.table.clone(), one.kind.clone())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_without_transactions_is_reported_with_its_fix() {
    for engine in ["MyISAM", "Aria"] {
        let table = format!(
            "email VARCHAR(200) NOT NULL, username VARCHAR(40) NOT NULL) ENGINE = {engine}"
        );
        let first = "SET default_storage_engine = MyISAM";
        let (database, pool) = stored(&table, first).await;
        let found = blockers(&pool).await;
        let [(_, BlockerKind::NoTransactions { alter, .. })] = &*found else { panic!("{found:?}") };
        database.execute(alter).await;
        works(&pool, "ada").await;
        let engines = "SELECT COUNT(*) FROM information_schema.tables \
                       WHERE table_schema = DATABASE() AND engine <> 'InnoDB'";
        assert_eq!(database.number(engines).await, 0, "whatever the default of the server is");

        database.execute(&format!("ALTER TABLE users_sessions ENGINE = {engine}")).await;
        let error = Auth::builder(pool.clone(), SECRET).build().await.err().unwrap().to_string();
        assert!(error.contains("`ALTER TABLE `users_sessions` ENGINE = InnoDB`"), "{error}");
        let found = blockers(&pool).await;
        let [(table, BlockerKind::NoTransactions { alter, .. })] = &*found else {
            panic!("{found:?}")
        };
        assert_eq!(table, "users_sessions");
        database.execute(alter).await;
        works(&pool, "bob").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_of_any_length_is_no_obstacle_to_its_index() {
    let indexes = "information_schema.statistics WHERE table_schema = DATABASE() \
                   AND table_name = 'users' AND column_name = 'username_key'";
    // With the compared form, of 1,020 bytes, only the shorter name fits into an index of 3,072.
    for (length, count) in [(513, 2), (514, 1)] {
        let table = format!("email VARCHAR(200) NOT NULL, username VARCHAR({length}) NOT NULL)");
        let (database, pool) = stored(&table, "DO 0").await;
        works(&pool, "ada").await;
        assert_eq!(database.count(indexes).await, count, "{length}");
    }
    let latin1 =
        "email VARCHAR(1000) CHARACTER SET latin1 NOT NULL, username VARCHAR(40) NOT NULL)";
    works(&stored(latin1, "DO 0").await.1, "ada").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_row_format_is_reported_with_its_fix() {
    for format in ["COMPACT", "REDUNDANT"] {
        let table = format!(
            "email VARCHAR(191) NOT NULL, username VARCHAR(40) NOT NULL) ROW_FORMAT = {format}"
        );
        let (database, pool) = stored(&table, "DO 0").await;
        let found = blockers(&pool).await;
        let [(_, BlockerKind::OldRowFormat { alter })] = &*found else { panic!("{found:?}") };
        database.execute(alter).await;
        works(&pool, "ada").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_row_format_is_reported_together_with_a_type_that_may_become_long() {
    let table = "email VARBINARY(255) NOT NULL UNIQUE, username VARCHAR(40) NOT NULL) \
                 ROW_FORMAT = COMPACT";
    let (database, pool) = stored(table, "DO 0").await;
    let found = blockers(&pool).await;
    let is_type = |(_, kind): &_| matches!(kind, BlockerKind::WrongType { .. });
    assert!(found.iter().any(is_type), "{found:?}");
    let format = found.iter().find_map(|(_, kind)| match kind {
        BlockerKind::OldRowFormat { alter } => Some(alter),
        _ => None,
    });
    database.execute(format.unwrap()).await;
    database.execute("ALTER TABLE users MODIFY email VARCHAR(255) NOT NULL").await;
    works(&pool, "ada").await;
}

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users", schema = "crudauth_elsewhere")]
#[allow(dead_code, reason = "read by the library only")]
struct Elsewhere {
    id: i64,
    email: String,
    username: String,
}

#[crudauth::routes(user = Elsewhere, session, email)]
struct ElsewhereAuth;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_is_another_database() {
    // A table of that name in the database of the pool is not touched.
    let (database, pool) = stored("email INT)", "DO 0").await;
    // The struct names one database, and another run of the tests may use the same server.
    let mut lock = pool.acquire().await.unwrap();
    sqlx::raw_sql("DO GET_LOCK('crudauth_elsewhere', 60)").execute(&mut *lock).await.unwrap();
    database.execute("DROP DATABASE IF EXISTS crudauth_elsewhere").await;
    database.execute("CREATE DATABASE crudauth_elsewhere").await;
    migrations!(ElsewhereAuth).run(&pool).await.unwrap();
    assert!(migrations!(ElsewhereAuth).plan(&pool).await.unwrap().is_empty());
    let outbox = RecordingSender::default();
    let email = EmailConfig::new(outbox.clone(), FRONTEND);
    let auth = ElsewhereAuth::builder(pool, SECRET).email(email).build().await.unwrap();
    every_flow_works(&auth, &outbox, None, sign_up("ada")).await;
    assert_eq!(database.count("crudauth_elsewhere.users").await, 2);
    let here = "information_schema.tables WHERE table_schema = DATABASE()";
    assert_eq!(database.count(here).await, 1);
    database.execute("DROP DATABASE crudauth_elsewhere").await;
}
