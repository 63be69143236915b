//! The keys in `test_keys` were generated for these tests and are not used elsewhere.
#![allow(clippy::unwrap_used, reason = "a failed setup fails the test")]

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use chrono::{DateTime, TimeDelta, Utc};

use super::access::{Access, AccessTokens};
use super::{BearerConfig, FamilyId, InvalidKey, PublicKey, Signing, SigningPair};
use crate::model::{AccountState, Checked, KeyRing, Scopes, SecretKey};
use crate::random::random;

const RSA: &str = include_str!("test_keys/rsa_2048.pem");
const RSA_PUBLIC: &str = include_str!("test_keys/rsa_2048_public.pem");
const SHORT_RSA: &str = include_str!("test_keys/rsa_1024.pem");
const P256: &str = include_str!("test_keys/p256.pem");

/// Generates an Ed25519 key in PKCS #8: a fixed header and 32 bytes.
fn ed25519() -> String {
    pem("PRIVATE KEY", "302e020100300506032b657004220420", &random::<32>())
}

/// Returns the public key in PEM.
fn ed25519_public(pair: &SigningPair) -> String {
    let x = pair.public().jwk()["x"].as_str().unwrap().to_owned();
    pem("PUBLIC KEY", "302a300506032b6570032100", &BASE64.decode(x).unwrap())
}

