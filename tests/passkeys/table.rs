//! A table of every first factor by every second one by every gate.

use super::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum First {
    Password,
    Mail,
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

const GATES: [&str; 6] = [ME, BY_PASSWORD, BY_MAIL, BY_PASSKEY, SECOND, ELEVATED];

/// What a sign-in by these factors opens. A sign-in elevates no session.
const TABLE: [(First, Second, &[&str]); 12] = [
    (First::Password, Second::Absent, &[ME, BY_PASSWORD]),
    (First::Password, Second::Code, &[ME, BY_PASSWORD, SECOND]),
    (First::Password, Second::RecoveryCode, &[ME, BY_PASSWORD, SECOND]),
    (First::Password, Second::Passkey, &[ME, BY_PASSWORD, BY_PASSKEY, SECOND]),
    (First::Mail, Second::Absent, &[ME, BY_MAIL]),
    (First::Mail, Second::Code, &[ME, BY_MAIL, SECOND]),
    (First::Mail, Second::RecoveryCode, &[ME, BY_MAIL, SECOND]),
    (First::Mail, Second::Passkey, &[ME, BY_MAIL, BY_PASSKEY, SECOND]),
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
    opened
}

/// The first step, in a new browser. Returns its answer.
async fn begin(app: &App, first: First, device: &mut Authenticator) -> (Browser, Value) {
    let browser = app.browser();
    let answer = match first {
        First::Password => browser.login("ada", PASSWORD).await,
        First::Passkey => sign_in(&browser, device).await,
        First::Mail => {
            let address = json!({ "email": "ada@example.com" });
            assert_eq!(browser.post("/email-login/request", address).await.status, 202);
            app.auth.drained().await;
            let mail = app.outbox.last(MessageKind::EmailLogin, "ada@example.com").unwrap();
            let link = mail.link.unwrap();
            let token = link.split_once("token=").unwrap().1;
            browser.post("/email-login/confirm", json!({ "token": token })).await
        }
    };
    assert_eq!(answer.status, 200, "{first:?}: {answer:?}");
    (browser, answer.json())
}

async fn verify(browser: &Browser, challenge: &Value, code: &str) -> Answer {
    let body = json!({ "challenge": challenge["challenge"], "code": code });
    browser.post("/mfa/verify", body).await
}

#[tokio::test]
async fn the_factors_of_a_sign_in_decide_which_gates_open() {
    let app = App::on(crudauth_tests::Kind::Sqlite).await;
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
