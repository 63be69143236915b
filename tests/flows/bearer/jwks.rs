//! Access tokens that other servers verify by the keys at `/.well-known/jwks.json`.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use crudauth::BearerConfig;
use crudauth::signing::{PublicKey, Signing, SigningPair};
use crudauth_tests::tokens::{Pair, Setup};
use crudauth_tests::{App, Kind};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use poem::http::Method;
use serde_json::Value;

/// A key for this test only. PKCS #8 is a fixed header and 32 bytes.
fn pair(kid: &str, seed: u8) -> SigningPair {
    let der = [hex::decode("302e020100300506032b657004220420").unwrap(), vec![seed; 32]].concat();
    let pem = BASE64_STANDARD.encode(der);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----\n");
    SigningPair::from_pem(kid, pem).unwrap()
}

fn signing(pair: SigningPair, retired: Vec<PublicKey>) -> Setup {
    let mut bearer: BearerConfig = Setup::default().bearer;
    bearer.signing = Signing::asymmetric(pair, retired);
    Setup { bearer, ..Setup::default() }
}

async fn published(app: &App) -> Value {
    let answer = app.browser().get("/.well-known/jwks.json").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    answer.json()
}

/// Verifies a token as another server does, with the published keys only.
fn verified(token: &str, keys: &Value) -> Option<Value> {
    let keys: JwkSet = serde_json::from_value(keys.clone()).unwrap();
    let kid = jsonwebtoken::decode_header(token).unwrap().kid?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["crudauth"]);
    validation.set_audience(&["users"]);
    // The tests use a manual clock.
    validation.validate_exp = false;
    let key = DecodingKey::from_jwk(keys.find(&kid)?).unwrap();
    Some(jsonwebtoken::decode(token, &key, &validation).ok()?.claims)
}

#[tokio::test]
async fn another_server_verifies_tokens_by_the_published_keys() {
    let (_, app) = App::on(Kind::Sqlite).await.all(signing(pair("one", 1), vec![])).await;
    let ada = app.program("ada").await;
    assert!(app.browser().accepts(&ada.access).await);
    let keys = published(&app).await;
    let claims = verified(&ada.access, &keys).unwrap();
    assert_eq!(claims["sub"], "1");
    // A token with one changed letter in its claims is invalid.
    let [head, body, signature] = ada.access.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let forged = String::from_utf8(BASE64.decode(body).unwrap()).unwrap();
    let forged = forged.replace(r#""sub":"1""#, r#""sub":"2""#);
    let forged = format!("{head}.{}.{signature}", BASE64.encode(forged));
    assert_eq!(verified(&forged, &keys), None);
    assert!(!app.browser().accepts(&forged).await);
}

#[tokio::test]
async fn rotating_the_signing_key_keeps_tokens_valid() {
    let base = App::on(Kind::Sqlite).await;
    let (_, before) = base.all(signing(pair("one", 1), vec![])).await;
    let ada = before.program("ada").await;
    let old = published(&before).await["keys"][0].clone();
    let der = hex::decode("302a300506032b6570032100").unwrap();
    let der = [der, BASE64.decode(old["x"].as_str().unwrap()).unwrap()].concat();
    let pem = BASE64_STANDARD.encode(der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n");
    let retired = PublicKey::from_pem("one", pem).unwrap();

    let (_, after) = base.all(signing(pair("two", 2), vec![retired])).await;
    assert!(after.browser().accepts(&ada.access).await, "signed by the old key, which is listed");
    let next = Pair::of(&after.browser().refresh(&ada.refresh).await);
    let keys = published(&after).await;
    for token in [&ada.access, &next.access] {
        assert!(after.browser().accepts(token).await);
        assert!(verified(token, &keys).is_some());
    }
    assert_eq!(jsonwebtoken::decode_header(&next.access).unwrap().kid.as_deref(), Some("two"));

    let (_, later) = base.all(signing(pair("two", 2), vec![])).await;
    let answer = later.browser().send_bearer(&ada.access, Method::GET, "/me").await;
    assert_eq!((answer.status, &*answer.detail()), (401, "Invalid token"), "no longer listed");
    assert!(later.browser().accepts(&next.access).await);
}

#[tokio::test]
async fn a_mount_that_signs_with_a_secret_publishes_nothing() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let answer = app.browser().get("/.well-known/jwks.json").await;
    assert_eq!((answer.status, answer.code()), (404, "not-found".to_owned()));
}
