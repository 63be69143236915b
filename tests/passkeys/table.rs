//! A table of every first factor by every second one by every gate.

use crudauth_tests::{OwnerRoute, owner_routes};

use super::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum First {
    Password,
    Mail,
    /// The code of that mail, in the browser that asked for it.
    MailedCode,
    Passkey,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Second {
    /// The account has none.
    Absent,
    Code,
    RecoveryCode,
    Passkey,
}

const ME: &str = "/me";
const BY_PASSWORD: &str = "/by-password";
const BY_MAIL: &str = "/by-mail";
const BY_PASSKEY: &str = "/by-passkey";
const SECOND: &str = "/second";
const ELEVATED: &str = "/danger";

/// The gates that ask for a factor.
const GATES: [&str; 6] = [ME, BY_PASSWORD, BY_MAIL, BY_PASSKEY, SECOND, ELEVATED];

/// The gates that every sign-in of an owner with a verified address opens.
const OWNERS: [&str; 3] = ["/verified", "/not-impersonated", "/any"];

/// What a sign-in by these factors opens. A sign-in elevates no session.
const TABLE: [(First, Second, &[&str]); 16] = [
    (First::Password, Second::Absent, &[ME, BY_PASSWORD]),
    (First::Password, Second::Code, &[ME, BY_PASSWORD, SECOND]),
    (First::Password, Second::RecoveryCode, &[ME, BY_PASSWORD, SECOND]),
    (First::Password, Second::Passkey, &[ME, BY_PASSWORD, BY_PASSKEY, SECOND]),
    (First::Mail, Second::Absent, &[ME, BY_MAIL]),
    (First::Mail, Second::Code, &[ME, BY_MAIL, SECOND]),
    (First::Mail, Second::RecoveryCode, &[ME, BY_MAIL, SECOND]),
    (First::Mail, Second::Passkey, &[ME, BY_MAIL, BY_PASSKEY, SECOND]),
    (First::MailedCode, Second::Absent, &[ME, BY_MAIL]),
    (First::MailedCode, Second::Code, &[ME, BY_MAIL, SECOND]),
    (First::MailedCode, Second::RecoveryCode, &[ME, BY_MAIL, SECOND]),
    (First::MailedCode, Second::Passkey, &[ME, BY_MAIL, BY_PASSKEY, SECOND]),
    (First::Passkey, Second::Absent, &[ME, BY_PASSKEY]),
    (First::Passkey, Second::Code, &[ME, BY_PASSKEY, SECOND]),
    (First::Passkey, Second::RecoveryCode, &[ME, BY_PASSKEY, SECOND]),
    // One passkey is one factor.
    (First::Passkey, Second::Passkey, &[]),
];

async fn opened(browser: &Browser) -> Vec<&'static str> {
    let mut opened = Vec::new();
    for gate in GATES {
        if browser.get(gate).await.status == 200 {
            opened.push(gate);
        }
    }
    let is_signed_in = opened.contains(&ME);
    for gate in OWNERS {
        assert_eq!(browser.get(gate).await.status == 200, is_signed_in, "{gate}");
    }
    opened
}

/// Asserts that a browser opens no route of an owner, also if it shows its challenge as a credential.
async fn assert_closed(browser: &Browser, challenge: &Value) {
    let challenge = challenge["challenge"].as_str().unwrap();
    let bearer = format!("Bearer {challenge}");
    for OwnerRoute { method, path } in owner_routes() {
        for credential in [("accept", "*/*"), ("authorization", &*bearer)] {
            let headers = [("content-type", "application/json"), credential];
            let answer = browser.send(method.clone(), &path, &headers, b"{}".to_vec()).await;
            assert!([401, 404, 405].contains(&answer.status), "{method} {path}: {answer:?}");
        }
    }
    let forged = browser.stolen();
    forged.set_cookie("session_id", challenge);
    assert_eq!(forged.get(ME).await.status, 401);
}

/// The first step, in a new browser. Returns its answer.
async fn begin(app: &App, first: First, device: &mut Authenticator) -> (Browser, Value) {
    let browser = app.browser();
    let answer = match first {
        First::Password => browser.login("ada", PASSWORD).await,
        First::Passkey => sign_in(&browser, device).await,
        First::Mail | First::MailedCode => {
            let address = json!({ "email": "ada@example.com" });
            let asked = browser.post("/email-login/request", address).await;
            assert_eq!(asked.status, 202, "{asked:?}");
            let mail = app.last_mail(MessageKind::EmailLogin, "ada@example.com").await;
            let link = mail.link.unwrap();
            let token = link.split_once("token=").unwrap().1;
            let body = match first {
                First::Mail => json!({ "token": token }),
                _ => json!({ "challenge": asked.json()["challenge"], "code": mail.code.unwrap() }),
            };
            browser.post("/email-login/confirm", body).await
        }
    };
    assert_eq!(answer.status, 200, "{first:?}: {answer:?}");
    (browser, answer.json())
}

async fn verify(browser: &Browser, challenge: &Value, code: &str) -> Answer {
    let body = json!({ "challenge": challenge["challenge"], "code": code });
    browser.post("/mfa/verify", body).await
}

on_every_database! {
    async fn the_factors_of_a_sign_in_decide_which_gates_open(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, mut device) = member(&app, "ada").await;
        app.database.execute("UPDATE users SET email_verified = TRUE").await;
        for (first, second, gates) in TABLE.into_iter().filter(|row| row.1 == Second::Absent) {
            let (browser, _) = begin(&app, first, &mut device).await;
            assert_eq!(opened(&browser).await, gates, "{first:?}, {second:?}");
        }
        let (secret, recovery_codes) = enrol_with_codes(&app, &ada).await;
        let mut recovery_codes = recovery_codes.iter();
        for (first, second, gates) in TABLE.into_iter().filter(|row| row.1 != Second::Absent) {
            let (browser, challenge) = begin(&app, first, &mut device).await;
            assert_eq!(challenge["mfa_required"], true, "{first:?}");
            assert!(opened(&browser).await.is_empty(), "one factor opens nothing: {first:?}");
            assert_closed(&browser, &challenge).await;
            let answer = match second {
                Second::Passkey => finish(&browser, &challenge, &mut device).await,
                Second::Code => verify(&browser, &challenge, &code(&app, &secret)).await,
                _ => verify(&browser, &challenge, recovery_codes.next().unwrap()).await,
            };
            assert_eq!(answer.status == 200, !gates.is_empty(), "{first:?}, {second:?}: {answer:?}");
            assert_eq!(opened(&browser).await, gates, "{first:?}, {second:?}");
            // The step of a code is taken.
            app.clock.advance(Duration::from_secs(60));
        }
    }
}
