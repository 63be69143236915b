//! Blockers are reported, and the table stays unchanged.

use crudauth::{AuthUser, Blocker, BlockerKind, MigrateError, Migrations, migrations};
use crudauth_tests::{Database, Kind, SECRET, on_every_pool};

use super::growing::Later;
use super::live::{register, snapshot, users};
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
struct Literal {
    id: i64,
    email: String,
    #[auth(default = "x")]
    slug: String,
}

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
#[allow(dead_code, reason = "read by the library only")]
struct Asked {
    id: i64,
    email: String,
    #[auth(register)]
    slug: String,
}

/// Plans and runs, asserts that nothing changed, and returns the blockers.
macro_rules! blockers_of {
    ($user:ty, $database:ident, $pool:ident, $columns:expr) => {{
        let before = snapshot(&$database, $columns).await;
        let error = Migrations::<$user>::new().run(&$pool).await.unwrap_err();
        assert_eq!(snapshot(&$database, $columns).await, before, "nothing was changed");
        let MigrateError::Blocked(blocked) = error else { panic!("{error}") };
        let plan = Migrations::<$user>::new().plan(&$pool).await.unwrap();
        assert_eq!(plan.blockers(), blocked, "a plan reports the same");
        blocked
    }};
}

on_every_pool! {
    async fn names_with_one_folded_form_are_reported_with_a_fix(database, pool) {
        users(&database, PLAIN, &[
            "(email, username) VALUES ('a@b.example', 'Ada')",
            "(email, username) VALUES ('b@b.example', 'ADA')",
            "(email, username) VALUES ('c@b.example', 'bob')",
            "(email, username) VALUES ('d@b.example', 'Zo\u{eb}')",
            "(email, username) VALUES ('e@b.example', 'ZO\u{cb}')",
        ]).await;
        let blocked = blockers_of!(User, database, pool, &["id", "email", "username"]);
        let [Blocker { column, kind: BlockerKind::Duplicates { count, samples: first, .. }, .. }] = &*blocked else { panic!("{blocked:?}") };
        assert_eq!((&**column, *count), ("username", 2));
        assert_eq!(*first, ["ada", "zo\u{eb}"]);
        // MySQL's column compares without case, so the fix does not apply.
        let has_case = database.kind() != Kind::MySql;
        assert_eq!(blocked[0].to_string().contains("#[auth(exact)]"), has_case, "{}", blocked[0]);
        assert_eq!(migrations!(Exact).run(&pool).await.is_ok(), has_case);
    }

    async fn a_duplicate_address_is_reported(database, pool) {
        users(&database, PLAIN, &[
            "(email, username) VALUES ('a@b.example', 'ada')",
            "(email, username) VALUES ('a@b.example', 'bob')",
        ]).await;
        let blocked = blockers_of!(User, database, pool, &["id", "email", "username"]);
        let [Blocker { column, kind: BlockerKind::Duplicates { count: 1, samples: first, .. }, .. }] = &*blocked else { panic!("{blocked:?}") };
        assert_eq!((&**column, &*first[0]), ("email", "a@b.example"));
        assert!(!blocked[0].to_string().contains("exact"), "{}", blocked[0]);
    }

    async fn addresses_in_capitals_are_reported_with_a_repair_statement(database, pool) {
        users(&database, PLAIN, &[
            "(email, username) VALUES ('Ada@Example.com', 'ada')",
            "(email, username) VALUES ('bob@example.com', 'bob')",
        ]).await;
        let blocked = blockers_of!(User, database, pool, &["id", "email", "username"]);
        let [Blocker { column, kind: BlockerKind::NotNormalized { count: 1, samples: first, update, .. }, .. }] = &*blocked else { panic!("{blocked:?}") };
        assert_eq!((&**column, &*first[0]), ("email", "Ada@Example.com"));
        assert!(blocked[0].to_string().contains("#[auth(key = \"email_key\")]"), "{}", blocked[0]);
        database.execute(update.as_deref().unwrap()).await;
        migrations!(User).run(&pool).await.unwrap();
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        assert!(auth.accounts().find_by_identifier("ADA@example.com").await.unwrap().is_some());
        register(auth.accounts(), "cyd").await;
    }

    async fn an_address_in_two_spellings_is_reported_twice(database, pool) {
        users(&database, PLAIN, &[
            "(email, username) VALUES ('Ada@Example.com', 'ada')",
            "(email, username) VALUES ('ada@example.com', 'bob')",
        ]).await;
        let blocked = blockers_of!(User, database, pool, &["id", "email", "username"]);
        assert!(blocked.iter().any(|one| matches!(one.kind, BlockerKind::Duplicates { .. })), "{blocked:?}");
        let update = |one: &Blocker| matches!(one.kind, BlockerKind::NotNormalized { update: None, .. });
        assert!(blocked.iter().any(update), "{blocked:?}");
    }

    async fn nulls_in_required_columns_are_counted(database, pool) {
        let columns = "email VARCHAR(200), username VARCHAR(40) NOT NULL, is_active BOOLEAN";
        users(&database, columns, &[
            "(email, username, is_active) VALUES ('a@b.example', 'ada', TRUE)",
            "(email, username) VALUES ('b@b.example', 'bob')",
            "(username, is_active) VALUES ('cyd', TRUE)",
            "(username, is_active) VALUES ('dan', TRUE)",
        ]).await;
        let mut blocked = blockers_of!(User, database, pool, &["id", "email", "username"]);
        blocked.sort_by_key(ToString::to_string);
        let [
            Blocker { column: email, kind: BlockerKind::Nulls { count: 2 }, .. },
            Blocker { column: active, kind: BlockerKind::Nulls { count: 1 }, .. },
        ] =
            &*blocked else { panic!("{blocked:?}") };
        assert_eq!((&**active, &**email), ("is_active", "email"));
        database.execute("UPDATE users SET is_active = TRUE, email = COALESCE(email, username)").await;
        migrations!(User).run(&pool).await.unwrap();
    }

    async fn a_foreign_key_column_is_not_mistaken_for_ours(database, pool) {
        users(&database, &format!("{PLAIN}, username_key VARCHAR(255)"), &[
            "(email, username, username_key) VALUES ('a@b.example', 'Ada', 'ADA')",
            "(email, username, username_key) VALUES ('b@b.example', 'bob', 'bob')",
        ]).await;
        let blocked = blockers_of!(User, database, pool, &["id", "email", "username", "username_key"]);
        let [Blocker { column, kind: BlockerKind::NotNormalized { count: 1, samples: first, update, .. }, .. }] = &*blocked else { panic!("{blocked:?}") };
        assert_eq!((&**column, &*first[0]), ("username_key", "ADA"));
        database.execute(update.as_deref().unwrap()).await;
        migrations!(User).run(&pool).await.unwrap();
        assert_eq!(database.count("users WHERE username_key IN ('ada', 'bob')").await, 2);
    }

    async fn a_required_column_that_sign_up_does_not_set_is_reported(database, pool) {
        let columns = format!("{PLAIN}, department VARCHAR(20) NOT NULL, team VARCHAR(9) DEFAULT 'x' NOT NULL");
        users(&database, &columns, &[
            "(email, username, department) VALUES ('a@b.example', 'ada', 'ops')",
        ]).await;
        let blocked = blockers_of!(User, database, pool, &["id", "email", "username", "department"]);
        let [Blocker { column, kind: BlockerKind::NotWritten, .. }] = &*blocked else { panic!("{blocked:?}") };
        assert_eq!(column, "department");
    }

    async fn a_unique_column_that_every_sign_up_fills_alike_is_reported(database, pool) {
        let (random, drop) = match database.kind() {
            Kind::Sqlite => ("(hex(randomblob(8)))", "DROP INDEX slugs"),
            Kind::Postgres => ("gen_random_uuid()::text", "DROP INDEX slugs"),
            Kind::MySql => ("(uuid())", "DROP INDEX slugs ON users"),
        };
        let columns = format!("{PLAIN}, slug VARCHAR(9) DEFAULT '' NOT NULL, \
             badge VARCHAR(40) DEFAULT {random} UNIQUE, note VARCHAR(9) UNIQUE");
        users(&database, &columns.replace("username VARCHAR(40) NOT NULL", "username VARCHAR(40)"), &[]).await;
        database.execute("CREATE UNIQUE INDEX slugs ON users (slug)").await;
        let blocked = blockers_of!(User, database, pool, &["id", "email", "slug"]);
        let [Blocker { column, kind: BlockerKind::SameForAll, .. }] = &*blocked else { panic!("{blocked:?}") };
        assert_eq!(column, "slug");
        let literal = blockers_of!(Literal, database, pool, &["id", "email", "slug"]);
        assert_eq!(literal, blocked);
        assert_eq!(migrations!(Asked).plan(&pool).await.unwrap().blockers(), []);
        database.execute(drop).await;
        migrations!(User).run(&pool).await.unwrap();
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        register(auth.accounts(), "ada").await;
        register(auth.accounts(), "bob").await;
    }

    async fn undecodable_types_are_reported_together(database, pool) {
        users(&database, "email BIGINT, badge BIGINT, level VARCHAR(20)", &[
            "(email, badge, level) VALUES (1, 2, '3')",
        ]).await;
        let blocked = blockers_of!(Later, database, pool, &["id", "email", "badge", "level"]);
        for name in ["email", "badge", "level"] {
            let is_blocker = |one: &Blocker| matches!(one, Blocker { column, kind: BlockerKind::WrongType { .. }, .. } if column == name);
            assert!(blocked.iter().any(is_blocker), "{name}: {blocked:?}");
        }
        assert!(blocked.iter().any(|one| one.to_string().contains("VARCHAR") || one.to_string().contains("TEXT")));
    }

    async fn a_unique_column_is_indexed_or_its_duplicates_are_reported(database, pool) {
        users(&database, "email VARCHAR(200) NOT NULL, badge VARCHAR(9)", &[
            "(email, badge) VALUES ('a@b.example', 'x')",
            "(email, badge) VALUES ('b@b.example', 'x')",
            "(email) VALUES ('c@b.example')",
            "(email) VALUES ('d@b.example')",
        ]).await;
        let blocked = blockers_of!(Later, database, pool, &["id", "email", "badge"]);
        let [Blocker { column, kind: BlockerKind::Duplicates { count: 1, .. }, .. }] = &*blocked else { panic!("{blocked:?}") };
        assert_eq!(column, "badge");
        database.execute("UPDATE users SET badge = NULL WHERE email = 'b@b.example'").await;
        migrations!(Later).run(&pool).await.unwrap();
        let insert = "INSERT INTO users (email, badge) VALUES ('e@b.example', 'x')";
        assert!(sqlx::raw_sql(insert).execute(&pool).await.is_err());
    }

    async fn a_missing_primary_key_is_reported(database, pool) {
        database.execute("CREATE TABLE users (id BIGINT, email VARCHAR(200), username VARCHAR(40))").await;
        let blocked = blockers_of!(User, database, pool, &["id", "email", "username"]);
        assert!(blocked.iter().any(|one| matches!(one, Blocker { column, kind: BlockerKind::NoUniqueKey, .. } if column == "id")), "{blocked:?}");
        assert!(blocked.iter().any(|one| one.kind == BlockerKind::KeyNotGenerated), "{blocked:?}");
    }

    async fn an_app_table_with_one_of_our_names_is_left_alone(database, pool) {
        users(&database, PLAIN, &[]).await;
        database.execute("CREATE TABLE users_sessions (id BIGINT PRIMARY KEY, who VARCHAR(9))").await;
        let blocked = blockers_of!(User, database, pool, &["id", "email", "username"]);
        let Blocker { table, column, kind: BlockerKind::NoUniqueKey, .. } = &blocked[0] else { panic!("{blocked:?}") };
        assert_eq!((&**table, &**column), ("users_sessions", "digest"));
    }
}

