//! Existing tables are migrated until the struct fits.

use crudauth::{AuthUser, migrations};
use crudauth_tests::{Database, Kind, SECRET, on_every_pool};

use super::live::{counted_key, register, snapshot, users};
use super::written::directory;
use super::{Auth, User};

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
#[allow(dead_code, reason = "read by the library only")]
struct Earlier {
    id: i64,
    email: String,
}

#[crudauth::routes(user = Earlier, session)]
struct EarlierAuth;

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
#[allow(dead_code, reason = "read by the library only")]
pub(crate) struct Later {
    id: i64,
    email: String,
    username: Option<String>,
    #[auth(unique, register)]
    badge: Option<String>,
    #[auth(default = "it's free")]
    plan: String,
    #[auth(default = 0)]
    level: i64,
}

#[crudauth::routes(user = Later, session)]
struct LaterAuth;

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct Keyed {
    id: i64,
    #[auth(key = "email_key")]
    email: String,
}

#[crudauth::routes(user = Keyed, session)]
struct KeyedAuth;

on_every_pool! {
    async fn an_empty_database_is_migrated_and_serves(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        assert_eq!(register(auth.accounts(), "ada").await.user.username, "ada");
    }

    async fn an_empty_foreign_table_is_adopted(database, pool) {
        users(&database, "email VARCHAR(200), username VARCHAR(40) NOT NULL, note VARCHAR(9)", &[]).await;
        migrations!(User).run(&pool).await.unwrap();
        assert!(migrations!(User).plan(&pool).await.unwrap().is_empty());
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        register(auth.accounts(), "ada").await;
        assert_eq!(database.count("users WHERE note IS NULL AND username_key = 'ada'").await, 1);
    }

    async fn a_table_of_an_earlier_struct_grows_and_keeps_its_accounts(database, pool) {
        migrations!(Earlier).run(&pool).await.unwrap();
        let earlier = EarlierAuth::builder(pool.clone(), SECRET).build().await.unwrap();
        let ada = register(earlier.accounts(), "ada").await;
        migrations!(Later).run(&pool).await.unwrap();
        assert!(migrations!(Later).plan(&pool).await.unwrap().is_empty());
        let later = LaterAuth::builder(pool, SECRET).build().await.unwrap();
        let found = later.accounts().find(&ada.user.id).await.unwrap().unwrap().user;
        assert_eq!((&*found.plan, found.username, found.badge), ("it's free", None, None));
        assert_eq!(register(later.accounts(), "bob").await.user.plan, "it's free");
    }

    async fn a_literal_is_stored_if_the_live_column_has_no_default(database, pool) {
        users(&database, "email VARCHAR(200) NOT NULL, plan VARCHAR(20) NOT NULL", &[]).await;
        migrations!(Later).run(&pool).await.unwrap();
        let later = LaterAuth::builder(pool, SECRET).build().await.unwrap();
        assert_eq!(register(later.accounts(), "ada").await.user.plan, "it's free");
    }

    async fn existing_names_get_their_folded_form(database, pool) {
        users(&database, "email VARCHAR(200) NOT NULL, username VARCHAR(40) NOT NULL", &[
            "(email, username) VALUES ('ada@example.com', 'Ada')",
            "(email, username) VALUES ('zoe@example.com', 'ZO\u{cb}')",
            "(email, username) VALUES ('mary@example.com', 'Mary Ann')",
        ]).await;
        let plan = migrations!(User).plan(&pool).await.unwrap();
        assert_eq!(plan.backfills(), ["users.username_key"], "SQL folds no \u{cb}");
        assert!(plan.to_string().contains("-- run() fills users.username_key"), "{plan}");
        let refused = migrations!(User).write(&pool, directory()).await.unwrap_err();
        assert!(refused.to_string().contains("use `run()`"), "{refused}");

        migrations!(User).run(&pool).await.unwrap();
        assert!(migrations!(User).plan(&pool).await.unwrap().is_empty());
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        for (typed, id) in [("ada", 1), ("ADA", 1), ("zo\u{eb}", 2), ("mary ann", 3), ("zoe@example.com", 2)] {
            let found = auth.accounts().find_by_identifier(typed).await.unwrap();
            assert_eq!(found.unwrap().user.id, id, "{typed}");
        }
        assert_eq!(database.number("SELECT COUNT(DISTINCT auth_epoch) FROM users").await, 3);
        assert_eq!(database.count("users WHERE auth_epoch <= 0").await, 0);
        register(auth.accounts(), "bob").await;
    }

    async fn a_written_file_fills_plain_names(database, pool) {
        users(&database, "email VARCHAR(200) NOT NULL, username VARCHAR(40) NOT NULL", &[
            "(email, username) VALUES ('ada@example.com', 'Ada')",
        ]).await;
        let file = migrations!(User).write(&pool, directory()).await.unwrap().unwrap();
        let text = std::fs::read_to_string(file).unwrap();
        for statement in text.split_terminator(";\n") {
            database.execute(statement).await;
        }
        assert!(migrations!(User).plan(&pool).await.unwrap().is_empty());
        assert_eq!(database.text("SELECT username_key FROM users").await, "ada");
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        register(auth.accounts(), "bob").await;
    }

    async fn mixed_case_addresses_are_kept_beside_a_key(database, pool) {
        users(&database, "email VARCHAR(200) NOT NULL", &[
            "(email) VALUES ('Ada@Example.com')",
            "(email) VALUES ('zo\u{eb}@B\u{dc}CHER.example')",
        ]).await;
        migrations!(Keyed).run(&pool).await.unwrap();
        assert!(migrations!(Keyed).plan(&pool).await.unwrap().is_empty());
        let auth = KeyedAuth::builder(pool, SECRET).build().await.unwrap();
        for (typed, shown) in [
            ("ada@example.com", "Ada@Example.com"),
            ("ZO\u{cb}@b\u{fc}cher.example", "zo\u{eb}@B\u{dc}CHER.example"),
        ] {
            let found = auth.accounts().find_by_identifier(typed).await.unwrap().unwrap().user;
            assert_eq!(found.email, shown);
        }
    }

    async fn rows_without_a_folded_form_get_one_at_the_next_run(database, pool) {
        users(&database, "email VARCHAR(200) NOT NULL, username VARCHAR(40) NOT NULL, \
                          username_key VARCHAR(255)", &[]).await;
        migrations!(User).run(&pool).await.unwrap();
        database.execute("INSERT INTO users (email, username) VALUES ('zoe@example.com', 'Zoe')").await;
        assert!(migrations!(User).run(&pool).await.unwrap() > 0);
        assert_eq!(migrations!(User).run(&pool).await.unwrap(), 0);
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        assert!(auth.accounts().find_by_identifier("zoe").await.unwrap().is_some());
    }

    async fn an_equal_index_under_another_name_is_accepted(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        let drop = match database.kind() {
            Kind::MySql => "DROP INDEX ix_users_email ON users",
            Kind::Sqlite | Kind::Postgres => "DROP INDEX ix_users_email",
        };
        database.execute(drop).await;
        database.execute("CREATE UNIQUE INDEX one_address ON users (email)").await;
        let plan = migrations!(User).plan(&pool).await.unwrap();
        assert!(plan.is_empty(), "{plan}");
    }

    async fn a_different_index_under_our_name_is_not_accepted(database, pool) {
        users(&database, "email VARCHAR(200) NOT NULL, username VARCHAR(40) NOT NULL", &[]).await;
        database.execute("CREATE INDEX ix_users_email ON users (email)").await;
        database.execute("CREATE UNIQUE INDEX ix_users_username_key ON users (username, email)").await;
        migrations!(User).run(&pool).await.unwrap();
        assert!(migrations!(User).plan(&pool).await.unwrap().is_empty());
        let auth = Auth::builder(pool.clone(), SECRET).build().await.unwrap();
        register(auth.accounts(), "ada").await;
        for row in ["'ada@example.com', 'b', 'b'", "'b@example.com', 'b', 'ada'"] {
            let insert = format!("INSERT INTO users (email, username, username_key) VALUES ({row})");
            let refused = sqlx::raw_sql(sqlx::AssertSqlSafe(insert)).execute(&pool).await.unwrap_err();
            assert!(refused.into_database_error().unwrap().is_unique_violation());
        }
    }

    async fn inspect_reads_the_catalogue_only(database, pool) {
        users(&database, "email VARCHAR(77) NOT NULL, username VARCHAR(40) NOT NULL, \
                          username_key VARCHAR(30)", &[]).await;
        let schema = migrations!(User).inspect(&pool).await.unwrap();
        assert!(!schema.plan().is_empty());
        assert_eq!(schema.widths()["email"], 77);
        assert_eq!(schema.widths()["username"], 30, "the smaller of shown and compared");
        migrations!(User).run(&pool).await.unwrap();
        let schema = migrations!(User).inspect(&pool).await.unwrap();
        assert!(schema.plan().is_empty(), "{}", schema.plan());
    }

    async fn hash_formats_in_use_are_reported(database, pool) {
        users(&database, "email VARCHAR(200) NOT NULL, username VARCHAR(40) NOT NULL, \
                          hashed_password VARCHAR(255)", &[
            "(email, username, hashed_password) VALUES ('a@b.example', 'a', '$2b$12$abc')",
            "(email, username, hashed_password) VALUES ('b@b.example', 'b', 'pbkdf2Xsha256$1')",
            "(email, username) VALUES ('c@b.example', 'c')",
        ]).await;
        let asked = ["$2b$", "$2a$", "pbkdf2_sha256$", "pbkdf2%"];
        let found = migrations!(User).foreign_hashes(&pool, &asked).await.unwrap().in_use;
        assert_eq!(found, ["$2b$"]);
    }

    async fn hashes_that_cannot_be_verified_are_counted_by_prefix(database, pool) {
        let hashes = ["$2b$12$abc", "$2y$12$abc", "$2y$10$abc", "5f4dcc3b", "$argon2id$v=19$m=4194304,t=3,p=1$c2FsdA$x"];
        let rows: Vec<_> = hashes.iter().enumerate().map(|(at, hash)| {
            format!("(email, username, hashed_password) VALUES ('a{at}@b.example', 'a{at}', '{hash}')")
        }).collect();
        let rows: Vec<_> = rows.iter().map(|row| &**row).collect();
        users(&database, "email VARCHAR(200) NOT NULL, username VARCHAR(40) NOT NULL, \
                          hashed_password VARCHAR(255)", &rows).await;
        let counted = async |asked: &[&str]| {
            let found = migrations!(User).foreign_hashes(&pool, asked).await.unwrap();
            let unread = found.unread.into_iter().map(|one| (one.prefix, one.count));
            let mut unread: Vec<_> = unread.collect();
            unread.sort();
            (found.in_use, unread)
        };
        let dear = ("$argon2id$v=19$m=4194304,t=3,p=1$".to_owned(), 1);
        let (in_use, unread) = counted(&["$2b$", "$1$"]).await;
        assert_eq!(in_use, ["$2b$"]);
        assert_eq!(unread, [(String::new(), 1), ("$2y$".to_owned(), 2), dear.clone()]);
        let (in_use, unread) = counted(&["", "$2b$"]).await;
        assert_eq!(in_use, ["", "$2b$"], "the empty prefix claims the others");
        assert_eq!(unread, [dear]);
    }

    async fn addresses_that_cannot_be_mailed_are_a_remark_and_no_blocker(database, pool) {
        users(&database, "email VARCHAR(400) NOT NULL, username VARCHAR(40) NOT NULL", &[
            "(email, username) VALUES ('ada@example.com', 'ada')",
            "(email, username) VALUES ('a..b@docomo.example', 'bob')",
            "(email, username) VALUES ('admin@localhost', 'cyd')",
            "(email, username) VALUES ('nobody', 'dan')",
            "(email, username) VALUES ('eve <eve@example.com>', 'eve')",
        ]).await;
        let plan = migrations!(User).plan(&pool).await.unwrap();
        assert!(plan.blockers().is_empty(), "{plan}");
        let [remark] = plan.remarks() else { panic!("{plan}") };
        assert!(remark.contains("2 row(s)") && remark.contains("\"nobody\""), "{remark}");
        assert!(plan.to_string().contains("-- remark: `users.email` cannot receive messages"));
        migrations!(User).run(&pool).await.unwrap();
        assert!(migrations!(User).plan(&pool).await.unwrap().is_empty());
    }

    async fn a_run_keeps_existing_data(database, pool) {
        users(&database, "email VARCHAR(200), username VARCHAR(40), note VARCHAR(20) DEFAULT 'x'", &[
            "(email, username) VALUES ('ada@example.com', 'Ada')",
            "(email, username, note) VALUES ('bob@example.com', 'bob', 'y')",
        ]).await;
        let columns = ["id", "email", "username", "note"];
        let before = snapshot(&database, &columns).await;
        migrations!(User).run(&pool).await.unwrap();
        let after = snapshot(&database, &columns).await;
        assert_eq!(after.lines().last(), before.lines().last());
        assert_ne!(after, before);
    }
}

