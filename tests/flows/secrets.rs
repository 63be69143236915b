//! Secrets are neither in the database nor in the log.

use crudauth::email::MessageKind;
use crudauth_tests::{App, Kind, Log, PASSWORD};
use serde_json::json;

const NEW: &str = "another-strong-one";

#[tokio::test]
async fn session_secrets_are_not_in_the_database() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    let reset = app.reset_token("ada@example.com").await;
    let file = "SELECT file FROM pragma_database_list WHERE name = 'main'";
    let path = app.database.text(file).await;
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(std::fs::read(format!("{path}-wal")).unwrap());
    let holds = |what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
    let handle = app.database.text("SELECT handle FROM users_sessions").await;
    assert!(holds(handle.as_bytes()), "the log has the request");
    let session = ada.cookie("session_id").unwrap();
    let csrf = ada.cookie("csrf_token").unwrap();
    for secret in [&session, &csrf, &reset, PASSWORD] {
        assert!(!holds(secret.as_bytes()), "{secret}");
        let binary = (0..secret.len() / 2).map(|at| secret.get(2 * at..2 * at + 2));
        let binary: Option<Vec<u8>> =
            binary.map(|digits| u8::from_str_radix(digits?, 16).ok()).collect();
        assert!(binary.is_none_or(|binary| !holds(&binary)), "{secret}");
    }
    let thief = app.browser();
    thief.set_cookie("session_id", &handle);
    assert!(!thief.is_signed_in().await, "a listed handle grants no access");
}

#[tokio::test]
async fn the_log_names_account_and_action_and_no_secret() {
    let log = Log::listen();
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    let id = app.database.number("SELECT id FROM users").await;
    let verify = app.token(MessageKind::VerifyEmail, "ada@example.com").await;
    app.browser().post("/email/verify-confirm", json!({ "token": verify })).await;
    ada.login("ada", "not-her-password").await;
    ada.change_password("not-her-password", NEW).await;
    assert_eq!(ada.change_password(PASSWORD, NEW).await.status, 200);
    let body = json!({ "new_email": "ada@example.org", "password": NEW });
    assert_eq!(ada.post("/email/change-request", body).await.status, 200);
    let change = app.token(MessageKind::ChangeEmail, "ada@example.org").await;
    app.browser().post("/email/change-confirm", json!({ "token": change })).await;
    let reset = app.reset_token("ada@example.org").await;
    let body = json!({ "token": reset, "new_password": "a-third-strong-one" });
    assert_eq!(app.browser().post("/password/reset-confirm", body).await.status, 200);
    app.register("ada").await;
    app.browser().login("unknown", "no-such-password").await;
    let again = app.signed_in("ada", "a-third-strong-one").await;
    again.post("/logout", json!({})).await;
    app.auth.drained().await;

    for secret in [&verify, &change, &reset] {
        assert_eq!(log.count(secret), 0, "{secret}");
    }
    let cookies = ada.cookies().into_values().chain(again.cookies().into_values());
    for secret in cookies.flat_map(|value| value.split('.').map(str::to_owned).collect::<Vec<_>>())
    {
        assert_eq!(log.count(&secret), 0, "{secret}");
    }
    for secret in [PASSWORD, NEW, "not-her-password", "a-third-strong-one", "no-such-password"] {
        assert_eq!(log.count(secret), 0, "{secret}");
    }
    assert_eq!(log.count("?token="), 0, "no link");
    assert_eq!(log.count("$argon2id$"), 0, "no hash");
    let text = log.text();
    for outcome in [
        "registered",
        "signed in",
        "sign-in rejected",
        "contact verified",
        "password change rejected: wrong password",
        "password changed",
        "change of address requested",
        "address changed",
        "password reset",
        "sign-up rejected",
        "signed out",
    ] {
        assert!(log.count(outcome) > 0, "missing: {outcome}\n{text}");
    }
    for outcome in ["registered", "signed in", "sign-in rejected", "password changed", "signed out"]
    {
        let named = text.lines().any(|line| {
            line.contains(outcome)
                && (line.contains(&format!("account={id}"))
                    || line.contains(&format!("account=\"{id}\"")))
        });
        assert!(named, "no account: {outcome}");
    }
}
