//! What is in the way is named, and the table stays as it is.

use crudauth::{AuthUser, Blocker, MigrateError, Migrations, migrations};
use crudauth_tests::{Database, Kind, SECRET, on_every_pool};

use super::live::{everything, join, users};
use super::{Auth, User};

const PLAIN: &str = "email VARCHAR(200) NOT NULL, username VARCHAR(40) NOT NULL";

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
#[allow(dead_code, reason = "read by the library only")]
struct Exact {
    id: i64,
    email: String,
    #[auth(exact)]
    username: String,
}

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
#[allow(dead_code, reason = "read by the library only")]
struct Badged {
    id: i64,
    email: String,
    #[auth(unique, register)]
    badge: Option<String>,
    #[auth(default = 0)]
    level: i64,
}

/// Tries, and tells what was in the way; whatever it was, nothing was changed.
macro_rules! refused {
    ($user:ty, $database:ident, $pool:ident, $columns:expr) => {{
        let before = everything(&$database, $columns).await;
        let error = Migrations::<$user>::new().run(&$pool).await.unwrap_err();
        assert_eq!(everything(&$database, $columns).await, before, "nothing was changed");
        let MigrateError::Blocked(blocked) = error else { panic!("{error}") };
        let plan = Migrations::<$user>::new().plan(&$pool).await.unwrap();
        assert_eq!(plan.blockers(), blocked, "a plan says the same");
        blocked
    }};
}

