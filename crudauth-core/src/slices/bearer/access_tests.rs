#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::access::{Access, AccessTokens, Judged, token_id};
use super::{BearerConfig, Signing};
use crate::model::{KeyRing, Scopes, SecretKey};
use crate::ports::{GrantId, OsEntropy};

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
        version: 3,
        epoch: i64::MAX,
        grant: GrantId::generate(&OsEntropy),
        scopes: Scopes::parse("read write"),
        issued_at,
        expires_at: issued_at + TimeDelta::seconds(900),
        id: token_id(&OsEntropy),
    }
}

/// The claims of a good token.
fn claims() -> Value {
    let token = mount(&ring(SECRET, &[])).sign(&access()).unwrap();
    let part = token.expose().split('.').nth(1).unwrap().to_owned();
    serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap()
}

/// Signs whatever is given with the right key.
fn signed(header: &str, claims: impl AsRef<[u8]>) -> String {
    let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let signature = ring(SECRET, &[]).current().access.sign(message.as_bytes());
    format!("{message}.{}", BASE64.encode(signature.as_bytes()))
}

fn judged(token: &str) -> Judged {
    mount(&ring(SECRET, &[])).judge(token, now())
}

fn judged_with(name: &str, value: Value) -> Judged {
    let mut claims = claims();
    claims[name] = value;
    judged(&signed(HEADER, claims.to_string()))
}

#[test]
fn a_token_says_what_it_was_made_to_say() {
    let keys = ring(SECRET, &[]);
    let access = access();
    let token = mount(&keys).sign(&access).unwrap();
    assert_eq!(mount(&keys).judge(token.expose(), now()), Judged::Valid(access));
    let header = BASE64.decode(token.expose().split('.').next().unwrap()).unwrap();
    assert_eq!(header, HEADER.as_bytes());
    assert!(!format!("{token:?}").contains(token.expose()));
}

#[test]
fn claims_have_the_types_that_are_written_down() {
    let claims = claims();
    assert_eq!(claims["sub"], "42");
    assert_eq!(claims["ver"], 3);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("crudauth"), &json!("users")));
    assert_eq!(
        (&claims["token_type"], &claims["scopes"]),
        (&json!("access"), &json!(["read", "write"]))
    );
    assert_ne!(claims["jti"], self::claims()["jti"], "no two tokens are one string");
}

#[test]
fn any_other_header_is_refused_however_rightly_signed() {
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
        assert_eq!(judged(&token), Judged::Invalid, "{header}");
        let (unsigned, _) = token.rsplit_once('.').unwrap();
        assert_eq!(judged(&format!("{unsigned}.")), Judged::Invalid, "{header}");
    }
}

#[test]
fn a_claim_that_is_forged_is_refused_however_rightly_signed() {
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
        assert_eq!(judged_with(name, value.clone()), Judged::Invalid, "{name}: {value}");
    }
}

#[test]
fn every_claim_must_be_there_and_once() {
    let all = claims();
    for name in all.as_object().unwrap().keys() {
        let mut without = all.clone();
        without.as_object_mut().unwrap().remove(name);
        assert_eq!(judged(&signed(HEADER, without.to_string())), Judged::Invalid, "{name}");
        let text = all.to_string();
        let twice = format!("{},\"{name}\":{}}}", &text[..text.len() - 1], all[name]);
        assert_eq!(judged(&signed(HEADER, twice)), Judged::Invalid, "{name} twice");
    }
}

#[test]
fn what_nobody_knows_is_not_looked_at() {
    assert!(matches!(judged_with("more", json!({ "x": [1] })), Judged::Valid(_)));
    assert!(matches!(judged_with("nbf", json!(now().timestamp())), Judged::Valid(_)));
}

#[test]
fn it_has_expired_in_the_second_in_which_it_expires() {
    let seconds = now().timestamp();
    assert_eq!(judged_with("exp", json!(seconds)), Judged::Expired);
    assert_eq!(judged_with("exp", json!(-1)), Judged::Expired);
    assert!(matches!(judged_with("exp", json!(seconds + 1)), Judged::Valid(_)));
}

#[test]
fn claims_that_are_no_object_are_refused() {
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
        assert_eq!(judged(&signed(HEADER, claims)), Judged::Invalid, "{claims}");
    }
    assert_eq!(judged(&signed(HEADER, b"{\"sub\":\"\xff\"}")), Judged::Invalid);
}

