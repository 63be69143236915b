//! Forged tokens, field by field and correctly signed. All are answered 401.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use crudauth_tests::{SECRET, on_every_database};
use hmac::{Hmac, KeyInit, Mac};
use poem::http::Method;
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};

/// Derives a key as the library does. A change of it would revoke every token.
fn derived(purpose: &str) -> [u8; 64] {
    let mut key = [0; 64];
    let derived = hkdf::Hkdf::<Sha256>::new(Some(b"crudauth"), SECRET.as_bytes());
    derived.expand(purpose.as_bytes(), &mut key).unwrap();
    key
}

fn hs256(key: &[u8], message: &str) -> Vec<u8> {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap();
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

fn signed(header: &str, claims: &[u8]) -> String {
    let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let signature = hs256(&derived("access token"), &message);
    format!("{message}.{}", BASE64.encode(signature))
}

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64.decode(claims).unwrap()).unwrap()
}

/// Correctly signed tokens with one other claim.
fn forged_claims(good: &Value) -> Vec<(String, String)> {
    let number = |name: &str| good[name].as_i64().unwrap();
    let values = [
        (
            "sub",
            vec![
                json!(1),
                json!(null),
                json!(""),
                json!(" 1"),
                json!("01"),
                json!("0"),
                json!("-1"),
                json!("+1"),
                json!("1.0"),
                json!("1e0"),
                json!("0x1"),
                json!("1 OR 1=1"),
                json!("\u{ff11}"),
                json!("9223372036854775807"),
                json!("9223372036854775808"),
                json!("9".repeat(40)),
                json!("x".repeat(5000)),
                json!("1\u{0}"),
                json!("abc"),
                json!(["1"]),
                json!({"id": 1}),
                json!(true),
            ],
        ),
        (
            "ver",
            vec![
                json!(1),
                json!(-1),
                json!("0"),
                json!(null),
                json!(0.0),
                json!(0.5),
                json!(1_i64 << 40),
                json!(u64::MAX),
                json!(1e300),
                json!([0]),
                json!(false),
            ],
        ),
        (
            "epc",
            vec![
                json!(number_of(good, "epc") + 1),
                json!(0),
                json!(""),
                json!("x"),
                json!(null),
                json!("-1"),
            ],
        ),
        (
            "exp",
            vec![
                json!(number("exp").to_string()),
                json!(number("iat")),
                json!(0),
                json!(-1),
                json!(null),
                json!(number("exp") as f64 + 0.5),
                json!(i64::MAX),
                json!(i64::MIN),
                json!(u64::MAX),
                json!(1e300),
                json!([]),
                json!(true),
            ],
        ),
        (
            "iat",
            vec![
                json!(number("iat") + 90),
                json!("0"),
                json!(null),
                json!(i64::MAX),
                json!(0.5),
                json!({}),
            ],
        ),
        ("nbf", vec![json!(number("iat") + 90), json!("0"), json!(null), json!(0.5), json!([])]),
        (
            "jti",
            vec![
                json!(""),
                json!("x"),
                json!(1),
                json!(null),
                json!("A".repeat(32)),
                json!("a".repeat(5000)),
            ],
        ),
        (
            "iss",
            vec![json!("other"), json!(""), json!(null), json!(["crudauth"]), json!("crudauth ")],
        ),
        ("aud", vec![json!("other"), json!(""), json!(null), json!(["users"]), json!("USERS")]),
        (
            "token_type",
            vec![json!("refresh"), json!("Access"), json!(""), json!(null), json!(["access"])],
        ),
        (
            "scopes",
            vec![
                json!(3),
                json!("reports:read"),
                json!(null),
                json!({}),
                json!([1]),
                json!([null]),
                json!([["reports:read"]]),
                json!(["a b"]),
                json!([""]),
                json!(["a", "a"]),
                json!(vec!["a"; 100]),
            ],
        ),
        (
            "sid",
            vec![
                json!(""),
                json!("x"),
                json!(1),
                json!(null),
                json!("0".repeat(64)),
                json!("0".repeat(63)),
                json!(good["sid"].as_str().unwrap().to_uppercase()),
                json!(format!("{}0", good["sid"].as_str().unwrap())),
            ],
        ),
    ];
    let mut forged = Vec::new();
    for (name, values) in values {
        for value in values {
            let mut claims = good.clone();
            claims[name] = value.clone();
            let label = format!("{name}: {value:.60}");
            forged.push((label, signed(HEADER, claims.to_string().as_bytes())));
        }
        let mut claims = good.clone();
        if claims.as_object_mut().unwrap().remove(name).is_some() {
            forged.push((format!("no {name}"), signed(HEADER, claims.to_string().as_bytes())));
            let twice = format!(
                "{},{}:{}}}",
                good.to_string().trim_end_matches('}'),
                json!(name),
                good[name]
            );
            forged.push((format!("{name} twice"), signed(HEADER, twice.as_bytes())));
        }
    }
    forged
}

fn number_of(claims: &Value, name: &str) -> i64 {
    claims[name].as_str().unwrap().parse().unwrap()
}

