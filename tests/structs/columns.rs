//! Column types: values of a sign-up are read back unchanged, on each database.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use crudauth::{AuthUser, migrations};
use crudauth_tests::{Database, Kind, SECRET, on_every_pool, sign_up};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::postgres::types::PgInterval;

use super::register;

#[derive(Clone, Debug, PartialEq, Deserialize, sqlx::Type)]
#[sqlx(transparent)]
struct Plan(String);

#[derive(Clone, Debug, PartialEq, Deserialize, sqlx::Type)]
#[sqlx(transparent)]
struct Points(i64);

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct Typed {
    id: i64,
    email: String,
    username: String,
    #[auth(register)]
    yes: bool,
    #[auth(register)]
    byte: i8,
    #[auth(register)]
    short: i16,
    #[auth(register)]
    int: i32,
    #[auth(register)]
    float: f32,
    #[auth(register)]
    double: f64,
    #[auth(register)]
    bytes: Vec<u8>,
    #[auth(register)]
    instant: DateTime<Utc>,
    #[auth(register)]
    local: NaiveDateTime,
    #[auth(register)]
    day: NaiveDate,
    #[auth(register)]
    hour: NaiveTime,
    #[auth(register)]
    token: uuid::Uuid,
    #[auth(register)]
    plan: Plan,
    #[auth(register)]
    points: Points,
}

#[crudauth::routes(user = Typed, session)]
struct TypedAuth;

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct Optional {
    id: i64,
    email: String,
    username: String,
    #[auth(register)]
    yes: Option<bool>,
    #[auth(register)]
    byte: Option<i8>,
    #[auth(register)]
    short: Option<i16>,
    #[auth(register)]
    double: Option<f64>,
    #[auth(register)]
    bytes: Option<Vec<u8>>,
    #[auth(register)]
    instant: Option<DateTime<Utc>>,
    #[auth(register)]
    day: Option<NaiveDate>,
    #[auth(register)]
    token: Option<uuid::Uuid>,
    #[auth(register)]
    plan: Option<Plan>,
}

#[crudauth::routes(user = Optional, session)]
struct OptionalAuth;

/// A sign-up form with values of every type.
fn filled() -> Value {
    let mut form = sign_up("ada");
    let more = json!({
        "yes": true, "byte": -7, "short": -300, "int": 70_000, "float": 0.5, "double": 1.0e-9,
        "bytes": [0, 255, 10, 39], "instant": "2024-02-29T23:59:59.123456Z",
        "local": "2030-01-02T03:04:05.654321", "day": "1903-12-17", "hour": "23:59:58.5",
        "token": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "plan": "it's \\ ünpaid", "points": 5,
    });
    form.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    form
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

on_every_pool! {
    async fn every_type_is_read_back_unchanged(database, pool) {
        migrations!(Typed).run(&pool).await.unwrap();
        assert!(migrations!(Typed).plan(&pool).await.unwrap().is_empty());
        let auth = TypedAuth::builder(pool, SECRET).build().await.unwrap();
        let user = register(auth.accounts(), &filled()).await.user;
        assert_eq!((user.id, &*user.email, &*user.username), (1, "ada@example.com", "ada"));
        assert_eq!((user.yes, user.byte, user.short, user.int), (true, -7, -300, 70_000));
        assert_eq!((user.float, user.double), (0.5, 1.0e-9));
        assert_eq!(user.bytes, [0, 255, 10, 39]);
        assert_eq!(user.instant, parsed::<DateTime<Utc>>("2024-02-29T23:59:59.123456Z"));
        assert_eq!(user.local, parsed("2030-01-02T03:04:05.654321"));
        assert_eq!(user.day, parsed("1903-12-17"));
        assert_eq!(user.hour, parsed("23:59:58.5"));
        assert_eq!(user.token, parsed::<uuid::Uuid>("6ba7b810-9dad-11d1-80b4-00c04fd430c8"));
        assert_eq!((user.plan, user.points), (Plan(r"it's \ ünpaid".to_owned()), Points(5)));
    }

    async fn every_optional_type_may_be_omitted(database, pool) {
        migrations!(Optional).run(&pool).await.unwrap();
        let auth = OptionalAuth::builder(pool, SECRET).build().await.unwrap();
        let none = register(auth.accounts(), &sign_up("bob")).await.user;
        assert_eq!((none.id, &*none.email, &*none.username), (1, "bob@example.com", "bob"));
        assert_eq!((none.yes, none.byte, none.short, none.double), (None, None, None, None));
        assert_eq!((none.bytes, none.instant, none.day), (None, None, None));
        assert_eq!((none.token, none.plan), (None, None));

        let some = register(auth.accounts(), &filled()).await.user;
        assert_eq!((some.yes, some.byte, some.short), (Some(true), Some(-7), Some(-300)));
        assert_eq!((some.double, some.bytes), (Some(1.0e-9), Some(vec![0, 255, 10, 39])));
        assert_eq!(some.instant, Some(parsed("2024-02-29T23:59:59.123456Z")));
        assert_eq!(some.day, Some(parsed("1903-12-17")));
        assert_eq!(some.token, Some(parsed("6ba7b810-9dad-11d1-80b4-00c04fd430c8")));
        assert_eq!(some.plan, Some(Plan(r"it's \ ünpaid".to_owned())));
    }
}

#[tokio::test]
async fn an_instant_after_2038_is_stored_on_mysql() {
    let (database, _) = Database::create(Kind::MySql).await;
    let Database::MySql(pool) = database.clone() else { unreachable!() };
    migrations!(Optional).run(&pool).await.unwrap();
    let auth = OptionalAuth::builder(pool, SECRET).build().await.unwrap();
    let mut form = filled();
    form["instant"] = json!("2055-05-05T05:05:05Z");
    let user = register(auth.accounts(), &form).await.user;
    assert_eq!(user.instant, Some(parsed("2055-05-05T05:05:05Z")));
}

#[derive(Clone, Debug, PartialEq, Deserialize, sqlx::Type)]
#[sqlx(type_name = "mood", rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum Mood {
    Sunny,
    Grim,
}

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
#[allow(dead_code, reason = "read by the library only")]
struct OnPostgres {
    id: i64,
    email: String,
    #[auth(register)]
    tags: Vec<String>,
    #[auth(default = PgInterval { months: 1, days: 2, microseconds: 3 })]
    notice: PgInterval,
    #[auth(register)]
    mood: Mood,
    #[auth(default = "grim")]
    humour: Mood,
    #[auth(register)]
    past: Option<Mood>,
}

