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
fn a_json_object_may_be_in_any_encoding_of_unicode() {
    let text = r#"{"name": "Zoë 🦀"}"#;
    let utf16 = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<_>>();
    let utf32 =
        |unit: fn(u32) -> [u8; 4]| text.chars().map(u32::from).flat_map(unit).collect::<Vec<_>>();
    let name = |body: &[u8]| Form::from_json(body).unwrap().text("name").unwrap();
    for (mark, body) in [
        (&b"\xef\xbb\xbf"[..], text.as_bytes().to_vec()),
        (b"\xfe\xff", utf16(u16::to_be_bytes)),
        (b"\xff\xfe", utf16(u16::to_le_bytes)),
        (b"\0\0\xfe\xff", utf32(u32::to_be_bytes)),
        (b"\xff\xfe\0\0", utf32(u32::to_le_bytes)),
    ] {
        assert_eq!(name(&body), "Zoë 🦀", "{body:x?}");
        assert_eq!(name(&[mark, &body].concat()), "Zoë 🦀", "{mark:x?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_no_json_object() {
    for body in [
        &b"\xfe\xff\0{\0}\0"[..],
        b"\xff\xfe{\0\"\0\x00\xd8\"\0:\x001\0}\0",
        b"\0\0\xfe\xff\0\x11\0\0",
        b"\0\0\0{\0\0\0",
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
        b"\xef\xbb\xbf",
        b"\0",
        b"",
    ] {
        assert_eq!(Form::from_json(body).err(), Some(InvalidForm), "{body:x?}");
    }
}

#[test]
fn a_blank_text_is_none_only_for_optional_fields_and_only_if_asked() {
    let body = br#"{"nick": " ", "age": "", "name": ""}"#;
    let mut form = Form::from_json(body).unwrap();
    form.read_blank_as_none();
    assert_eq!(form.take::<Option<String>>("nick"), Ok(None));
    assert_eq!(form.take::<Option<u8>>("age"), Ok(None));
    assert_eq!(form.take::<String>("name"), Ok(String::new()));
    let mut form = Form::from_json(body).unwrap();
    assert_eq!(form.take::<Option<String>>("nick"), Ok(Some(" ".to_owned())));
    assert_eq!(form.take::<Option<u8>>("age"), Err(InvalidField));
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