fn pem(label: &str, head: &str, key: &[u8]) -> String {
    let der = [hex::decode(head).unwrap(), key.to_vec()].concat();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn access() -> Access {
    Access {
        subject: "42".to_owned(),
        state: AccountState { version: 0, security_stamp: 7 },
        family: FamilyId::generate(),
        scopes: Scopes::parse("read"),
        issued_at: now(),
        expires_at: now() + TimeDelta::seconds(900),
        id: random(),
    }
}

fn mount(pair: &SigningPair, retired: &[PublicKey]) -> AccessTokens {
    let config = BearerConfig {
        signing: Signing::asymmetric(pair.clone(), retired.to_vec()),
        ..BearerConfig::default()
    };
    assert_eq!(config.validate(), []);
    AccessTokens::new(&config, &ring(), "users")
}

fn ring() -> KeyRing {
    KeyRing::new(&SecretKey::from("an app's secret of more than 32 bytes"), &[]).unwrap()
}

#[test]
fn both_algorithms_sign_and_verify() {
    let ed = SigningPair::from_pem("ed-1", ed25519()).unwrap();
    let rsa = SigningPair::from_pem("rsa-1", RSA).unwrap();
    for (pair, header) in [
        (&ed, r#"{"alg":"EdDSA","typ":"JWT","kid":"ed-1"}"#),
        (&rsa, r#"{"alg":"RS256","typ":"JWT","kid":"rsa-1"}"#),
    ] {
        let tokens = mount(pair, &[]);
        let access = access();
        let token = tokens.sign(&access).unwrap();
        assert_eq!(token.expose().split('.').next().unwrap(), BASE64.encode(header));
        assert_eq!(tokens.verify(token.expose(), now()), Checked::Valid(access));
        let cut = &token.expose()[..token.expose().len() - 4];
        assert_eq!(tokens.verify(cut, now()), Checked::Malformed);
    }
}

#[test]
fn key_rotation_keeps_tokens_valid() {
    let old = SigningPair::from_pem("old", ed25519()).unwrap();
    let new = SigningPair::from_pem("new", RSA).unwrap();
    let token = mount(&old, &[]).sign(&access()).unwrap();
    let public = PublicKey::from_pem("old", ed25519_public(&old)).unwrap();
    let both = mount(&new, &[public]);
    assert!(matches!(both.verify(token.expose(), now()), Checked::Valid(_)));
    assert_eq!(mount(&new, &[]).verify(token.expose(), now()), Checked::Malformed);
    let next = both.sign(&access()).unwrap();
    assert_eq!(mount(&old, &[]).verify(next.expose(), now()), Checked::Malformed);
    let keys = both.jwks().unwrap();
    let kids: Vec<_> = keys["keys"].as_array().unwrap().iter().map(|key| &key["kid"]).collect();
    assert_eq!(kids, ["new", "old"]);
}

#[test]
fn the_key_set_has_exactly_the_public_parameters() {
    let pair = SigningPair::from_pem("rsa", RSA).unwrap();
    let public = PublicKey::from_pem("rsa", RSA_PUBLIC).unwrap();
    assert_eq!(pair.public().jwk(), public.jwk());
    let keys = mount(&pair, &[]).jwks().unwrap();
    let mut names: Vec<_> = keys["keys"][0].as_object().unwrap().keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"]);
    let ed = SigningPair::from_pem("ed", ed25519()).unwrap();
    let mut names: Vec<_> = ed.public().jwk().as_object().unwrap().keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
    assert_eq!(
        (&ed.public().jwk()["alg"], &keys["keys"][0]["alg"]),
        (&"EdDSA".into(), &"RS256".into())
    );
}

#[test]
fn an_unknown_key_id_is_rejected() {
    let pair = SigningPair::from_pem("ed", ed25519()).unwrap();
    let tokens = mount(&pair, &[]);
    let token = tokens.sign(&access()).unwrap();
    let rest = token.expose().split_once('.').unwrap().1;
    for kid in [r#""../../dev/null""#, r#""other""#, r#""ED""#, "7", "null", r#"["ed"]"#] {
        let header = format!(r#"{{"alg":"EdDSA","typ":"JWT","kid":{kid}}}"#);
        let forged = format!("{}.{rest}", BASE64.encode(header));
        assert_eq!(tokens.verify(&forged, now()), Checked::Malformed, "{kid}");
    }
}

#[test]
fn a_public_key_is_not_accepted_as_hmac_secret() {
    let pair = SigningPair::from_pem("rsa", RSA).unwrap();
    let tokens = mount(&pair, &[]);
    let token = tokens.sign(&access()).unwrap();
    let claims = token.expose().split('.').nth(1).unwrap();
    for header in [r#"{"alg":"HS256","typ":"JWT"}"#, r#"{"alg":"HS256","typ":"JWT","kid":"rsa"}"#] {
        use hmac::{Hmac, KeyInit, Mac};
        let message = format!("{}.{claims}", BASE64.encode(header));
        for key in [RSA_PUBLIC.as_bytes(), ring_key().as_slice()] {
            let mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
            let signature = mac.chain_update(&message).finalize().into_bytes();
            let forged = format!("{message}.{}", BASE64.encode(signature));
            assert_eq!(tokens.verify(&forged, now()), Checked::Malformed, "{header}");
        }
    }
    // The derived HMAC key is not accepted either.
    let derived = AccessTokens::new(&BearerConfig::default(), &ring(), "users");
    let token = derived.sign(&access()).unwrap();
    assert_eq!(tokens.verify(token.expose(), now()), Checked::Malformed);
}

fn ring_key() -> Vec<u8> {
    b"an app's secret of more than 32 bytes".to_vec()
}

#[test]
fn other_keys_are_rejected() {
    assert_eq!(SigningPair::from_pem("k", SHORT_RSA).unwrap_err(), InvalidKey::Short(1024));
    for pem in
        ["", "x", P256, RSA_PUBLIC, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
    {
        let error = SigningPair::from_pem("k", pem).unwrap_err();
        assert_eq!(error, InvalidKey::Unreadable("private"), "{pem}");
    }
    for pem in ["", P256, RSA, &ed25519()] {
        assert!(PublicKey::from_pem("k", pem).is_err(), "{pem}");
    }
    for kid in ["", "a b", "../x", "\"", &"k".repeat(65)] {
        assert_eq!(SigningPair::from_pem(kid, RSA).unwrap_err(), InvalidKey::Kid, "{kid}");
    }
}

#[test]
fn duplicate_key_ids_are_rejected() {
    let pair = SigningPair::from_pem("k", RSA).unwrap();
    let retired = vec![PublicKey::from_pem("k", RSA_PUBLIC).unwrap()];
    let signing = Signing::asymmetric(pair.clone(), retired);
    assert_eq!(signing.validate().len(), 1);
    assert!(!format!("{pair:?}").contains("PRIVATE"));
}