#[tokio::test]
async fn a_column_too_short_for_a_hash_is_reported_where_the_database_truncates() {
    for kind in [Kind::Postgres, Kind::MySql, Kind::Sqlite] {
        let (database, _) = Database::create(kind).await;
        users(&database, &format!("{PLAIN}, hashed_password CHAR(60) NOT NULL"), &[]).await;
        let blocked = match database {
            Database::Postgres(pool) => migrations!(User).plan(&pool).await,
            Database::MySql(pool) => migrations!(User).plan(&pool).await,
            Database::Sqlite(pool) => migrations!(User).plan(&pool).await,
        };
        let blocked = blocked.unwrap().blockers().to_vec();
        let is_told = matches!(
            &*blocked,
            [Blocker { kind: BlockerKind::TooShort { max_chars: 60, .. }, .. }]
        );
        assert_eq!(is_told, kind != Kind::Sqlite, "{kind:?}: {blocked:?}");
    }
}

#[tokio::test]
async fn sqlite_types_are_checked_by_the_first_row() {
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
    let blocked = blockers_of!(Uuids, database, pool, &["id", "email"]);
    assert!(
        matches!(&*blocked, [Blocker { column, kind: BlockerKind::WrongType { .. }, .. }] if column == "id"),
        "{blocked:?}"
    );
}

