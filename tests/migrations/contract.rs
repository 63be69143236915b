//! What a plan promises: a table without blockers works, and the fix of a blocker removes it.

use crudauth::email::RecordingSender;
use crudauth::{AuthUser, BlockerKind, EmailConfig, SignUp, migrations};
use crudauth_tests::{Database, FRONTEND, Kind, SECRET, every_flow_works, on_every_pool, sign_up};
use serde_json::json;
use sqlx::Executor;
use sqlx::postgres::PgPoolOptions;

use super::live::{register, users};
use super::real_tables::ARGON;
use super::{Auth, User};

/// The blockers of a plan, by column.
macro_rules! blocked {
    ($user:ty, $pool:expr) => {{
        let plan = migrations!($user).plan(&$pool).await.unwrap();
        let blockers = plan.blockers().iter().map(|one| (one.column.clone(), one.kind.clone()));
        blockers.collect::<Vec<_>>()
    }};
}

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
#[allow(dead_code, reason = "read by the library only")]
struct Exact {
    id: i64,
    #[auth(exact)]
    username: String,
}

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
#[allow(dead_code, reason = "read by the library only")]
struct Texts {
    id: String,
    email: String,
}

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
#[allow(dead_code, reason = "read by the library only")]
struct Addressed {
    id: i64,
    email: String,
}

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
#[allow(dead_code, reason = "read by the library only")]
struct Uuids {
    id: uuid::Uuid,
    email: String,
}

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users", times = "seconds")]
#[allow(dead_code, reason = "read by the library only")]
struct Seconds {
    id: i64,
    email: String,
    username: String,
}

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users", schema = "auth")]
#[allow(dead_code, reason = "read by the library only")]
struct InSchema {
    id: i64,
    email: String,
    username: String,
}

#[crudauth::routes(user = User, session, email)]
pub(crate) struct EmailAuth;

#[crudauth::routes(user = InSchema, session, email)]
struct SchemaAuth;

const PLAIN: &str = "email VARCHAR(200) NOT NULL, username VARCHAR(40) NOT NULL";

