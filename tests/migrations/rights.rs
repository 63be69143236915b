//! Roles that lack rights on the tables, or see a part of the rows.

use crudauth::{AuthUser, BlockerKind, migrations};
use crudauth_tests::{Database, Kind, SECRET};
use sqlx::mysql::{MySqlConnectOptions, MySqlPool};
use sqlx::postgres::{PgPool, PgPoolOptions};

use super::Auth;
use super::contract::EmailAuth;
use super::live::{users, works};

const PLAIN: &str = "email VARCHAR(200) NOT NULL, username VARCHAR(40) NOT NULL";

/// A database with a pool of a role that owns nothing. The role has the name of the database.
async fn role() -> (Database, PgPool, String) {
    let (database, url) = Database::create(Kind::Postgres).await;
    let role = database.text("SELECT current_database()::text").await;
    database.execute(&format!("CREATE ROLE {role}")).await;
    (database, pool(&url, &role).await, role)
}

async fn pool(url: &str, role: &str) -> PgPool {
    let set = format!("SET ROLE {role}");
    let options = PgPoolOptions::new().max_connections(2).after_connect(move |connection, _| {
        let set = sqlx::AssertSqlSafe(set.clone());
        Box::pin(async move { sqlx::raw_sql(set).execute(connection).await.map(drop) })
    });
    options.connect(url).await.unwrap()
}

/// The statements of the blockers, all of rights or hidden rows. Several tables may lack one right.
async fn statements(pool: &PgPool) -> Vec<String> {
    let plan = migrations!(EmailAuth).plan(pool).await.unwrap();
    let statement = |kind: &BlockerKind| match kind {
        BlockerKind::MissingRight { statement, .. } | BlockerKind::HiddenRows { statement } => {
            statement.clone()
        }
        other => panic!("{other}"),
    };
    let mut statements: Vec<_> = plan.blockers().iter().map(|one| statement(&one.kind)).collect();
    statements.dedup();
    statements
}

/// Executes the statements of the blockers.
async fn mend(database: &Database, pool: &PgPool) -> Vec<String> {
    let statements = statements(pool).await;
    for statement in &statements {
        database.execute(statement).await;
    }
    statements
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_right_is_reported_with_its_grant() {
    let (database, pool, role) = role().await;
    database.execute(&format!("CREATE TABLE users (id BIGSERIAL PRIMARY KEY, {PLAIN})")).await;
    assert_eq!(
        mend(&database, &pool).await,
        [
            format!("GRANT SELECT, INSERT, UPDATE, DELETE ON users TO {role}"),
            format!("GRANT USAGE, SELECT ON SEQUENCE users_id_seq TO {role}"),
            format!("GRANT USAGE, CREATE ON SCHEMA public TO {role}"),
        ]
    );
    assert_eq!(
        mend(&database, &pool).await,
        [format!("ALTER TABLE users OWNER TO {role}")],
        "the columns that the first plan could not compare"
    );
    works(&pool, "ada").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_names_the_grants_that_a_migration_by_the_owner_left_out() {
    let (database, pool, role) = role().await;
    let Database::Postgres(owner) = database.clone() else { unreachable!() };
    users(&database, PLAIN, &[]).await;
    migrations!(EmailAuth).run(&owner).await.unwrap();
    database.execute(&format!("GRANT SELECT, INSERT, UPDATE ON users TO {role}")).await;
    let error = Auth::builder(pool.clone(), SECRET).build().await.err().unwrap().to_string();
    let grant = |table| format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {role}");
    assert!(error.contains(&grant("users_sessions")), "{error}");
    assert!(!error.contains(&grant("users")), "no flow deletes from it: {error}");
    mend(&database, &pool).await;
    works(&pool, "ada").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_hides_rows_is_reported() {
    let (database, pool, role) = role().await;
    let Database::Postgres(owner) = database.clone() else { unreachable!() };
    migrations!(EmailAuth).run(&owner).await.unwrap();
    let grant = format!("GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}");
    database.execute(&grant).await;
    assert_eq!(statements(&pool).await, [""; 0]);
    database.execute("ALTER TABLE users ENABLE ROW LEVEL SECURITY").await;
    database.execute("CREATE POLICY newer ON users USING (id > 5)").await;
    assert!(!migrations!(EmailAuth).inspect(&pool).await.unwrap().plan().is_empty());
    assert_eq!(
        mend(&database, &pool).await,
        [format!("CREATE POLICY crudauth ON users TO {role} USING (true)")]
    );
    works(&pool, "ada").await;
    // No other policy shows rows that a restrictive one hides.
    database.execute("CREATE POLICY older ON users AS RESTRICTIVE USING (id > 5)").await;
    assert_eq!(mend(&database, &pool).await, [format!("ALTER ROLE {role} BYPASSRLS")]);
    works(&pool, "bob").await;
}

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users", schema = "auth")]
#[allow(dead_code, reason = "read by the library only")]
struct InSchema {
    id: i64,
    email: String,
    username: String,
}

#[tokio::test]
async fn a_schema_that_is_closed_to_the_role_is_reported() {
    let (database, pool, role) = role().await;
    database.execute("CREATE SCHEMA auth").await;
    let plan = migrations!(InSchema).plan(&pool).await.unwrap();
    let BlockerKind::MissingRight { statement, .. } = &plan.blockers()[0].kind else {
        panic!("{plan}")
    };
    assert_eq!(*statement, format!("GRANT USAGE ON SCHEMA auth TO {role}"));
    database.execute(&format!("GRANT USAGE, CREATE ON SCHEMA auth TO {role}")).await;
    migrations!(InSchema).run(&pool).await.unwrap();
}

#[tokio::test]
async fn a_right_that_mysql_lacks_is_reported_with_its_grant() {
    let (database, url) = Database::create(Kind::MySql).await;
    users(&database, PLAIN, &[]).await;
    let Database::MySql(owner) = database.clone() else { unreachable!() };
    migrations!(EmailAuth).run(&owner).await.unwrap();
    let name = database.text("SELECT DATABASE()").await;
    let user = format!("u{name}");
    database.execute(&format!("CREATE USER '{user}'@'%' IDENTIFIED BY 'a-password'")).await;
    database.execute(&format!("GRANT SELECT ON {name}.* TO '{user}'@'%'")).await;
    let options: MySqlConnectOptions = url.parse().unwrap();
    let pool =
        MySqlPool::connect_with(options.username(&user).password("a-password")).await.unwrap();
    let plan = migrations!(EmailAuth).plan(&pool).await.unwrap();
    assert!(!plan.blockers().is_empty());
    for blocker in plan.blockers() {
        let BlockerKind::MissingRight { statement, is_to_migrate: false } = &blocker.kind else {
            panic!("{blocker}")
        };
        database.execute(statement).await;
    }
    let plan = migrations!(EmailAuth).plan(&pool).await.unwrap();
    assert!(plan.is_empty() && plan.blockers().is_empty(), "{plan}");
    database.execute(&format!("DROP USER '{user}'@'%'")).await;
}
