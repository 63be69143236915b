//! The claims of a token.

use serde_json::json;

use super::{HEADER, claims, now, signed, verify, verify_with};
use crate::model::Checked;

#[test]
fn claims_have_the_documented_types() {
    let claims = claims();
    assert_eq!(claims["sub"], "42");
    assert_eq!(claims["ver"], 3);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("crudauth"), &json!("users")));
    assert_eq!(
        (&claims["token_type"], &claims["scopes"]),
        (&json!("access"), &json!(["read", "write"]))
    );
    assert_ne!(claims["jti"], self::claims()["jti"], "token ids are unique");
}

#[test]
fn a_signed_token_with_an_invalid_claim_is_rejected() {
    let seconds = now().timestamp();
    for (name, value) in [
        ("sub", json!(42)),
        ("sub", json!(null)),
        ("ver", json!("3")),
        ("ver", json!(3.0)),
        ("ver", json!(1_u64 << 31)),
        ("epc", json!(7)),
        ("epc", json!("")),
        ("epc", json!("+7")),
        ("epc", json!("07")),
        ("epc", json!("９")),
        ("epc", json!("9223372036854775808")),
        ("exp", json!("9999999999")),
        ("exp", json!(1_900_000_000.0)),
        ("exp", json!(1_900_000_000.5)),
        ("exp", json!(1e300)),
        ("exp", json!(u64::MAX)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(null)),
        ("exp", json!(true)),
        ("exp", json!([1_900_000_000])),
        ("iat", json!(seconds + 61)),
        ("iat", json!(seconds.to_string())),
        ("iat", json!(i64::MIN)),
        ("nbf", json!(seconds + 61)),
        ("nbf", json!(null)),
        ("nbf", json!("0")),
        ("jti", json!("")),
        ("jti", json!("0".repeat(31))),
        ("jti", json!("A".repeat(32))),
        ("iss", json!("crudauth2")),
        ("iss", json!(["crudauth"])),
        ("aud", json!("admins")),
        ("aud", json!(["users"])),
        ("token_type", json!("refresh")),
        ("token_type", json!(null)),
        ("scopes", json!("read")),
        ("scopes", json!(7)),
        ("scopes", json!([7])),
        ("scopes", json!(["a b"])),
        ("scopes", json!([""])),
        ("scopes", json!(["read", "read"])),
        ("sid", json!("")),
        ("sid", json!("../x")),
        ("sid", json!("A".repeat(64))),
        ("sid", json!("0".repeat(66))),
    ] {
        assert_eq!(verify_with(name, value.clone()), Checked::Malformed, "{name}: {value}");
    }
}

#[test]
fn every_claim_is_required_once() {
    let all = claims();
    for name in all.as_object().unwrap().keys() {
        let mut without = all.clone();
        without.as_object_mut().unwrap().remove(name);
        assert_eq!(verify(&signed(HEADER, without.to_string())), Checked::Malformed, "{name}");
        let text = all.to_string();
        let twice = format!("{},\"{name}\":{}}}", &text[..text.len() - 1], all[name]);
        assert_eq!(verify(&signed(HEADER, twice)), Checked::Malformed, "{name} twice");
    }
}

#[test]
fn unknown_claims_are_ignored() {
    assert!(matches!(verify_with("more", json!({ "x": [1] })), Checked::Valid(_)));
    assert!(matches!(verify_with("nbf", json!(now().timestamp())), Checked::Valid(_)));
}

#[test]
fn claims_that_are_not_an_object_are_rejected() {
    let text = claims().to_string();
    let values: Vec<_> = claims().as_object().unwrap().values().cloned().collect();
    for claims in [
        "",
        "null",
        "7",
        "{",
        "\u{feff}{}",
        &json!(values).to_string(),
        &format!("{text}x"),
        &format!("{text}{text}"),
        &format!(" {text}"),
        &text.replace("\"42\"", r#""\ud800""#),
    ] {
        assert_eq!(verify(&signed(HEADER, claims)), Checked::Malformed, "{claims}");
    }
    assert_eq!(verify(&signed(HEADER, b"{\"sub\":\"\xff\"}")), Checked::Malformed);
}

#[test]
fn the_clock_of_another_server_may_be_a_minute_ahead() {
    for name in ["iat", "nbf"] {
        let minute_ahead = json!(now().timestamp() + 60);
        assert!(matches!(verify_with(name, minute_ahead), Checked::Valid(_)), "{name}");
    }
}