on_every_pool! {
    async fn times_as_numbers_ask_for_their_unit(database, pool) {
        users(&database, &format!("{PLAIN}, created_at BIGINT NOT NULL, updated_at BIGINT"), &[]).await;
        let blocked = blocked!(User, pool);
        let [(created, one), (updated, other)] = &*blocked else { panic!("{blocked:?}") };
        assert_eq!((&**created, &**updated), ("created_at", "updated_at"));
        for kind in [one, other] {
            assert!(matches!(kind, BlockerKind::TimeUnit { is_number: true, .. }), "{kind:?}");
            assert!(kind.to_string().contains("#[auth(times = \"seconds\")]"), "{kind}");
        }
        assert_eq!(blocked!(Seconds, pool), [], "the fix removes the blocker");
    }

    async fn a_unit_without_numbers_is_reported(database, pool) {
        let time = if database.kind() == Kind::Postgres { "TIMESTAMP" } else { "DATETIME" };
        // SQLite keeps numbers in a DATETIME, too: there the first row tells.
        let row = "(email, username, created_at) VALUES ('ada@example.com', 'ada', '2026-01-02 03:04:05')";
        users(&database, &format!("{PLAIN}, created_at {time}, updated_at BIGINT"), &[row]).await;
        let blocked = blocked!(Seconds, pool);
        let [(column, BlockerKind::TimeUnit { is_number: false, .. })] = &*blocked else { panic!("{blocked:?}") };
        assert_eq!(column, "created_at");
    }

    async fn a_view_is_no_table(database, pool) {
        database.execute("CREATE TABLE people (id BIGINT PRIMARY KEY, email VARCHAR(99), username VARCHAR(99))").await;
        database.execute("CREATE VIEW users AS SELECT * FROM people").await;
        let blocked = blocked!(User, pool);
        assert!(matches!(&*blocked, [(_, BlockerKind::NotATable { .. })]), "{blocked:?}");
    }

    async fn exact_names_need_a_column_that_distinguishes_them(database, pool) {
        let (column, fix) = match database.kind() {
            Kind::Sqlite => ("username TEXT NOT NULL COLLATE NOCASE UNIQUE", None),
            Kind::Postgres => {
                database.execute("CREATE EXTENSION citext").await;
                ("username CITEXT NOT NULL UNIQUE", Some("ALTER TABLE users ALTER username TYPE TEXT"))
            }
            Kind::MySql => (
                "username VARCHAR(40) COLLATE utf8mb4_general_ci NOT NULL UNIQUE",
                Some("ALTER TABLE users MODIFY username VARCHAR(40) COLLATE utf8mb4_bin NOT NULL"),
            ),
        };
        users(&database, column, &[]).await;
        let blocked = blocked!(Exact, pool);
        assert!(matches!(&*blocked, [(_, BlockerKind::ComparesWithoutCase { .. })]), "{blocked:?}");
        if let Some(fix) = fix {
            database.execute(fix).await;
            assert_eq!(blocked!(Exact, pool), []);
        }
    }

    async fn other_programs_go_on_inserting_rows(database, pool) {
        users(&database, &format!("{PLAIN}, hashed_password VARCHAR(255)"), &[
            "(email, username) VALUES ('ada@example.com', 'Ada')",
        ]).await;
        migrations!(Auth).run(&pool).await.unwrap();
        let insert = |name: &str| format!(
            "INSERT INTO users (email, username, hashed_password) VALUES ('{name}@example.com', '{name}', '{ARGON}')"
        );
        for name in ["Bob", "cyd", "DAN"] {
            database.execute(&insert(name).replace("Bob@", "bob@").replace("DAN@", "dan@")).await;
        }
        assert!(migrations!(Auth).inspect(&pool).await.unwrap().plan().is_empty(), "the app starts");
        let auth = Auth::builder(pool.clone(), SECRET).build().await.unwrap();
        let accounts = auth.accounts();
        for typed in ["Bob", "cyd", "CYD"] {
            assert!(accounts.find_by_identifier(typed).await.unwrap().is_some(), "{typed}");
        }
        assert_eq!(database.count("users WHERE username_key IN ('bob', 'cyd')").await, 2, "filled when found");
        assert!(accounts.find_by_identifier("bob").await.unwrap().is_some(), "by the compared form");
        let taken = SignUp::from_json(&json!({ "email": "x@example.com", "username": "DAN", "password": "a-strong-one" }));
        assert!(accounts.register(taken.unwrap()).await.is_err(), "found by the stored form");
        auth.purge().await.unwrap();
        assert_eq!(database.count("users WHERE username_key IS NULL").await, 0, "a purge fills the others");
        assert!(accounts.find_by_identifier("dan").await.unwrap().is_some());
        register(accounts, "eve").await;
    }

    async fn a_taken_name_that_another_program_inserts_does_not_stop_a_start(database, pool) {
        users(&database, &format!("{PLAIN}, hashed_password VARCHAR(255)"), &[
            "(email, username) VALUES ('ada@example.com', 'Ada')",
        ]).await;
        migrations!(Auth).run(&pool).await.unwrap();
        database.execute("INSERT INTO users (email, username) VALUES ('x@example.com', 'ADA')").await;
        database.execute("INSERT INTO users (email, username) VALUES ('bob@example.com', 'Bob')").await;
        let plan = migrations!(Auth).plan(&pool).await.unwrap();
        assert!(plan.is_empty() && plan.updated_rows() == 0, "{plan}");
        assert!(plan.remarks()[0].contains("`users.username`") && plan.remarks()[0].contains("\"ada\""), "{plan}");
        assert_eq!(migrations!(Auth).run(&pool).await.unwrap(), 0);
        let auth = Auth::builder(pool.clone(), SECRET).build().await.unwrap();
        for typed in ["ada", "ADA"] {
            let found = auth.accounts().find_by_identifier(typed).await.unwrap().unwrap();
            assert_eq!(found.user.email, "ada@example.com", "the first account has the name");
        }
        let second = auth.accounts().find_by_identifier("x@example.com").await.unwrap().unwrap();
        assert_eq!(second.user.username, "ADA");
        auth.purge().await.unwrap();
        assert_eq!(database.count("users WHERE username_key = 'bob'").await, 1, "a purge fills the others");
        let rename = "UPDATE users SET username = 'ada2' WHERE username = 'ADA' AND email = 'x@example.com'";
        database.execute(rename).await;
        assert!(migrations!(Auth).run(&pool).await.unwrap() > 0);
        assert!(auth.accounts().find_by_identifier("Ada2").await.unwrap().is_some());
        let again = migrations!(Auth).plan(&pool).await.unwrap();
        assert!(again.is_empty() && again.remarks().is_empty(), "{again}");
    }

    async fn updated_rows_are_counted_for_triggers(database, pool) {
        users(&database, PLAIN, &[
            "(email, username) VALUES ('ada@example.com', 'ada')",
            "(email, username) VALUES ('bob@example.com', 'bob')",
        ]).await;
        let plan = migrations!(User).plan(&pool).await.unwrap();
        assert_eq!(plan.updated_rows(), 2);
        assert!(plan.to_string().contains("-- updates 2 row(s)"), "{plan}");
        migrations!(User).run(&pool).await.unwrap();
        assert_eq!(migrations!(User).plan(&pool).await.unwrap().updated_rows(), 0);
    }
}

