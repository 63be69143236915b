#![allow(clippy::unwrap_used, reason = "a failed setup fails the test")]

use super::*;

fn errors(body: &str, read: impl FnOnce(&mut Form)) -> Vec<FieldError> {
    let mut form = Form::from_json(body.as_bytes()).unwrap();
    read(&mut form);
    form.into_errors()
}

#[test]
fn all_errors_are_reported_with_their_fields() {
    let errors = errors(r#"{"age": "old", "nick": 5}"#, |form| {
        let _ = form.take::<u8>("age");
        let _ = form.text("nick");
        let _ = form.text("email");
    });
    let kinds: Vec<_> = errors.iter().map(|error| (&*error.field, error.kind)).collect();
    let expected = [
        ("age", FieldErrorKind::Type),
        ("nick", FieldErrorKind::Type),
        ("email", FieldErrorKind::Missing),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn errors_do_not_repeat_the_input() {
    let errors = errors(r#"{"age": "s3cret", "list": ["s3cret"]}"#, |form| {
        let _ = form.take::<u8>("age");
        let _ = form.take::<bool>("list");
    });
    assert_eq!(errors.len(), 2);
    assert!(errors.iter().all(|error| !error.message.contains("s3cret")));
}

#[test]
fn an_optional_field_may_be_omitted_or_null() {
    for body in ["{}", r#"{"nick": null}"#] {
        let mut form = Form::from_json(body.as_bytes()).unwrap();
        assert_eq!(form.take::<Option<String>>("nick"), Ok(None));
        assert!(form.finish().is_ok());
    }
}

#[test]
fn a_lone_surrogate_a_nul_and_a_repetition_name_their_field() {
    for body in [
        r#"{"password": "\ud800", "x": 1}"#,
        r#"{"password": "a\u0000b"}"#,
        r#"{"password": "a", "password": "b"}"#,
    ] {
        let errors = errors(body, |form| drop(form.text("password")));
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].field, "password");
    }
}

#[test]
fn an_escaped_backslash_before_u0000_is_plain_text() {
    let mut form = Form::from_json(br#"{"nick": "a\\u0000"}"#).unwrap();
    assert_eq!(form.text("nick").as_deref(), Ok(r"a\u0000"));
}

#[test]
fn the_smallest_limit_counts() {
    let errors = errors(r#"{"nick": "12345"}"#, |form| {
        form.limit("nick", 8);
        form.limit("nick", 4);
        let _ = form.text("nick");
    });
    assert_eq!(errors, [FieldError::too_long("nick", 4)]);
}

#[test]
fn only_json_objects_are_forms() {
    for body in ["", "{bad", "[]", "\"text\"", "7", "{\"a\":1}x"] {
        assert!(Form::from_json(body.as_bytes()).is_err(), "{body}");
    }
    assert!(Form::from_json(b"\xff\xfe").is_err());
}

#[test]
fn an_empty_password_is_missing_at_sign_in_only() {
    let mut form = Form::from_texts([("password".to_owned(), String::new())]);
    assert!(form.password("password").is_ok());
    let mut form = Form::from_texts([("password".to_owned(), String::new())]);
    assert_eq!(form.sign_in_password("password").err(), Some(InvalidField));
    assert_eq!(form.into_errors(), [FieldError::missing("password")]);
}

#[test]
fn an_overlong_password_is_rejected() {
    let mut form = Form::from_texts([("password".to_owned(), "x".repeat(4097))]);
    assert!(form.password("password").is_err());
    assert_eq!(form.into_errors(), [FieldError::too_long("password", 4096)]);
}
