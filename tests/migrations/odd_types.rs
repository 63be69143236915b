//! Columns of types that few tables have: every flow works on them, or one blocker names the fix.

use crudauth::email::RecordingSender;
use crudauth::testing::{App, cheap_hashing};
use crudauth::{AuthUser, Blocker, BlockerKind, EmailConfig, migrations};
use crudauth_tests::{Database, FRONTEND, Kind, SECRET, every_flow_works, on_every_pool, sign_up};

use serde_json::json;

use super::User;
use super::live::users;

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users", times = "seconds")]
#[allow(dead_code, reason = "read by the library only")]
struct Seconds {
    id: i64,
    email: String,
    username: String,
}

#[crudauth::routes(user = Seconds, session, email)]
struct SecondsAuth;

#[crudauth::routes(user = User, session, email)]
struct EmailAuth;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_flow_works_with_dates_in_unsigned_numbers() {
    let (database, _) = Database::create(Kind::MySql).await;
    let Database::MySql(pool) = database.clone() else { unreachable!() };
    let columns = "email VARCHAR(200) NOT NULL, username VARCHAR(40) NOT NULL, \
                   created_at INT UNSIGNED NOT NULL, updated_at INT UNSIGNED";
    users(&database, columns, &[]).await;
    let plan = migrations!(SecondsAuth).plan(&pool).await.unwrap();
    assert!(plan.blockers().is_empty(), "{plan}");
    migrations!(SecondsAuth).run(&pool).await.unwrap();
    let outbox = RecordingSender::default();
    let auth = SecondsAuth::builder(pool, SECRET)
        .email(EmailConfig::new(outbox.clone(), FRONTEND))
        .hashing(cheap_hashing())
        .build()
        .await
        .unwrap();
    every_flow_works(&auth, &outbox, None, sign_up("ada")).await;
    let late = "created_at BETWEEN UNIX_TIMESTAMP() - 600 AND UNIX_TIMESTAMP()";
    assert_eq!(database.count(&format!("users WHERE {late}")).await, 2, "in seconds since 1970");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_flow_works_with_a_collation_that_ignores_case_and_accents() {
    let (database, _) = Database::create(Kind::Postgres).await;
    let Database::Postgres(pool) = database.clone() else { unreachable!() };
    database
        .execute(
            "CREATE COLLATION coarse (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
        )
        .await;
    let columns = "email TEXT COLLATE coarse NOT NULL, username TEXT COLLATE coarse NOT NULL";
    users(&database, columns, &["(email, username) VALUES ('jose@example.com', 'jose')"]).await;
    let plan = migrations!(EmailAuth).plan(&pool).await.unwrap();
    assert!(plan.blockers().is_empty(), "{plan}");
    migrations!(EmailAuth).run(&pool).await.unwrap();
    let outbox = RecordingSender::default();
    let auth = EmailAuth::builder(pool, SECRET)
        .email(EmailConfig::new(outbox.clone(), FRONTEND))
        .hashing(cheap_hashing())
        .build()
        .await
        .unwrap();
    every_flow_works(&auth, &outbox, None, sign_up("ben")).await;
    let app = App::new(&auth, auth.routes());
    let answer = app.client().post("/register", &sign_up("jos\u{e9}")).await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (422, &json!("taken")),
        "as the column compares"
    );
    assert_eq!(database.count("users").await, 3);
}

on_every_pool! {
    async fn an_empty_table_of_another_type_is_reported_once(database, pool) {
        let another = match database.kind() {
            Kind::Postgres => "email INTEGER NOT NULL",
            Kind::Sqlite | Kind::MySql => "email BLOB NOT NULL",
        };
        users(&database, &format!("{another}, username VARCHAR(40) NOT NULL"), &[]).await;
        let plan = migrations!(User).plan(&pool).await.unwrap();
        let kinds: Vec<_> = plan.blockers().iter().map(|one| (&*one.column, &one.kind)).collect();
        assert!(matches!(&*kinds, [("email", BlockerKind::WrongType { .. })]), "{kinds:?}");
        database.execute("DROP TABLE users").await;
        users(&database, "email VARCHAR(200) NOT NULL, username VARCHAR(40) NOT NULL", &[]).await;
        assert_eq!(migrations!(User).plan(&pool).await.unwrap().blockers(), []);
    }
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
struct UuidTexts {
    #[auth(generate = uuid)]
    id: String,
    email: String,
}

on_every_pool! {
    async fn a_uuid_column_asks_for_keys_in_its_own_form(database, pool) {
        // SQLite stores the text of a key as it is.
        if database.kind() == Kind::Sqlite {
            return;
        }
        database.execute("CREATE TABLE users (id UUID PRIMARY KEY, email VARCHAR(99) NOT NULL UNIQUE)").await;
        let plan = migrations!(Texts).plan(&pool).await.unwrap();
        let [blocker] = plan.blockers() else { panic!("{plan}") };
        assert!(blocker.to_string().contains("`#[auth(generate = uuid)]`"), "{blocker}");
        assert_eq!(migrations!(UuidTexts).plan(&pool).await.unwrap().blockers(), []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_in_a_datetime_of_sqlite_ask_for_their_unit() {
    let (database, _) = Database::create(Kind::Sqlite).await;
    let Database::Sqlite(pool) = database.clone() else { unreachable!() };
    // As Prisma before version 7 creates and fills it.
    let columns = "email TEXT NOT NULL, username TEXT NOT NULL, \
                   created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL, updated_at DATETIME NOT NULL";
    let row = "(email, username, created_at, updated_at) \
               VALUES ('ada@example.com', 'ada', 1700000000, 1700000000)";
    users(&database, columns, &[row]).await;
    let plan = migrations!(User).plan(&pool).await.unwrap();
    let is_asked =
        |one: &Blocker| matches!(one.kind, BlockerKind::TimeUnit { is_number: true, .. });
    assert!(plan.blockers().len() == 2 && plan.blockers().iter().all(is_asked), "{plan}");
    migrations!(SecondsAuth).run(&pool).await.unwrap();
    let outbox = RecordingSender::default();
    let email = EmailConfig::new(outbox.clone(), FRONTEND);
    let auth = SecondsAuth::builder(pool, SECRET).email(email).build().await.unwrap();
    every_flow_works(&auth, &outbox, None, sign_up("bob")).await;
    let numbers = "users WHERE TYPEOF(created_at) = 'integer' AND TYPEOF(updated_at) = 'integer'";
    assert_eq!(database.count(numbers).await, 3);
}
