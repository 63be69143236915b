//! `#[auth(default)]` in each of its forms, and `#[auth(skip)]`.

use crudauth::{AuthUser, migrations};
use crudauth_tests::{SECRET, on_every_pool, sign_up};

use super::register;

#[derive(Clone, Debug, Default, PartialEq, sqlx::Type)]
#[sqlx(transparent)]
struct Plan(String);

impl Plan {
    fn trial(days: u8) -> Self {
        Self(format!("trial of {days}"))
    }
}

/// Not a database type.
#[derive(Clone, Debug, Default, PartialEq)]
struct Cache(std::collections::BTreeMap<String, u128>);

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct User {
    id: i64,
    email: String,
    username: String,
    #[auth(default)]
    plain: Plan,
    #[auth(default)]
    zero: f64,
    #[auth(default)]
    bytes: Vec<u8>,
    #[auth(default = Plan::trial(14))]
    trial: Plan,
    #[auth(default = uuid::Uuid::from_u128(7).to_string())]
    token: String,
    #[auth(default = "free; -- $1 {id} ? ü \"x\" `y` 'z' \\")]
    text: String,
    #[auth(default = "")]
    empty: String,
    #[auth(default = 5)]
    five: i64,
    #[auth(default = -32768)]
    least: i16,
    #[auth(default = false)]
    no: bool,
    #[auth(default = "also a newtype")]
    named: Plan,
    #[auth(default = 9)]
    perhaps: Option<i64>,
    #[auth(skip)]
    cache: Cache,
}

#[crudauth::routes(user = User, session)]
struct Auth;

const TEXT: &str = "free; -- $1 {id} ? ü \"x\" `y` 'z' \\";

fn assert_defaults(user: &User) {
    assert_eq!((&*user.text, &*user.empty, user.five, user.least), (TEXT, "", 5, -32768));
    assert_eq!(
        (user.no, &user.named, user.perhaps),
        (false, &Plan("also a newtype".to_owned()), Some(9))
    );
    assert_eq!(user.cache, Cache::default());
}

on_every_pool! {
    async fn a_sign_up_stores_every_default(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        let mut form = sign_up("ada");
        // A sign-up cannot set any of these.
        for name in ["plain", "trial", "text", "five", "no", "cache", "perhaps", "id"] {
            form[name] = "1".into();
        }
        let user = register(auth.accounts(), &form).await.user;
        assert_eq!((user.id, &*user.email, &*user.username), (1, "ada@example.com", "ada"));
        assert_eq!((&user.plain, user.zero, &*user.bytes), (&Plan::default(), 0.0, &[][..]));
        assert_eq!(user.trial, Plan("trial of 14".to_owned()));
        assert_eq!(user.token, "00000000-0000-0000-0000-000000000007");
        assert_defaults(&user);
    }

    async fn a_literal_is_the_column_default_for_other_inserts(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        database
            .execute("INSERT INTO users (email, username, username_key, plain, zero, bytes, trial, token) \
                      VALUES ('b@example.com', 'Bob', 'bob', 'p', 1, '', 't', 'k')")
            .await;
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        let user = auth.accounts().find_by_identifier("bob").await.unwrap().unwrap().user;
        assert_defaults(&user);
        assert_eq!((user.plain, user.trial), (Plan("p".to_owned()), Plan("t".to_owned())));
    }
}