on_every_pool! {
    async fn names_that_fold_to_the_same_are_told_with_a_way_out(database, pool) {
        users(&database, PLAIN, &[
            "(email, username) VALUES ('a@b.example', 'Ada')",
            "(email, username) VALUES ('b@b.example', 'ADA')",
            "(email, username) VALUES ('c@b.example', 'bob')",
            "(email, username) VALUES ('d@b.example', 'Zo\u{eb}')",
            "(email, username) VALUES ('e@b.example', 'ZO\u{cb}')",
        ]).await;
        let blocked = refused!(User, database, pool, &["id", "email", "username"]);
        let [Blocker::Duplicates { column, count, samples: first, .. }] = &*blocked else { panic!("{blocked:?}") };
        assert_eq!((&**column, *count), ("username", 2));
        assert_eq!(*first, ["ada", "zo\u{eb}"]);
        // MySQL's column compares without case, so there it would not help.
        let has_case = database.kind() != Kind::MySql;
        assert_eq!(blocked[0].to_string().contains("#[auth(exact)]"), has_case, "{}", blocked[0]);
        assert_eq!(migrations!(Exact).run(&pool).await.is_ok(), has_case);
    }

    async fn one_address_of_two_rows_is_told(database, pool) {
        users(&database, PLAIN, &[
            "(email, username) VALUES ('a@b.example', 'ada')",
            "(email, username) VALUES ('a@b.example', 'bob')",
        ]).await;
        let blocked = refused!(User, database, pool, &["id", "email", "username"]);
        let [Blocker::Duplicates { column, count: 1, samples: first, .. }] = &*blocked else { panic!("{blocked:?}") };
        assert_eq!((&**column, &*first[0]), ("email", "a@b.example"));
        assert!(!blocked[0].to_string().contains("exact"), "{}", blocked[0]);
    }

    async fn addresses_in_capitals_are_told_with_the_statement_that_mends_them(database, pool) {
        users(&database, PLAIN, &[
            "(email, username) VALUES ('Ada@Example.com', 'ada')",
            "(email, username) VALUES ('bob@example.com', 'bob')",
        ]).await;
        let blocked = refused!(User, database, pool, &["id", "email", "username"]);
        let [Blocker::NotNormalized { column, count: 1, samples: first, update, .. }] = &*blocked else { panic!("{blocked:?}") };
        assert_eq!((&**column, &*first[0]), ("email", "Ada@Example.com"));
        assert!(blocked[0].to_string().contains("#[auth(key = \"email_key\")]"), "{}", blocked[0]);
        database.execute(update.as_deref().unwrap()).await;
        migrations!(User).run(&pool).await.unwrap();
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        assert!(auth.accounts().find_by_identifier("ADA@example.com").await.unwrap().is_some());
        join(auth.accounts(), "cyd").await;
    }

    async fn an_address_that_two_rows_have_in_two_spellings_is_told_twice(database, pool) {
        users(&database, PLAIN, &[
            "(email, username) VALUES ('Ada@Example.com', 'ada')",
            "(email, username) VALUES ('ada@example.com', 'bob')",
        ]).await;
        let blocked = refused!(User, database, pool, &["id", "email", "username"]);
        assert!(blocked.iter().any(|one| matches!(one, Blocker::Duplicates { .. })), "{blocked:?}");
        let update = |one: &Blocker| matches!(one, Blocker::NotNormalized { update: None, .. });
        assert!(blocked.iter().any(update), "{blocked:?}");
    }

    async fn nulls_where_a_value_is_read_are_counted(database, pool) {
        let columns = "email VARCHAR(200), username VARCHAR(40) NOT NULL, is_active BOOLEAN";
        users(&database, columns, &[
            "(email, username, is_active) VALUES ('a@b.example', 'ada', TRUE)",
            "(email, username) VALUES ('b@b.example', 'bob')",
            "(username, is_active) VALUES ('cyd', TRUE)",
            "(username, is_active) VALUES ('dan', TRUE)",
        ]).await;
        let mut blocked = refused!(User, database, pool, &["id", "email", "username"]);
        blocked.sort_by_key(ToString::to_string);
        let [Blocker::Nulls { count: 2, column: email, .. }, Blocker::Nulls { count: 1, column: active, .. }] =
            &*blocked else { panic!("{blocked:?}") };
        assert_eq!((&**active, &**email), ("is_active", "email"));
        database.execute("UPDATE users SET is_active = TRUE, email = COALESCE(email, username)").await;
        migrations!(User).run(&pool).await.unwrap();
    }

    async fn a_form_of_other_softwares_making_is_not_taken_for_ours(database, pool) {
        users(&database, &format!("{PLAIN}, username_key VARCHAR(255)"), &[
            "(email, username, username_key) VALUES ('a@b.example', 'Ada', 'ADA')",
            "(email, username, username_key) VALUES ('b@b.example', 'bob', 'bob')",
        ]).await;
        let blocked = refused!(User, database, pool, &["id", "email", "username", "username_key"]);
        let [Blocker::NotNormalized { column, count: 1, samples: first, update, .. }] = &*blocked else { panic!("{blocked:?}") };
        assert_eq!((&**column, &*first[0]), ("username_key", "ADA"));
        database.execute(update.as_deref().unwrap()).await;
        migrations!(User).run(&pool).await.unwrap();
        assert_eq!(database.count("users WHERE username_key IN ('ada', 'bob')").await, 2);
    }

    async fn a_column_that_no_sign_up_fills_is_told(database, pool) {
        let columns = format!("{PLAIN}, department VARCHAR(20) NOT NULL, team VARCHAR(9) DEFAULT 'x' NOT NULL");
        users(&database, &columns, &[
            "(email, username, department) VALUES ('a@b.example', 'ada', 'ops')",
        ]).await;
        let blocked = refused!(User, database, pool, &["id", "email", "username", "department"]);
        let [Blocker::NotWritten { column, .. }] = &*blocked else { panic!("{blocked:?}") };
        assert_eq!(column, "department");
    }

    async fn types_that_do_not_decode_are_told_together(database, pool) {
        users(&database, "email BIGINT, badge BIGINT, level VARCHAR(20)", &[
            "(email, badge, level) VALUES (1, 2, '3')",
        ]).await;
        let blocked = refused!(Badged, database, pool, &["id", "email", "badge", "level"]);
        for name in ["email", "badge", "level"] {
            let is_it = |one: &Blocker| matches!(one, Blocker::WrongType { column, .. } if column == name);
            assert!(blocked.iter().any(is_it), "{name}: {blocked:?}");
        }
        assert!(blocked.iter().any(|one| one.to_string().contains("VARCHAR") || one.to_string().contains("TEXT")));
    }

    async fn a_unique_column_of_the_apps_own_is_made_so_or_told(database, pool) {
        users(&database, "email VARCHAR(200) NOT NULL, badge VARCHAR(9)", &[
            "(email, badge) VALUES ('a@b.example', 'x')",
            "(email, badge) VALUES ('b@b.example', 'x')",
            "(email) VALUES ('c@b.example')",
            "(email) VALUES ('d@b.example')",
        ]).await;
        let blocked = refused!(Badged, database, pool, &["id", "email", "badge"]);
        let [Blocker::Duplicates { column, count: 1, .. }] = &*blocked else { panic!("{blocked:?}") };
        assert_eq!(column, "badge");
        database.execute("UPDATE users SET badge = NULL WHERE email = 'b@b.example'").await;
        migrations!(Badged).run(&pool).await.unwrap();
        let insert = "INSERT INTO users (email, badge) VALUES ('e@b.example', 'x')";
        assert!(sqlx::raw_sql(insert).execute(&pool).await.is_err());
    }

    async fn a_key_that_is_none_is_told(database, pool) {
        database.execute("CREATE TABLE users (id BIGINT, email VARCHAR(200), username VARCHAR(40))").await;
        let blocked = refused!(User, database, pool, &["id", "email", "username"]);
        assert!(blocked.iter().any(|one| matches!(one, Blocker::NoUniqueKey { column, .. } if column == "id")), "{blocked:?}");
        assert!(blocked.iter().any(|one| matches!(one, Blocker::KeyNotGenerated { .. })), "{blocked:?}");
    }

    async fn a_table_of_the_apps_own_under_a_name_of_ours_is_not_touched(database, pool) {
        users(&database, PLAIN, &[]).await;
        database.execute("CREATE TABLE users_sessions (id BIGINT PRIMARY KEY, who VARCHAR(9))").await;
        let blocked = refused!(User, database, pool, &["id", "email", "username"]);
        let Blocker::NoUniqueKey { table, column } = &blocked[0] else { panic!("{blocked:?}") };
        assert_eq!((&**table, &**column), ("users_sessions", "digest"));
    }
}

