//! A struct that has gained fields since its table was created.

use chrono::{DateTime, Utc};
use crudauth::{AuthUser, MigrateError, SignUp, migrations};
use crudauth::{Clock, SystemClock};
use crudauth_tests::{Kind, SECRET, on_every_pool, sign_up};

use super::live::counted_key;
use super::{Auth, User};

/// Contains a quote and a backslash, which must be escaped.
const PLAN: &str = r"a'; DROP TABLE users; -- \";

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
pub(crate) struct Grown {
    id: i64,
    email: String,
    username: String,
    nickname: Option<String>,
    #[auth(default = r"a'; DROP TABLE users; -- \")]
    plan: String,
    #[auth(default = -5)]
    level: i64,
    #[auth(default = true)]
    is_new: bool,
    #[auth(default = 3)]
    seats: Option<i32>,
    created_at: DateTime<Utc>,
    updated_at: Option<DateTime<Utc>>,
    #[auth(skip)]
    cache: Vec<Vec<u8>>,
}

#[crudauth::routes(user = Grown, session)]
struct GrownAuth;

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
#[allow(dead_code, reason = "read by the library only")]
pub(crate) struct Strict {
    id: i64,
    email: String,
    username: String,
    note: Option<String>,
    #[auth(register)]
    country: String,
    #[auth(default = SystemClock.now().timestamp())]
    seen: i64,
}

on_every_pool! {
    async fn a_new_column_is_added_and_old_rows_get_its_default(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        let before = Auth::builder(pool.clone(), SECRET).build().await.unwrap();
        let form = SignUp::<User>::from_json(&sign_up("ada")).unwrap();
        assert!(matches!(before.accounts().register(form).await.unwrap(), crudauth::Registered::Added(_)));

        assert_eq!(migrations!(Grown).run(&pool).await.unwrap(), 5, "one for each new column");
        assert!(migrations!(Grown).plan(&pool).await.unwrap().is_empty());

        let after = GrownAuth::builder(pool, SECRET).build().await.unwrap();
        let form = SignUp::<Grown>::from_json(&sign_up("bob")).unwrap();
        assert!(matches!(after.accounts().register(form).await.unwrap(), crudauth::Registered::Added(_)));
        for name in ["ada", "bob"] {
            let user = after.accounts().find_by_identifier(name).await.unwrap().unwrap().user;
            assert_eq!(user.email, format!("{name}@example.com"));
            assert_eq!((user.username.as_str(), user.nickname), (name, None));
            assert_eq!((user.plan.as_str(), user.level, user.is_new), (PLAN, -5, true), "{name}");
            assert_eq!(user.seats, Some(3), "{name}");
            assert!(user.cache.is_empty() && user.id > 0);
        }
    }

    async fn a_required_column_without_values_is_a_blocker(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        database
            .execute("INSERT INTO users (email, username, username_key) \
                      VALUES ('ada@example.com', 'ada', 'ada')")
            .await;
        let planned = migrations!(Strict).plan(&pool).await.unwrap();
        let run = migrations!(Strict).run(&pool).await.unwrap_err();
        assert!(matches!(run, MigrateError::Blocked(_)), "{run:?}");
        for column in [".country`", ".seen`"] {
            assert!(run.to_string().contains(column), "{run}");
            assert!(planned.blockers().iter().any(|one| one.to_string().contains(column)));
        }
        assert!(!run.to_string().contains("note"), "that one can be added");

        let still = migrations!(Strict).plan(&pool).await.unwrap();
        assert_eq!(still.statements(), planned.statements(), "nothing was changed");
        assert!(still.statements().iter().any(|statement| statement.contains("note")));
        assert!(still.to_string().contains("-- blocked: "));
    }

    async fn a_required_column_is_added_to_an_empty_table(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        assert_eq!(migrations!(Strict).run(&pool).await.unwrap(), 3);
        assert!(migrations!(Strict).plan(&pool).await.unwrap().is_empty());
    }

    async fn a_table_without_library_columns_is_adopted(database, pool) {
        database
            .execute(&format!(
                "CREATE TABLE users (id {}, email VARCHAR(320), username VARCHAR(64), \
                 username_key VARCHAR(255))",
                counted_key(database.kind())
            ))
            .await;
        database.execute("INSERT INTO users VALUES (7, 'ada@example.com', 'Ada', 'ada')").await;
        if database.kind() == Kind::Postgres {
            database.execute("SELECT setval('users_id_seq', 7)").await;
        }
        migrations!(Grown).run(&pool).await.unwrap();
        assert!(migrations!(Grown).plan(&pool).await.unwrap().is_empty());

        let auth = GrownAuth::builder(pool, SECRET).build().await.unwrap();
        let ada = auth.accounts().find(&7).await.unwrap().unwrap();
        assert!(ada.is_active() && !ada.is_superuser() && !ada.is_verified());
        let age = SystemClock.now() - ada.user.created_at;
        assert!(age.num_minutes().abs() < 5, "dated by the migration: {age}");
        assert_eq!((ada.user.updated_at, ada.user.id), (None, 7));
        assert_eq!((&*ada.user.email, &*ada.user.username), ("ada@example.com", "Ada"));
    }
}