#[tokio::test]
async fn a_sequence_behind_the_rows_is_reported_with_its_fix() {
    let identity = "GENERATED BY DEFAULT AS IDENTITY";
    // One that belongs to no column counts as well.
    for key in [identity, "DEFAULT nextval('\"The sequence\"')"] {
        let (database, _) = Database::create(Kind::Postgres).await;
        let Database::Postgres(pool) = database.clone() else { unreachable!() };
        database.execute("CREATE SEQUENCE \"The sequence\"").await;
        database
            .execute(&format!("CREATE TABLE users (id BIGINT PRIMARY KEY {key}, {PLAIN})"))
            .await;
        database.execute("INSERT INTO users VALUES (7, 'ada@example.com', 'ada')").await;
        let blocked = blocked!(User, pool);
        let [(_, BlockerKind::SequenceBehind { update })] = &*blocked else {
            panic!("{blocked:?}")
        };
        database.execute(update).await;
        assert_eq!(blocked!(User, pool), []);
        migrations!(User).run(&pool).await.unwrap();
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        assert_eq!(register(auth.accounts(), "bob").await.user.id, 8);
    }
}

#[tokio::test]
async fn a_key_that_is_longer_than_its_column_is_reported() {
    for kind in [Kind::Postgres, Kind::MySql] {
        let (database, _) = Database::create(kind).await;
        let table = "CREATE TABLE users (id VARCHAR(21) PRIMARY KEY, email VARCHAR(99) UNIQUE)";
        database.execute(table).await;
        let blocked = match database {
            Database::Postgres(pool) => blocked!(Texts, pool),
            Database::MySql(pool) => blocked!(Texts, pool),
            Database::Sqlite(_) => unreachable!(),
        };
        let is_told =
            matches!(&*blocked, [(_, BlockerKind::TooShort { max_chars: 21, needed: 32 })]);
        assert!(is_told, "{blocked:?}");
    }
}

#[tokio::test]
async fn uuids_in_texts_or_numbers_are_reported_on_sqlite_even_without_rows() {
    let (database, _) = Database::create(Kind::Sqlite).await;
    let Database::Sqlite(pool) = database.clone() else { unreachable!() };
    for (key, options) in [("TEXT", ""), ("INTEGER", ""), ("INTEGER", "WITHOUT ROWID")] {
        let columns = format!("id {key} PRIMARY KEY, email TEXT UNIQUE NOT NULL");
        database.execute(&format!("CREATE TABLE users ({columns}) {options}")).await;
        let blocked = blocked!(Uuids, pool);
        let is_told = matches!(&*blocked, [(_, BlockerKind::WrongType { .. })]);
        assert!(is_told, "{key} {options}: {blocked:?}");
        database.execute("DROP TABLE users").await;
    }
}

#[tokio::test]
async fn names_that_mysql_pads_to_one_are_reported() {
    let (database, _) = Database::create(Kind::MySql).await;
    let Database::MySql(pool) = database.clone() else { unreachable!() };
    let columns = "email VARCHAR(200) NOT NULL, username VARCHAR(40) NOT NULL";
    let row = |name, number| format!("(email, username) VALUES ('{number}@example.com', '{name}')");
    users(&database, columns, &[&row("dan", 1), &row("dan ", 2), &row("cyd", 3)]).await;
    let blocked = blocked!(EmailAuth, pool);
    let [(column, BlockerKind::Duplicates { count: 1, .. })] = &*blocked else {
        panic!("{blocked:?}")
    };
    assert_eq!(column, "username");
    database.execute("UPDATE users SET username = 'daniel' WHERE email = '2@example.com'").await;
    migrations!(EmailAuth).run(&pool).await.unwrap();
}