#[tokio::test]
async fn a_column_too_short_for_a_hash_is_told_where_the_database_cuts() {
    for kind in [Kind::Postgres, Kind::MySql, Kind::Sqlite] {
        let (database, _) = Database::create(kind).await;
        users(&database, &format!("{PLAIN}, hashed_password CHAR(60) NOT NULL"), &[]).await;
        let blocked = match database {
            Database::Postgres(pool) => migrations!(User).plan(&pool).await,
            Database::MySql(pool) => migrations!(User).plan(&pool).await,
            Database::Sqlite(pool) => migrations!(User).plan(&pool).await,
        };
        let blocked = blocked.unwrap().blockers().to_vec();
        let is_told = matches!(&*blocked, [Blocker::TooShort { max_chars: 60, .. }]);
        assert_eq!(is_told, kind != Kind::Sqlite, "{kind:?}: {blocked:?}");
    }
}

#[tokio::test]
async fn sqlite_tells_by_the_first_row_what_its_types_do_not() {
    #[derive(Clone, Debug, AuthUser)]
    #[auth(table = "users")]
    struct Uuids {
        id: uuid::Uuid,
        email: String,
    }
    let (database, _) = Database::create(Kind::Sqlite).await;
    let Database::Sqlite(pool) = database.clone() else { unreachable!() };
    database
        .execute("CREATE TABLE users (id TEXT PRIMARY KEY NOT NULL, email TEXT NOT NULL)")
        .await;
    let row = "INSERT INTO users VALUES ('67e55044-10b1-426f-9247-bb680e5fe0c8', 'a@b.example')";
    database.execute(row).await;
    let blocked = refused!(Uuids, database, pool, &["id", "email"]);
    assert!(
        matches!(&*blocked, [Blocker::WrongType { column, .. }] if column == "id"),
        "{blocked:?}"
    );
}

#[tokio::test]
async fn postgres_tells_a_key_of_another_width() {
    let (database, _) = Database::create(Kind::Postgres).await;
    let Database::Postgres(pool) = database.clone() else { unreachable!() };
    database.execute(&format!("CREATE TABLE users (id SERIAL PRIMARY KEY, {PLAIN})")).await;
    let blocked = refused!(User, database, pool, &["id", "email"]);
    let [Blocker::WrongType { column, actual, expected, .. }] = &*blocked else {
        panic!("{blocked:?}")
    };
    assert_eq!((&**column, &**actual, &**expected), ("id", "integer", "INT8"));
}

#[tokio::test]
async fn mysql_tells_a_text_that_takes_no_index() {
    let (database, _) = Database::create(Kind::MySql).await;
    let Database::MySql(pool) = database.clone() else { unreachable!() };
    users(&database, "email TEXT NOT NULL, username VARCHAR(40) NOT NULL", &[]).await;
    let blocked = refused!(User, database, pool, &["id", "email"]);
    assert!(
        matches!(&*blocked, [Blocker::WrongType { column, .. }] if column == "email"),
        "{blocked:?}"
    );
}

#[tokio::test]
async fn what_a_trigger_may_fill_is_not_in_the_way() {
    let (database, _) = Database::create(Kind::Postgres).await;
    let Database::Postgres(pool) = database.clone() else { unreachable!() };
    users(&database, &format!("{PLAIN}, searched TEXT NOT NULL"), &[]).await;
    let function = "CREATE FUNCTION search() RETURNS trigger AS $$ BEGIN NEW.searched := NEW.email; \
                    RETURN NEW; END $$ LANGUAGE plpgsql";
    database.execute(function).await;
    assert!(migrations!(User).run(&pool).await.is_err());
    database
        .execute(
            "CREATE TRIGGER search BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION search()",
        )
        .await;
    migrations!(User).run(&pool).await.unwrap();
    let auth = Auth::builder(pool, SECRET).build().await.unwrap();
    join(auth.accounts(), "ada").await;
}

#[tokio::test]
async fn a_start_reads_no_rows_and_a_plan_does() {
    let (database, _) = Database::create(Kind::Postgres).await;
    let Database::Postgres(pool) = database.clone() else { unreachable!() };
    migrations!(User).run(&pool).await.unwrap();
    database.execute("ALTER TABLE users ALTER COLUMN email DROP NOT NULL").await;
    database.execute("INSERT INTO users (username, username_key) VALUES ('ada', 'ada')").await;
    assert!(migrations!(User).inspect(&pool).await.unwrap().plan().is_empty());
    assert_eq!(migrations!(User).run(&pool).await.unwrap(), 0);
    let plan = migrations!(User).plan(&pool).await.unwrap();
    assert!(matches!(plan.blockers(), [Blocker::Nulls { count: 1, .. }]), "{plan}");
}
