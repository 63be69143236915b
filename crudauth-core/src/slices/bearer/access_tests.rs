#![allow(clippy::unwrap_used, reason = "a failed setup fails the test")]

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::access::{Access, AccessTokens};
use super::{BearerConfig, FamilyId, Signing};
use crate::model::{AccountState, Checked, KeyRing, Scopes, SecretKey};
use crate::random::random;

const SECRET: &str = "an app's secret of more than 32 bytes";
const OTHER: &str = "another secret of more than 32 bytes!";
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn ring(current: &str, previous: &[&str]) -> KeyRing {
    let previous: Vec<_> = previous.iter().map(|&secret| SecretKey::from(secret)).collect();
    KeyRing::new(&SecretKey::from(current), &previous).unwrap()
}

fn mount(ring: &KeyRing) -> AccessTokens {
    AccessTokens::new(&BearerConfig::default(), ring, "users")
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 999_000_000).unwrap()
}

fn access() -> Access {
    let issued_at = DateTime::from_timestamp(now().timestamp(), 0).unwrap();
    Access {
        subject: "42".to_owned(),
        state: AccountState { version: 3, security_stamp: i64::MAX },
        family: FamilyId::generate(),
        scopes: Scopes::parse("read write"),
        issued_at,
        expires_at: issued_at + TimeDelta::seconds(900),
        id: random(),
    }
}

/// Returns the claims of a valid token.
fn claims() -> Value {
    let token = mount(&ring(SECRET, &[])).sign(&access()).unwrap();
    let part = token.expose().split('.').nth(1).unwrap().to_owned();
    serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap()
}

/// Signs any claims with the right key.
fn signed(header: &str, claims: impl AsRef<[u8]>) -> String {
    let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let signature = ring(SECRET, &[]).current().access.sign(message.as_bytes());
    format!("{message}.{}", BASE64.encode(signature.as_bytes()))
}

fn verify(token: &str) -> Checked<Access> {
    mount(&ring(SECRET, &[])).verify(token, now())
}

fn verify_with(name: &str, value: Value) -> Checked<Access> {
    let mut claims = claims();
    claims[name] = value;
    verify(&signed(HEADER, claims.to_string()))
}

