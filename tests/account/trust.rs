//! Trusted browsers: what gives no trust, and what a session that one opened is not worth.

use crudauth::flow::PasskeySignIn;
use crudauth::{EventKind, MfaConfig};

use super::events::{Kept, Subscriber, only};
use super::*;

const COOKIE: &str = "__Host-trusted_browser";
const DEVICE: &str = "known_device";

fn trusting(lifetime: Duration) -> Setup {
    Setup { mfa: MfaConfig::default().trusted_browsers(lifetime), ..Setup::default() }
}

/// Signs in by a code, with the wish to be trusted. Returns the cookie of the trust, if any.
async fn trust(browser: &Browser, name: &str, code: &str) -> Option<String> {
    let challenge = browser.login(name, PASSWORD).await.json()["challenge"].clone();
    let body = json!({ "challenge": challenge, "code": code, "trust_browser": true });
    let answer = browser.post("/mfa/verify", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let lines = answer.set_cookies();
    lines.iter().any(|line| line.starts_with(COOKIE)).then(|| browser.cookie(COOKIE)).flatten()
}

/// The next code of an authenticator.
fn code(app: &App, secret: &str) -> String {
    app.clock.advance(Duration::from_secs(30));
    totp(secret, app.clock.now().timestamp() / 30)
}

async fn is_asked(browser: &Browser) -> bool {
    browser.login("ada", PASSWORD).await.json()["mfa_required"] == true
}

on_every_database! {
    async fn a_session_of_a_trusted_browser_makes_no_key(app: App) {
        let kept = Kept::default();
        let subscribers = vec![Subscriber::Keeps(Arc::clone(&kept))];
        let (auth, app) = full(&app, Setup { subscribers, ..trusting(MONTH) }).await;
        let ada = app.member("ada").await;
        let (secret, _) = enrol(&app, &ada).await;
        let browser = app.browser();
        assert!(trust(&browser, "ada", &code(&app, &secret)).await.is_some());
        api_key(&browser).await;
        assert!(!is_asked(&browser).await && browser.is_signed_in().await);
        let refused = browser.post("/api-keys", json!({ "name": "theirs" })).await;
        assert_eq!((refused.status, &*refused.code()), (403, "reauthentication-required"));
        auth.drained().await;
        let skipped = only(&kept, EventKind::SecondFactorSkipped);
        let listed = browser.get("/mfa/trusted-browsers").await.json();
        assert_eq!(skipped.credential_id(), listed[0]["id"].as_str());
        let proof = json!({ "password": PASSWORD, "code": code(&app, &secret) });
        assert_eq!(browser.post("/sudo", proof).await.status, 200);
        api_key(&browser).await;
    }

    async fn a_recovery_code_trusts_no_browser_and_new_ones_end_trust(app: App) {
        let (_, app) = full(&app, trusting(MONTH)).await;
        let ada = app.member("ada").await;
        let (secret, codes) = enrol(&app, &ada).await;
        let browser = app.browser();
        assert_eq!(trust(&browser, "ada", &codes[0]).await, None);
        assert!(is_asked(&browser).await);
        assert!(trust(&browser, "ada", &code(&app, &secret)).await.is_some());
        assert!(!is_asked(&browser).await);
        let body = json!({ "code": code(&app, &secret) });
        assert_eq!(ada.post("/mfa/recovery-codes/regenerate", body).await.status, 200);
        assert!(is_asked(&browser).await);
    }

    async fn trust_lasts_no_longer_than_the_setting_of_now(app: App) {
        let (_, long) = full(&app, trusting(MONTH)).await;
        let ada = long.member("ada").await;
        let (secret, codes) = enrol(&long, &ada).await;
        let browser = long.browser();
        assert!(trust(&browser, "ada", &code(&long, &secret)).await.is_some());
        let (_, short) = full(&app, trusting(Duration::from_hours(1))).await;
        let there = browser.clone().to(&short);
        assert!(!is_asked(&there).await);
        short.clock.advance(Duration::from_hours(1));
        assert!(is_asked(&there).await);
        assert_eq!(trust(&there, "ada", &codes[0]).await, None);
        assert_eq!(there.get("/mfa/trusted-browsers").await.json(), json!([]));
        assert!(!is_asked(&browser).await);
    }

    async fn trust_is_read_from_its_own_cookie_and_opens_no_tokens(app: App) {
        let (_, app) = full(&app, trusting(MONTH)).await;
        let ada = app.member("ada").await;
        let (secret, _) = enrol(&app, &ada).await;
        let bob = app.member("bob").await;
        let (of_bob, _) = enrol(&app, &bob).await;
        let planted = trust(&app.browser(), "bob", &code(&app, &of_bob)).await.unwrap();
        let browser = app.browser();
        browser.set_cookie(DEVICE, &planted);
        let first = trust(&browser, "ada", &code(&app, &secret)).await.unwrap();
        assert!(!first.contains(&planted), "{first}");
        browser.set_cookie(DEVICE, &planted);
        assert!(!is_asked(&browser).await);
        let elsewhere = app.browser();
        elsewhere.set_cookie(DEVICE, &first);
        assert!(is_asked(&elsewhere).await);

        let form = format!("username=ada&password={PASSWORD}&device={first}").into_bytes();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        for client in [app.browser(), browser.clone()] {
            let answer = client.send(Method::POST, "/token", &kind, form.clone()).await;
            assert_eq!(answer.json()["mfa_required"], true, "{answer:?}");
        }
        let mut sent = PasskeySignIn::default();
        sent.trust_cookies = vec![first.clone()];
        assert!(!format!("{sent:?}").contains(&first));
    }
}