#[tokio::test]
async fn an_id_that_is_wider_than_the_field_is_reported_on_postgres() {
    let (database, _) = Database::create(Kind::Postgres).await;
    let Database::Postgres(pool) = database.clone() else { unreachable!() };
    #[derive(Clone, Debug, AuthUser)]
    #[auth(table = "users")]
    #[allow(dead_code, reason = "read by the library only")]
    struct Narrow {
        id: i32,
        email: String,
        username: String,
    }
    database.execute(&format!("CREATE TABLE users (id BIGSERIAL PRIMARY KEY, {PLAIN})")).await;
    let blocked = blockers_of!(Narrow, database, pool, &["id", "email"]);
    let [Blocker { column, kind: BlockerKind::WrongType { actual, expected }, .. }] = &*blocked
    else {
        panic!("{blocked:?}")
    };
    assert_eq!((&**column, &**actual, &**expected), ("id", "bigint", "INT4"));
}

#[tokio::test]
async fn an_unindexable_text_is_reported_on_mysql() {
    let (database, _) = Database::create(Kind::MySql).await;
    let Database::MySql(pool) = database.clone() else { unreachable!() };
    users(&database, "email TEXT NOT NULL, username VARCHAR(40) NOT NULL", &[]).await;
    let blocked = blockers_of!(User, database, pool, &["id", "email"]);
    assert!(
        matches!(&*blocked, [Blocker { column, kind: BlockerKind::WrongType { .. }, .. }] if column == "email"),
        "{blocked:?}"
    );
}

#[tokio::test]
async fn a_column_that_a_trigger_may_fill_is_no_blocker() {
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
    register(auth.accounts(), "ada").await;
}

#[tokio::test]
async fn build_reads_no_rows_and_a_plan_does() {
    let (database, _) = Database::create(Kind::Postgres).await;
    let Database::Postgres(pool) = database.clone() else { unreachable!() };
    migrations!(User).run(&pool).await.unwrap();
    database.execute("ALTER TABLE users ALTER COLUMN email DROP NOT NULL").await;
    database.execute("INSERT INTO users (username, username_key) VALUES ('ada', 'ada')").await;
    assert!(migrations!(User).inspect(&pool).await.unwrap().plan().is_empty());
    assert_eq!(migrations!(User).run(&pool).await.unwrap(), 0);
    let plan = migrations!(User).plan(&pool).await.unwrap();
    assert!(
        matches!(plan.blockers(), [Blocker { kind: BlockerKind::Nulls { count: 1 }, .. }]),
        "{plan}"
    );
}
