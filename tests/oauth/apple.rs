//! Apple: a client secret that the app signs, an answer by POST, and a name that comes once.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use crudauth::oauth::{Identity, Provider as Configured};
use crudauth_tests::{Kind, on_every_database};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use poem::http::Method;
use serde_json::{Map, Value};

use super::*;

const APPLE: &str = "https://appleid.apple.com";

const RELAY: &str = "x7k2@privaterelay.appleid.com";

/// Longest life of a client secret that Apple accepts: six months.
const LONGEST: i64 = 15_777_000;

/// A key for this test only: the number one on the curve P-256, in PKCS #8.
pub(super) fn key() -> String {
    let head = "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420";
    let der = [&hex::decode(head).unwrap()[..], &[0; 31], &[1]].concat();
    let der = BASE64_STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n")
}

/// Judges a client as Apple does.
fn is_client(form: &HashMap<String, String>, now: i64) -> bool {
    let secret = &form["client_secret"];
    let (signed, signature) = secret.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let json =
        |part: &str| -> Value { serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap() };
    let (header, claims) = (json(header), json(claims));
    let own = SigningKey::from_slice(&[&[0; 31][..], &[1]].concat()).unwrap();
    let signature = Signature::from_slice(&BASE64.decode(signature).unwrap()).unwrap();
    let is_signed = VerifyingKey::from(&own).verify(signed.as_bytes(), &signature).is_ok();
    let [from, until] = ["iat", "exp"].map(|time| claims[time].as_i64().unwrap());
    is_signed
        && (&header["alg"], &header["kid"]) == (&json!("ES256"), &json!("key"))
        && (&claims["iss"], &claims["aud"]) == (&json!("team"), &json!(APPLE))
        && (claims["sub"] == CLIENT && form["client_id"] == CLIENT)
        && (from <= now && now < until && until - from <= LONGEST)
}

fn full_name(person: &Identity) -> Map<String, Value> {
    let name = person.text("name").map(|name| ("full_name".to_owned(), json!(name)));
    name.into_iter().collect()
}

async fn with_apple(app: &App) -> (App, Provider) {
    let apple = Provider::start(Arc::clone(&app.clock)).await.known_as(APPLE);
    {
        let mut script = apple.script();
        let methods = json!(["client_secret_post"]);
        script.document =
            json!({ "token_endpoint_auth_methods_supported": methods, "userinfo_endpoint": null });
        script.id_token = json!({ "email": RELAY, "email_verified": "true" });
        script.is_client = Some(is_client);
    }
    let config = OAuthConfig::new(FRONTEND)
        .provider(Configured::apple("team", "key", CLIENT, key()))
        .sign_up_fields(full_name)
        .http_client(apple.clone());
    (serving(app, config).await, apple)
}

/// Signs in up to the form of Apple; the address to which the browser is sent on.
async fn posted(browser: &Browser, app: &App, apple: &Provider, user: Option<&str>) -> String {
    let url = location(&browser.get("/oauth/apple/authorize").await);
    for part in ["response_mode=form_post", "scope=openid+name+email"] {
        assert!(url.contains(part), "{url}");
    }
    let (path, mut form) = apple.answer(&url);
    form.extend(user.map(|user| ("user".to_owned(), user.to_owned())));
    let form = serde_urlencoded::to_string(form).unwrap().into_bytes();
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", APPLE)];
    // A browser sends no `SameSite=Lax` cookie with the form of another site.
    let answer = app.browser().send(Method::POST, &path, &headers, form).await;
    assert_eq!((answer.status, answer.set_cookies().len()), (303, 0), "{answer:?}");
    location(&answer)
}