#[tokio::test]
async fn the_search_path_decides_for_the_catalog_and_for_queries() {
    let (database, url) = Database::create(Kind::Postgres).await;
    users(&database, PLAIN, &[]).await;
    // A schema of the role's name comes first in the default search path, and has no such table.
    database.execute("CREATE SCHEMA AUTHORIZATION CURRENT_USER").await;
    let Database::Postgres(pool) = Database::connect(&url).await else { unreachable!() };
    migrations!(Auth).run(&pool).await.unwrap();
    assert_eq!(database.count("pg_tables WHERE tablename = 'users'").await, 1, "no second table");
    let beside = "pg_tables WHERE tablename = 'users_sessions' AND schemaname = 'public'";
    assert_eq!(database.count(beside).await, 1, "the library's tables are beside the user's");
    assert!(migrations!(Auth).plan(&pool).await.unwrap().is_empty());
    let auth = Auth::builder(pool, SECRET).build().await.unwrap();
    register(auth.accounts(), "ada").await;
    assert_eq!(database.count("public.users").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_search_path_decides_for_every_connection() {
    let (database, url) = Database::create(Kind::Postgres).await;
    let pool = PgPoolOptions::new().max_connections(2).connect(&url).await.unwrap();
    migrations!(EmailAuth).run(&pool).await.unwrap();
    let outbox = RecordingSender::default();
    let email = EmailConfig::new(outbox.clone(), FRONTEND);
    let auth = EmailAuth::builder(pool.clone(), SECRET).email(email).build().await.unwrap();
    every_flow_works(&auth, &outbox, None, sign_up("ada")).await;
    // From now on another table of that name comes first, on every connection.
    database.execute("CREATE SCHEMA shadow").await;
    for table in ["users", "users_sessions", "users_one_time_tokens"] {
        database.execute(&format!("CREATE TABLE shadow.{table} (id INT)")).await;
    }
    let mut connections = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
    for connection in &mut connections {
        connection.execute("SET search_path = shadow").await.unwrap();
    }
    drop(connections);
    every_flow_works(&auth, &outbox, None, sign_up("bob")).await;
    assert_eq!(
        (database.count("public.users").await, database.count("shadow.users").await),
        (4, 0)
    );
}

#[tokio::test]
async fn a_run_fires_triggers_for_the_announced_rows_only() {
    let (database, _) = Database::create(Kind::Postgres).await;
    let Database::Postgres(pool) = database.clone() else { unreachable!() };
    let rows = ["(email, username) VALUES ('ada@example.com', 'ada')"];
    users(&database, "email VARCHAR(200) NOT NULL, username VARCHAR(40)", &rows).await;
    database.execute("CREATE TABLE audit (id BIGINT)").await;
    let function = "CREATE FUNCTION audited() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN \
                    INSERT INTO audit VALUES (NEW.id); RETURN NEW; END $$";
    database.execute(function).await;
    let trigger = "CREATE TRIGGER audited AFTER UPDATE ON users \
                   FOR EACH ROW EXECUTE FUNCTION audited()";
    database.execute(trigger).await;
    // Each column of the library has a default, so no row is updated.
    assert_eq!(migrations!(Addressed).plan(&pool).await.unwrap().updated_rows(), 0);
    migrations!(Addressed).run(&pool).await.unwrap();
    assert_eq!(database.count("audit").await, 0);
    // The compared form of a name is filled.
    assert_eq!(migrations!(User).plan(&pool).await.unwrap().updated_rows(), 1);
    migrations!(User).run(&pool).await.unwrap();
    assert_eq!(database.count("audit").await, 1);
}

#[tokio::test]
async fn a_partitioned_table_is_no_table() {
    let (database, _) = Database::create(Kind::Postgres).await;
    let Database::Postgres(pool) = database.clone() else { unreachable!() };
    let columns = "id BIGINT GENERATED BY DEFAULT AS IDENTITY, email TEXT, username TEXT";
    database.execute(&format!("CREATE TABLE users ({columns}) PARTITION BY HASH (id)")).await;
    let blocked = blocked!(User, pool);
    let [(_, kind @ BlockerKind::NotATable { .. })] = &*blocked else { panic!("{blocked:?}") };
    assert!(kind.to_string().contains("partitioned table"), "{kind}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_is_named_in_every_statement() {
    let (database, _) = Database::create(Kind::Postgres).await;
    let Database::Postgres(pool) = database.clone() else { unreachable!() };
    database.execute("CREATE SCHEMA auth").await;
    // A table of that name elsewhere is not touched.
    database.execute("CREATE TABLE users (id INT)").await;
    migrations!(SchemaAuth).run(&pool).await.unwrap();
    assert!(migrations!(SchemaAuth).plan(&pool).await.unwrap().is_empty());
    let outbox = RecordingSender::default();
    let email = EmailConfig::new(outbox.clone(), FRONTEND);
    let auth = SchemaAuth::builder(pool, SECRET).email(email).build().await.unwrap();
    every_flow_works(&auth, &outbox, None, sign_up("ada")).await;
    assert_eq!(database.count("auth.users").await, 2);
    assert_eq!(database.count("pg_tables WHERE schemaname = 'public'").await, 1);
}
