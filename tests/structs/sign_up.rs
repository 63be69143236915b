//! Sign-up forms: settable fields and field errors.

use crudauth::{FieldErrorKind, Password, SignInRequest, migrations};
use crudauth_tests::{PASSWORD, SECRET, on_every_pool, sign_up};
use serde_json::json;

use super::client::Client;
use super::columns::{OPTIONAL, REQUIRED, Typed, TypedAuth, required};
use super::{field_errors, register};

#[test]
fn every_wrong_value_is_reported_by_name_and_not_repeated() {
    let errors = field_errors::<Typed>(&json!({
        "email": "s3cret", "username": "", "password": "a-strong-one",
        "yes": "s3cret", "byte": 300, "short": 70_000, "int": "s3cret", "float": "s3cret",
        "double": "s3cret", "text": 53, "bytes": [256], "instant": "s3cret", "local": "s3cret",
        "day": "s3cret", "hour": "s3cret", "token": "s3cret", "plan": {"s3cret": 1},
        "points": "s3cret",
        "any_yes": "s3cret", "any_byte": "s3cret", "any_short": 70_000, "any_double": "s3cret",
        "any_bytes": [256], "any_instant": "s3cret", "any_day": "s3cret", "any_token": "s3cret",
        "any_plan": {"s3cret": 1},
    }));
    let fields: Vec<_> = errors.iter().map(|error| &*error.field).collect();
    assert_eq!(fields, [&["email", "username"], &REQUIRED[..], &OPTIONAL[..]].concat());
    assert!(errors[2..].iter().all(|error| error.kind == FieldErrorKind::Type), "{errors:?}");
    for error in &errors {
        let message = &error.message;
        assert!(!message.is_empty() && !message.contains("s3cret") && !message.contains("70000"));
    }
}

#[test]
fn every_missing_required_field_is_reported() {
    let errors = field_errors::<Typed>(&json!({}));
    let missing: Vec<_> = errors.iter().map(|error| (&*error.field, error.kind)).collect();
    let fields = [&["email", "username", "password"], &REQUIRED[..]].concat();
    let expected: Vec<_> =
        fields.into_iter().map(|field| (field, FieldErrorKind::Missing)).collect();
    assert_eq!(missing, expected);
}

#[test]
fn null_is_valid_for_optional_fields_only() {
    let mut form = sign_up("ada");
    for name in REQUIRED.iter().chain(&OPTIONAL) {
        form[*name] = json!(null);
    }
    let errors = field_errors::<Typed>(&form);
    let fields: Vec<_> = errors.iter().map(|error| &*error.field).collect();
    assert_eq!(fields, REQUIRED);
}

on_every_pool! {
    async fn a_sign_up_sets_opted_in_columns_only(database, pool) {
        migrations!(Typed).run(&pool).await.unwrap();
        let auth = TypedAuth::builder(pool, SECRET).build().await.unwrap();
        let mut form = required();
        let more = json!({
            "id": 99, "own": "mine", "is_superuser": true, "is_active": false,
            "email_verified": true, "token_version": 9, "auth_epoch": 9, "username_key": "eve",
            "hashed_password": "!", "created_at": "2000-01-01T00:00:00Z",
        });
        form.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let account = register(auth.accounts(), &form).await;
        assert!(account.is_active() && !account.is_superuser() && !account.is_verified());
        let user = account.user;
        assert_eq!((user.id, &*user.text, user.short, user.own), (1, "it's text", -300, None));
        assert!(!user.is_superuser && user.yes);
        let version = "SELECT COUNT(*) FROM users WHERE token_version = 0 AND username_key = 'ada'";
        assert_eq!(database.number(version).await, 1);
        let password = Password::parse(PASSWORD).unwrap();
        assert!(auth.accounts().sign_in(SignInRequest::new("ada", password.clone())).await.is_ok());
    }

    async fn a_rejected_form_adds_nothing(database, pool) {
        migrations!(Typed).run(&pool).await.unwrap();
        let auth = TypedAuth::builder(pool, SECRET).build().await.unwrap();
        let mut browser = Client::of(auth.routes());
        let (status, body) = browser.post("/register", &sign_up("ada")).await;
        assert_eq!(status, 422);
        let fields: Vec<_> =
            body["detail"].as_array().unwrap().iter().map(|one| &one["loc"][1]).collect();
        assert_eq!(fields, REQUIRED);
        assert_eq!(database.number("SELECT COUNT(*) FROM users").await, 0);
    }
}