#[test]
fn every_character_counts() {
    let good = mount(&ring(SECRET, &[])).sign(&access()).unwrap().expose().to_owned();
    for at in 0..good.len() {
        for other in ["A", "B", ".", "=", "é"] {
            let forged = format!("{}{other}{}", &good[..at], &good[at + 1..]);
            if forged != good {
                assert_eq!(judged(&forged), Judged::Invalid, "character {at}");
            }
        }
        assert_eq!(judged(&good[..at]), Judged::Invalid, "cut at {at}");
    }
    // The last character of a signature has two bits to spare.
    let last = good.chars().last().unwrap();
    let spellings = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']);
    for other in spellings.filter(|other| *other != last) {
        assert_eq!(judged(&format!("{}{other}", &good[..good.len() - 1])), Judged::Invalid);
    }
}

#[test]
fn what_follows_or_precedes_a_token_is_not_passed_over() {
    let good = mount(&ring(SECRET, &[])).sign(&access()).unwrap().expose().to_owned();
    for forged in [
        format!("{good} "),
        format!(" {good}"),
        format!("{good}="),
        format!("{good}."),
        format!("{good}.e30"),
        format!("{good}\0"),
        format!(".{good}"),
        format!("{good},{good}"),
    ] {
        assert_eq!(judged(&forged), Judged::Invalid, "{forged}");
    }
}

#[test]
fn a_huge_token_is_refused_unread() {
    let good = mount(&ring(SECRET, &[])).sign(&access()).unwrap().expose().to_owned();
    assert_eq!(judged(&"A".repeat(20_000_000)), Judged::Invalid);
    // Nobody minds what else is in it, but for the size.
    assert!(matches!(judged_with("pad", json!("x".repeat(4 * 1024))), Judged::Valid(_)));
    assert_eq!(judged_with("pad", json!("x".repeat(8 * 1024))), Judged::Invalid);
    assert!(good.len() < 1024, "{}", good.len());
}

#[test]
fn the_largest_token_that_is_issued_is_read() {
    let names: Vec<_> = (0..Scopes::MOST).map(|n| format!("{n:064}")).collect();
    let access = Access { scopes: Scopes::of(names).unwrap(), subject: "x".repeat(64), ..access() };
    let config = BearerConfig {
        issuer: "i".repeat(200),
        audience: Some("a".repeat(200)),
        ..BearerConfig::default()
    };
    let tokens = AccessTokens::new(&config, &ring(SECRET, &[]), "users");
    let token = tokens.sign(&access).unwrap();
    assert_eq!(tokens.judge(token.expose(), now()), Judged::Valid(access));
}

#[test]
fn keys_of_other_apps_and_of_other_uses_verify_nothing() {
    let token = mount(&ring(OTHER, &[])).sign(&access()).unwrap();
    assert_eq!(judged(token.expose()), Judged::Invalid);
    let (message, _) = token.expose().rsplit_once('.').unwrap();
    let keys = ring(SECRET, &[]);
    for key in [&keys.current().session, &keys.current().refresh, &keys.current().one_time] {
        let forged =
            format!("{message}.{}", BASE64.encode(key.sign(message.as_bytes()).as_bytes()));
        assert_eq!(judged(&forged), Judged::Invalid);
    }
    let raw = {
        use hmac::{Hmac, KeyInit, Mac};
        let mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.chain_update(message).finalize().into_bytes()
    };
    assert_eq!(judged(&format!("{message}.{}", BASE64.encode(raw))), Judged::Invalid);
}

#[test]
fn a_secret_that_was_followed_still_verifies() {
    let token = mount(&ring(SECRET, &[])).sign(&access()).unwrap();
    let after = mount(&ring(OTHER, &[SECRET]));
    assert!(matches!(after.judge(token.expose(), now()), Judged::Valid(_)));
}

#[test]
fn a_derived_key_is_not_published() {
    assert_eq!(mount(&ring(SECRET, &[])).jwks(), None);
    assert!(Signing::default().validate().is_empty());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,300}|[A-Za-z0-9_.=-]{0,300}") {
        prop_assert_eq!(judged(&text), Judged::Invalid);
    }

    #[test]
    fn no_claims_make_it_panic(claims in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(judged(&signed(HEADER, claims)), Judged::Invalid);
    }

    #[test]
    fn a_claim_of_any_number_gives_an_outcome(number in any::<i64>(), which in 0..4_usize) {
        let name = ["exp", "iat", "nbf", "ver"][which];
        let _ = judged_with(name, json!(number));
    }

    #[test]
    fn any_header_but_ours_is_refused(header in "\\{\"alg\":\"[A-Za-z0-9]{0,6}\",\"typ\":\"JWT\"\\}") {
        prop_assume!(header != HEADER);
        prop_assert_eq!(judged(&signed(&header, claims().to_string())), Judged::Invalid);
    }
}