on_every_database! {
    async fn a_person_of_apple_signs_up_and_in_again(app: App) {
        let (app, apple) = with_apple(&app).await;
        let browser = app.browser();
        let user = r#"{"name":{"firstName":"Ada","lastName":"Lovelace"},"email":"x@example.com"}"#;
        let back = posted(&browser, &app, &apple, Some(user)).await;
        assert!(!back.contains("Ada") && !back.contains("Lovelace"), "{back}");
        assert_eq!(error(&browser.get(&back).await), None);
        let me = browser.get("/me").await.json();
        assert_eq!((&me["username"], &me["email"]), (&json!("ada"), &json!(RELAY)));
        assert_eq!(app.database.text("SELECT full_name FROM users").await, "Ada Lovelace");

        // A client secret of the first sign-in would have expired.
        app.clock.advance(Duration::from_secs(200 * 24 * 3600));
        let again = app.browser();
        let other = r#"{"name":{"firstName":"Eve","lastName":"Eve"}}"#;
        let back = posted(&again, &app, &apple, Some(other)).await;
        assert_eq!(error(&again.get(&back).await), None);
        assert_eq!(again.get("/me").await.json()["username"], "ada");
        assert_eq!(app.database.text("SELECT full_name FROM users").await, "Ada Lovelace");
        assert_eq!((accounts(&app).await, connections(&app).await), (1, 1));
    }

    async fn an_answer_of_apple_counts_in_its_browser_only(app: App) {
        let (app, apple) = with_apple(&app).await;
        let browser = app.browser();
        let back = posted(&browser, &app, &apple, None).await;
        let stranger = app.browser();
        assert_refused(&stranger, &stranger.get(&back).await, "invalid_state").await;
        posted(&stranger, &app, &apple, None).await;
        assert_refused(&stranger, &stranger.get(&back).await, "invalid_state").await;
        assert_eq!(accounts(&app).await, 0);
        assert_eq!(error(&browser.get(&back).await), None);
        assert!(browser.is_signed_in().await);
    }
}

#[tokio::test]
async fn a_changed_user_field_of_apple_gives_a_name_at_most() {
    let app = App::on(Kind::Sqlite).await;
    let (app, apple) = with_apple(&app).await;
    let victim = verified(&app, "vera").await.id().await;
    let long = format!(r#"{{"name":{{"firstName":"{}"}}}}"#, "A".repeat(2000));
    let lies = [
        r#"{"email":"vera@example.com","email_verified":true,"sub":"vera-1","name":{"firstName":"E"}}"#,
        r#"{"name":{"firstName":["a"],"lastName":7}}"#,
        r#"{"name":{"firstName":"a\u0007b"}}"#,
        "[]",
        "{",
        &long,
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        apple.script().person.insert("sub".to_owned(), json!(format!("eve-{number}")));
        let address = format!("eve-{number}@example.com");
        apple.script().id_token = json!({ "email": address, "email_verified": "true" });
        let browser = app.browser();
        let back = posted(&browser, &app, &apple, Some(lie)).await;
        assert_eq!(error(&browser.get(&back).await), None, "{lie}");
        let me = browser.get("/me").await.json();
        assert_eq!(me["email"], json!(address), "{lie}");
        assert_ne!(browser.id().await, victim);
    }
    assert_eq!(app.database.count("users WHERE full_name IS NOT NULL").await, 1);
    // One that the library has not encrypted, at a sign-in of Apple.
    apple.script().person.insert("sub".to_owned(), json!("eve-9"));
    apple.script().id_token = json!({ "email": "eve-9@example.com", "email_verified": true });
    let browser = app.browser();
    let back = posted(&browser, &app, &apple, None).await;
    let forged = format!("{back}&user=%7B%22name%22%3A%7B%22firstName%22%3A%22E%22%7D%7D");
    assert_eq!(error(&browser.get(&forged).await), None);
    assert_eq!(app.database.count("users WHERE full_name IS NOT NULL").await, 1);
}

#[tokio::test]
async fn a_sign_in_with_apple_is_refused_without_proof() {
    let app = App::on(Kind::Sqlite).await;
    let (app, apple) = with_apple(&app).await;
    for verdict in [json!("false"), json!(false), json!("yes"), json!(null)] {
        apple.script().id_token = json!({ "email": RELAY, "email_verified": verdict });
        let browser = app.browser();
        let back = posted(&browser, &app, &apple, None).await;
        assert_refused(&browser, &browser.get(&back).await, "email_unverified").await;
    }
    for lie in [json!({ "iss": "https://account.apple.com" }), json!({ "aud": "another" })] {
        apple.script().id_token = lie;
        let browser = app.browser();
        let back = posted(&browser, &app, &apple, None).await;
        assert_refused(&browser, &browser.get(&back).await, "oauth_failed").await;
    }
    apple.script().is_client = Some(|_, _| false);
    let browser = app.browser();
    let back = posted(&browser, &app, &apple, None).await;
    assert_refused(&browser, &browser.get(&back).await, "oauth_failed").await;
    assert_eq!(accounts(&app).await, 0);
}