#[test]
fn a_signed_token_verifies() {
    let keys = ring(SECRET, &[]);
    let access = access();
    let token = mount(&keys).sign(&access).unwrap();
    assert_eq!(mount(&keys).verify(token.expose(), now()), Checked::Valid(access));
    let header = BASE64.decode(token.expose().split('.').next().unwrap()).unwrap();
    assert_eq!(header, HEADER.as_bytes());
    assert!(!format!("{token:?}").contains(token.expose()));
}

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
fn a_signed_token_with_another_header_is_rejected() {
    for header in [
        r#"{"alg":"none","typ":"JWT"}"#,
        r#"{"alg":"HS384","typ":"JWT"}"#,
        r#"{"alg":"HS512","typ":"JWT"}"#,
        r#"{"alg":"RS256","typ":"JWT"}"#,
        r#"{"alg":"EdDSA","typ":"JWT"}"#,
        r#"{"typ":"JWT","alg":"HS256"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"../../dev/null"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":7}"#,
        r#"{"alg":"HS256","typ":"JWT","crit":["exp"],"exp":1}"#,
        r#"{"alg":"HS256","typ":"JWT","jwk":{"kty":"oct","k":"AA"}}"#,
        r#"{"alg":"HS256","alg":"none","typ":"JWT"}"#,
        r#"{"alg":"HS256"}"#,
        r#" {"alg":"HS256","typ":"JWT"}"#,
        "",
        "{",
        "[]",
    ] {
        let token = signed(header, claims().to_string());
        assert_eq!(verify(&token), Checked::Malformed, "{header}");
        let (unsigned, _) = token.rsplit_once('.').unwrap();
        assert_eq!(verify(&format!("{unsigned}.")), Checked::Malformed, "{header}");
    }
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
fn the_clock_of_another_server_may_be_a_minute_ahead() {
    for name in ["iat", "nbf"] {
        let minute_ahead = json!(now().timestamp() + 60);
        assert!(matches!(verify_with(name, minute_ahead), Checked::Valid(_)), "{name}");
    }
}

#[test]
fn a_token_is_expired_at_its_expiry_time() {
    let seconds = now().timestamp();
    assert_eq!(verify_with("exp", json!(seconds)), Checked::Expired);
    assert_eq!(verify_with("exp", json!(-1)), Checked::Expired);
    assert!(matches!(verify_with("exp", json!(seconds + 1)), Checked::Valid(_)));
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
fn a_changed_character_invalidates_the_token() {
    let valid = mount(&ring(SECRET, &[])).sign(&access()).unwrap().expose().to_owned();
    for at in 0..valid.len() {
        for other in ["A", "B", ".", "=", "é"] {
            let forged = format!("{}{other}{}", &valid[..at], &valid[at + 1..]);
            if forged != valid {
                assert_eq!(verify(&forged), Checked::Malformed, "character {at}");
            }
        }
        assert_eq!(verify(&valid[..at]), Checked::Malformed, "cut at {at}");
    }
    // The last character of a signature has two unused bits.
    let last = valid.chars().last().unwrap();
    let spellings = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']);
    for other in spellings.filter(|other| *other != last) {
        assert_eq!(verify(&format!("{}{other}", &valid[..valid.len() - 1])), Checked::Malformed);
    }
}

#[test]
fn text_around_a_token_invalidates_it() {
    let valid = mount(&ring(SECRET, &[])).sign(&access()).unwrap().expose().to_owned();
    for forged in [
        format!("{valid} "),
        format!(" {valid}"),
        format!("{valid}="),
        format!("{valid}."),
        format!("{valid}.e30"),
        format!("{valid}\0"),
        format!(".{valid}"),
        format!("{valid},{valid}"),
    ] {
        assert_eq!(verify(&forged), Checked::Malformed, "{forged}");
    }
}

#[test]
fn an_overlong_token_is_rejected() {
    let valid = mount(&ring(SECRET, &[])).sign(&access()).unwrap().expose().to_owned();
    assert_eq!(verify(&"A".repeat(20_000_000)), Checked::Malformed);
    // Unknown claims only count towards the length.
    assert!(matches!(verify_with("pad", json!("x".repeat(4 * 1024))), Checked::Valid(_)));
    assert_eq!(verify_with("pad", json!("x".repeat(8 * 1024))), Checked::Malformed);
    assert!(valid.len() < 1024, "{}", valid.len());
}

#[test]
fn the_largest_issued_token_verifies() {
    let names: Vec<_> = (0..Scopes::MOST).map(|n| format!("{n:064}")).collect();
    let access = Access { scopes: Scopes::of(names).unwrap(), subject: "x".repeat(64), ..access() };
    let config = BearerConfig {
        issuer: "i".repeat(200),
        audience: Some("a".repeat(200)),
        ..BearerConfig::default()
    };
    let tokens = AccessTokens::new(&config, &ring(SECRET, &[]), "users");
    let token = tokens.sign(&access).unwrap();
    assert_eq!(tokens.verify(token.expose(), now()), Checked::Valid(access));
}

#[test]
fn keys_of_other_apps_and_purposes_do_not_verify() {
    let token = mount(&ring(OTHER, &[])).sign(&access()).unwrap();
    assert_eq!(verify(token.expose()), Checked::Malformed);
    let (message, _) = token.expose().rsplit_once('.').unwrap();
    let keys = ring(SECRET, &[]);
    for key in [&keys.current().device, &keys.current().counter, &keys.current().refresh_mark] {
        let forged =
            format!("{message}.{}", BASE64.encode(key.sign(message.as_bytes()).as_bytes()));
        assert_eq!(verify(&forged), Checked::Malformed);
    }
    let raw = {
        use hmac::{Hmac, KeyInit, Mac};
        let mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.chain_update(message).finalize().into_bytes()
    };
    assert_eq!(verify(&format!("{message}.{}", BASE64.encode(raw))), Checked::Malformed);
}

#[test]
fn a_previous_secret_still_verifies() {
    let token = mount(&ring(SECRET, &[])).sign(&access()).unwrap();
    let after = mount(&ring(OTHER, &[SECRET]));
    assert!(matches!(after.verify(token.expose(), now()), Checked::Valid(_)));
}

#[test]
fn a_derived_key_is_not_published() {
    assert_eq!(mount(&ring(SECRET, &[])).jwks(), None);
    assert!(Signing::default().validate().is_empty());
}

proptest! {
    #[test]
    fn any_text_is_rejected(text in "\\PC{0,300}|[A-Za-z0-9_.=-]{0,300}") {
        prop_assert_eq!(verify(&text), Checked::Malformed);
    }

    #[test]
    fn any_signed_bytes_are_rejected(claims in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(verify(&signed(HEADER, claims)), Checked::Malformed);
    }

    #[test]
    fn any_number_in_a_claim_yields_a_result(number in any::<i64>(), which in 0..4_usize) {
        let name = ["exp", "iat", "nbf", "ver"][which];
        let _ = verify_with(name, json!(number));
    }

    #[test]
    fn any_other_header_is_rejected(header in "\\{\"alg\":\"[A-Za-z0-9]{0,6}\",\"typ\":\"JWT\"\\}") {
        prop_assume!(header != HEADER);
        prop_assert_eq!(verify(&signed(&header, claims().to_string())), Checked::Malformed);
    }
}
