//! Columns that a deletion changes in a row which stays.

use crudauth::{
    AccountConfig, AuthUser, BlockerKind, ConfigError, MigrateError, Migrations, migrations,
};
use crudauth_tests::{Kind, SECRET, on_every_pool};

use super::live::users;

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
#[allow(dead_code, reason = "read by the library only")]
struct Erased {
    id: i64,
    email: String,
    username: String,
    #[auth(erase)]
    nick: Option<String>,
    #[auth(erase = "")]
    city: Option<String>,
    #[auth(erase = "erased")]
    motto: Option<String>,
}

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users", deleted_at = "left_at")]
#[allow(dead_code, reason = "read by the library only")]
struct Leaver {
    id: i64,
    email: String,
    username: String,
    #[auth(no_login)]
    phone: Option<String>,
}

#[crudauth::routes(user = Leaver, session, account)]
struct Leavers;

on_every_pool! {
    async fn a_column_must_take_the_value_that_an_erasure_gives_it(database, pool) {
        let columns = "email VARCHAR(200) NOT NULL, username VARCHAR(40) NOT NULL, \
            nick VARCHAR(20) DEFAULT '' NOT NULL, city VARCHAR(20) DEFAULT '' NOT NULL, \
            motto VARCHAR(5)";
        users(&database, columns, &["(email, username) VALUES ('a@b.example', 'ada')"]).await;
        let error = Migrations::<Erased>::new().run(&pool).await.unwrap_err();
        let MigrateError::Blocked(blocked) = error else { panic!("{error}") };
        let kind = |name: &str| blocked.iter().find(|one| one.column == name).map(|one| &one.kind);
        assert_eq!(kind("nick"), Some(&BlockerKind::NotErasable));
        // SQLite ignores the declared length.
        let is_checked = database.kind() != Kind::Sqlite;
        let too_short = BlockerKind::TooShort { max_chars: 5, needed: 6 };
        assert_eq!(kind("motto"), is_checked.then_some(&too_short));
        assert_eq!(blocked.len(), 1 + usize::from(is_checked), "{blocked:?}");
    }

    async fn rows_are_kept_only_if_each_identifier_takes_what_a_deletion_leaves(database, pool) {
        let columns = "email VARCHAR(31) NOT NULL, username VARCHAR(15) NOT NULL, \
            phone VARCHAR(20) NOT NULL";
        users(&database, columns, &[]).await;
        migrations!(Leavers).run(&pool).await.unwrap();
        let config = AccountConfig::default();
        Leavers::builder(pool.clone(), SECRET).account(config).build().await.unwrap();
        let keeping = Leavers::builder(pool, SECRET).account(config.keep_rows(true));
        let error = keeping.build().await.unwrap_err();
        let mut columns: Vec<_> = error.settings().iter().map(|error| match error {
            ConfigError::Requires { setting: "account.keep_rows", value, .. } => &**value,
            error => panic!("{error}"),
        }).collect();
        columns.sort_unstable();
        assert_eq!(columns, ["email", "phone", "username"]);
    }
}