#[tokio::test]
async fn mysql_keeps_the_dates_of_unchanged_rows() {
    let (database, _) = Database::create(Kind::MySql).await;
    let Database::MySql(pool) = database.clone() else { unreachable!() };
    let columns = "email VARCHAR(200) NOT NULL, username VARCHAR(40) NOT NULL, \
                   seen TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP";
    let rows = [
        "(email, username, seen) VALUES ('ada@example.com', 'Ada', '2001-02-03 04:05:06')",
        "(email, username, seen) VALUES ('zoe@example.com', 'Zo\u{eb}', '2001-02-03 04:05:06')",
    ];
    users(&database, columns, &rows).await;
    migrations!(User).run(&pool).await.unwrap();
    assert_eq!(database.count("users WHERE seen = '2001-02-03 04:05:06'").await, 2);
    assert_eq!(database.count("users WHERE username_key IS NULL OR auth_epoch = 0").await, 0);
}

#[tokio::test]
async fn postgres_accepts_a_serial_id_and_citext() {
    let (database, _) = Database::create(Kind::Postgres).await;
    let Database::Postgres(pool) = database.clone() else { unreachable!() };
    database
        .execute(
            "CREATE TABLE users (id BIGSERIAL PRIMARY KEY, email TEXT NOT NULL, \
                  username TEXT NOT NULL, mood VARCHAR(9)[], UNIQUE (email))",
        )
        .await;
    database.execute("INSERT INTO users (email, username) VALUES ('a@b.example', 'Ada')").await;
    migrations!(User).run(&pool).await.unwrap();
    let plan = migrations!(User).plan(&pool).await.unwrap();
    assert!(plan.is_empty(), "{plan}");
    assert_eq!(
        database.count("pg_indexes WHERE tablename = 'users'").await,
        4,
        "no second on email; two for the compared form"
    );
    assert!(counted_key(Kind::Postgres).starts_with("BIGINT"));
}