/// Other malformed tokens.
fn forged_forms(token: &str) -> Vec<(String, String)> {
    let (good, parts) = (claims(token), token.split('.').collect::<Vec<_>>());
    let claims = good.to_string();
    let signed = |header: &str| signed(header, claims.as_bytes());
    let by = |key: &[u8]| {
        let message = format!("{}.{}", parts[0], parts[1]);
        format!("{message}.{}", BASE64.encode(hs256(key, &message)))
    };
    let hs512 = {
        let message = format!("{}.{}", BASE64.encode(r#"{"alg":"HS512","typ":"JWT"}"#), parts[1]);
        let mac = <Hmac<Sha512> as KeyInit>::new_from_slice(&derived("access token")).unwrap();
        let signature = mac.chain_update(&message).finalize().into_bytes();
        format!("{message}.{}", BASE64.encode(signature))
    };
    let none = BASE64.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let forms = [
        ("none, unsigned", format!("{none}.{}.", parts[1])),
        ("none, signed", signed(r#"{"alg":"none","typ":"JWT"}"#)),
        ("None", signed(r#"{"alg":"None"}"#)),
        ("another HMAC in name", signed(r#"{"alg":"HS384","typ":"JWT"}"#)),
        ("another HMAC", hs512),
        ("RS256 in name", signed(r#"{"alg":"RS256","typ":"JWT"}"#)),
        ("no algorithm", signed(r#"{"typ":"JWT"}"#)),
        ("algorithm is a number", signed(r#"{"alg":256}"#)),
        ("kid is a path", signed(r#"{"alg":"HS256","typ":"JWT","kid":"../../dev/null"}"#)),
        ("kid is SQL", signed(r#"{"alg":"HS256","typ":"JWT","kid":"' OR 1=1 --"}"#)),
        ("kid is no text", signed(r#"{"alg":"HS256","typ":"JWT","kid":{}}"#)),
        ("crit", signed(r#"{"alg":"HS256","typ":"JWT","crit":["exp"]}"#)),
        ("jku", signed(r#"{"alg":"HS256","typ":"JWT","jku":"https://evil.example/jwks"}"#)),
        ("jwk", signed(r#"{"alg":"HS256","typ":"JWT","jwk":{"kty":"oct","k":"AA"}}"#)),
        ("header is no JSON", signed("junk")),
        ("header is a list", signed("[]")),
        ("the raw secret", by(SECRET.as_bytes())),
        ("the key of sessions", by(&derived("session"))),
        ("the key of refresh tokens", by(&derived("refresh token"))),
        ("no key", by(b"")),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("four parts", format!("{token}.{}", parts[2])),
        ("five parts", format!("{token}.x.y")),
        ("cut", token[..token.len() - 1].to_owned()),
        ("one more", format!("{token}A")),
        ("padded", format!("{token}=")),
        ("a line break", format!("{token}\\n")),
        ("dots", "...".to_owned()),
        ("claims are no JSON", super::forged::signed(HEADER, b"junk")),
        ("claims are a list", super::forged::signed(HEADER, b"[]")),
        ("claims are nothing", super::forged::signed(HEADER, b"")),
        ("claims are no text", super::forged::signed(HEADER, b"\xff\xfe")),
        ("claims are deep", super::forged::signed(HEADER, "[".repeat(3000).as_bytes())),
        (
            "something after the claims",
            super::forged::signed(HEADER, format!("{claims}x").as_bytes()),
        ),
        ("huge", super::forged::signed(HEADER, &vec![b' '; 100_000])),
        ("huge junk", "x".repeat(200_000)),
    ];
    forms.into_iter().map(|(name, token)| (name.to_owned(), token)).collect()
}

on_every_database! {
    async fn a_forged_token_is_always_answered_401(app: App) {
        let app = app.with_tokens().await;
        let token = app.program("ada").await.access;
        let good = claims(&token);
        assert_eq!(good["sub"], "1");
        let again = signed(HEADER, good.to_string().as_bytes());
        assert!(app.browser().accepts(&again).await, "the test signs like the library");
        let mut more = good.clone();
        more["admin"] = json!(true);
        more["nbf"] = good["iat"].clone();
        assert!(app.browser().accepts(&signed(HEADER, more.to_string().as_bytes())).await);

        let browser = app.browser();
        for (name, token) in forged_claims(&good).into_iter().chain(forged_forms(&token)) {
            let answer = browser.send_bearer(&token, Method::GET, "/me").await;
            assert_eq!(answer.status, 401, "{name}: {answer:?}");
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(challenge.starts_with("Bearer ") && challenge.contains("invalid_token"), "{name}: {challenge}");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
        assert!(browser.accepts(&token).await);
    }

    async fn a_token_with_the_family_or_key_of_another_account_is_invalid(app: App) {
        let app = app.with_tokens().await;
        let ada = app.program("ada").await;
        let bob = app.program("bob").await;
        let ada = claims(&ada.access);
        let bob = claims(&bob.access);
        for name in ["sub", "sid"] {
            let mut mixed = ada.clone();
            mixed[name] = bob[name].clone();
            let token = signed(HEADER, mixed.to_string().as_bytes());
            let answer = app.browser().send_bearer(&token, Method::GET, "/me").await;
            assert_eq!((answer.status, &*answer.detail()), (401, "Not authenticated"), "{name}");
        }
    }
}
