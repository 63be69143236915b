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
pub(crate) struct Plan(String);

#[derive(Clone, Debug, PartialEq, Deserialize, sqlx::Type)]
#[sqlx(transparent)]
pub(crate) struct Points(i64);

/// Columns of every type: required ones, optional ones, and two that a sign-up cannot set.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
pub(crate) struct Typed {
    pub(crate) id: i64,
    email: String,
    username: String,
    #[auth(register)]
    pub(crate) yes: bool,
    #[auth(register)]
    pub(crate) byte: i8,
    #[auth(register)]
    pub(crate) short: i16,
    #[auth(register)]
    pub(crate) int: i32,
    #[auth(register)]
    pub(crate) float: f32,
    #[auth(register)]
    pub(crate) double: f64,
    #[auth(register)]
    pub(crate) text: String,
    #[auth(register)]
    pub(crate) bytes: Vec<u8>,
    #[auth(register)]
    pub(crate) instant: DateTime<Utc>,
    #[auth(register)]
    pub(crate) local: NaiveDateTime,
    #[auth(register)]
    pub(crate) day: NaiveDate,
    #[auth(register)]
    pub(crate) hour: NaiveTime,
    #[auth(register)]
    pub(crate) token: uuid::Uuid,
    #[auth(register)]
    pub(crate) plan: Plan,
    #[auth(register)]
    pub(crate) points: Points,
    #[auth(register)]
    any_yes: Option<bool>,
    #[auth(register)]
    any_byte: Option<i8>,
    #[auth(register)]
    any_short: Option<i16>,
    #[auth(register)]
    any_double: Option<f64>,
    #[auth(register)]
    any_bytes: Option<Vec<u8>>,
    #[auth(register)]
    any_instant: Option<DateTime<Utc>>,
    #[auth(register)]
    any_day: Option<NaiveDate>,
    #[auth(register)]
    any_token: Option<uuid::Uuid>,
    #[auth(register)]
    any_plan: Option<Plan>,
    pub(crate) is_superuser: bool,
    pub(crate) own: Option<String>,
}

#[crudauth::routes(user = Typed, session)]
pub(crate) struct TypedAuth;

/// The required fields of a sign-up.
pub(crate) const REQUIRED: [&str; 15] = [
    "yes", "byte", "short", "int", "float", "double", "text", "bytes", "instant", "local", "day",
    "hour", "token", "plan", "points",
];

/// The optional fields of a sign-up.
pub(crate) const OPTIONAL: [&str; 9] = [
    "any_yes",
    "any_byte",
    "any_short",
    "any_double",
    "any_bytes",
    "any_instant",
    "any_day",
    "any_token",
    "any_plan",
];

/// A sign-up form with a value of every required type.
pub(crate) fn required() -> Value {
    let mut form = sign_up("ada");
    let more = json!({
        "yes": true, "byte": -7, "short": -300, "int": 70_000, "float": 0.5, "double": 1.0e-9,
        "text": "it's text", "bytes": [0, 255, 10, 39], "instant": "2024-02-29T23:59:59.123456Z",
        "local": "2030-01-02T03:04:05.654321", "day": "1903-12-17", "hour": "23:59:58.5",
        "token": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "plan": "it's \\ ünpaid", "points": 5,
    });
    form.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    form
}

/// The same form with a value of every optional type.
fn filled() -> Value {
    let mut form = required();
    for name in OPTIONAL {
        form[name] = form[name.trim_start_matches("any_")].clone();
    }
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
        assert_eq!((user.float, user.double, &*user.text), (0.5, 1.0e-9, "it's text"));
        assert_eq!(user.bytes, [0, 255, 10, 39]);
        assert_eq!(user.instant, parsed::<DateTime<Utc>>("2024-02-29T23:59:59.123456Z"));
        assert_eq!(user.local, parsed("2030-01-02T03:04:05.654321"));
        assert_eq!(user.day, parsed("1903-12-17"));
        assert_eq!(user.hour, parsed("23:59:58.5"));
        assert_eq!(user.token, parsed::<uuid::Uuid>("6ba7b810-9dad-11d1-80b4-00c04fd430c8"));
        assert_eq!((&user.plan, user.points), (&Plan(r"it's \ ünpaid".to_owned()), Points(5)));

        assert_eq!((user.any_yes, user.any_byte), (Some(true), Some(-7)));
        assert_eq!((user.any_short, user.any_double), (Some(-300), Some(1.0e-9)));
        assert_eq!((user.any_bytes, user.any_instant), (Some(user.bytes), Some(user.instant)));
        assert_eq!((user.any_day, user.any_token), (Some(user.day), Some(user.token)));
        assert_eq!(user.any_plan, Some(user.plan));
    }

    async fn every_optional_type_may_be_omitted(database, pool) {
        migrations!(Typed).run(&pool).await.unwrap();
        let auth = TypedAuth::builder(pool, SECRET).build().await.unwrap();
        let user = register(auth.accounts(), &required()).await.user;
        assert_eq!((user.any_yes, user.any_byte), (None, None));
        assert_eq!((user.any_short, user.any_double), (None, None));
        assert_eq!((user.any_bytes, user.any_instant), (None, None));
        assert_eq!((user.any_day, user.any_token, user.any_plan), (None, None, None));
    }
}

#[tokio::test]
async fn an_instant_after_2038_is_stored_on_mysql() {
    let (database, _) = Database::create(Kind::MySql).await;
    let Database::MySql(pool) = database.clone() else { unreachable!() };
    migrations!(Typed).run(&pool).await.unwrap();
    let auth = TypedAuth::builder(pool, SECRET).build().await.unwrap();
    let mut form = filled();
    form["any_instant"] = json!("2055-05-05T05:05:05Z");
    let user = register(auth.accounts(), &form).await.user;
    assert_eq!(user.any_instant, Some(parsed("2055-05-05T05:05:05Z")));
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