#[crudauth::routes(user = OnPostgres, session)]
struct PostgresAuth;

#[tokio::test]
async fn postgres_only_types_are_columns_on_postgres() {
    let (database, _) = Database::create(Kind::Postgres).await;
    let Database::Postgres(pool) = database.clone() else { unreachable!() };
    database.execute("CREATE TYPE mood AS ENUM ('sunny', 'grim')").await;
    migrations!(OnPostgres).run(&pool).await.unwrap();
    assert!(migrations!(OnPostgres).plan(&pool).await.unwrap().is_empty());
    let auth = PostgresAuth::builder(pool, SECRET).build().await.unwrap();
    let mut form = sign_up("ada");
    form["tags"] = json!(["a", "it's"]);
    form["mood"] = json!("sunny");
    let user = register(auth.accounts(), &form).await.user;
    assert_eq!(user.tags, ["a", "it's"]);
    assert_eq!(user.notice, PgInterval { months: 1, days: 2, microseconds: 3 });
    assert_eq!((user.mood, user.humour, user.past), (Mood::Sunny, Mood::Grim, None));
}

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
#[allow(dead_code, reason = "read by the library only")]
struct OnSqlite {
    id: i64,
    email: String,
    #[auth(register)]
    mood: Mood,
    #[auth(default = Mood::Grim)]
    humour: Mood,
    past: Option<Mood>,
}

#[crudauth::routes(user = OnSqlite, session)]
struct SqliteAuth;

#[tokio::test]
async fn an_enum_is_a_text_on_sqlite() {
    let (database, _) = Database::create(Kind::Sqlite).await;
    let Database::Sqlite(pool) = database.clone() else { unreachable!() };
    migrations!(OnSqlite).run(&pool).await.unwrap();
    let auth = SqliteAuth::builder(pool, SECRET).build().await.unwrap();
    let mut form = sign_up("ada");
    form["mood"] = json!("sunny");
    let user = register(auth.accounts(), &form).await.user;
    assert_eq!((user.mood, user.humour, user.past), (Mood::Sunny, Mood::Grim, None));
    assert_eq!(database.text("SELECT mood || humour FROM users").await, "sunnygrim");
}
