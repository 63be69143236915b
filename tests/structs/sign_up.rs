//! Sign-up forms: settable fields and field errors.

use chrono::{DateTime, NaiveDate, Utc};
use crudauth::{AuthUser, Rule, migrations};
use crudauth_tests::{SECRET, on_every_pool, sign_up};
use serde::Deserialize;
use serde_json::json;

use super::client::Client;
use super::{field_errors, register};

#[derive(Clone, Debug, PartialEq, Deserialize, sqlx::Type)]
#[sqlx(transparent)]
struct Plan(String);

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
#[allow(dead_code, reason = "read by the library only")]
struct User {
    id: i64,
    email: String,
    username: String,
    #[auth(register)]
    name: String,
    #[auth(register)]
    age: i16,
    #[auth(register)]
    height: Option<f64>,
    #[auth(register)]
    born: NaiveDate,
    #[auth(register)]
    seen: Option<DateTime<Utc>>,
    #[auth(register)]
    key: uuid::Uuid,
    #[auth(register)]
    raw: Vec<u8>,
    #[auth(register)]
    terms: bool,
    #[auth(register)]
    plan: Plan,
    is_superuser: bool,
    own: Option<String>,
}

#[crudauth::routes(user = User, session)]
struct Auth;

const ASKED: [&str; 9] = ["name", "age", "height", "born", "seen", "key", "raw", "terms", "plan"];

#[test]
fn every_wrong_value_is_reported_by_name_and_not_repeated() {
    let errors = field_errors::<User>(&json!({
        "email": "s3cret", "username": "", "password": "a-strong-one", "name": 53, "age": 70_000,
        "height": "s3cret", "born": "s3cret", "seen": "s3cret", "key": "s3cret", "raw": [256],
        "terms": "s3cret", "plan": {"s3cret": 1},
    }));
    let fields: Vec<_> = errors.iter().map(|error| &*error.field).collect();
    let wanted: Vec<_> = ["email", "username"].into_iter().chain(ASKED).collect();
    assert_eq!(fields, wanted);
    assert!(errors[2..].iter().all(|error| error.rule == Rule::Type), "{errors:?}");
    for error in &errors {
        let message = &error.message;
        assert!(!message.is_empty() && !message.contains("s3cret") && !message.contains("70000"));
    }
}

#[test]
fn every_missing_required_field_is_reported() {
    let errors = field_errors::<User>(&json!({}));
    let missing: Vec<_> = errors.iter().map(|error| (&*error.field, error.rule)).collect();
    let wanted =
        ["email", "username", "password", "name", "age", "born", "key", "raw", "terms", "plan"];
    assert_eq!(missing, wanted.map(|field| (field, Rule::Missing)));
}

#[test]
fn null_is_valid_for_optional_fields_only() {
    let mut form = sign_up("ada");
    for name in ASKED {
        form[name] = json!(null);
    }
    let errors = field_errors::<User>(&form);
    let fields: Vec<_> = errors.iter().map(|error| &*error.field).collect();
    assert_eq!(fields, ["name", "age", "born", "key", "raw", "terms", "plan"]);
}

on_every_pool! {
    async fn a_sign_up_sets_opted_in_columns_only(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        let mut form = sign_up("ada");
        let more = json!({
            "name": "Ada", "age": 36, "born": "1815-12-10", "raw": [1], "terms": true,
            "key": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "plan": "free",
            "id": 99, "own": "mine", "is_superuser": true, "is_active": false,
            "email_verified": true, "token_version": 9, "auth_epoch": 9, "username_key": "eve",
            "hashed_password": "!", "created_at": "2000-01-01T00:00:00Z",
        });
        form.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let account = register(auth.accounts(), &form).await;
        assert!(account.is_active() && !account.is_superuser() && !account.is_verified());
        let user = account.user;
        assert_eq!((user.id, &*user.name, user.age, user.own), (1, "Ada", 36, None));
        assert!(!user.is_superuser && user.terms);
        let version = "SELECT COUNT(*) FROM users WHERE token_version = 0 AND username_key = 'ada'";
        assert_eq!(database.number(version).await, 1);
        assert_eq!(Client::of(auth.routes()).login("ada").await.0, 200);
    }

    async fn a_rejected_form_adds_nothing(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        let mut browser = Client::of(auth.routes());
        let (status, errors) = browser.post("/register", &sign_up("ada")).await;
        assert_eq!(status, 422);
        let fields: Vec<_> =
            errors["detail"].as_array().unwrap().iter().map(|one| &one["loc"][1]).collect();
        assert_eq!(fields, ["name", "age", "born", "key", "raw", "terms", "plan"]);
        assert_eq!(database.number("SELECT COUNT(*) FROM users").await, 0);
    }
}
