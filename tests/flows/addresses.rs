//! Email addresses: which are valid, and their normal form in the database and in mails.

use crudauth::email::MessageKind;
use crudauth_tests::{App, Kind, PASSWORD, Unlimited, on_every_database, sign_up};
use serde_json::json;

#[tokio::test]
async fn an_invalid_address_is_rejected_and_nothing_is_mailed() {
    let app = App::with(Kind::Sqlite, Unlimited).await;
    let ada = app.member("ada").await;
    app.auth.drained().await;
    let before = app.outbox.messages().len();
    for typed in [
        "ada@example.com,eve@evil.example",
        "ada@example.com, eve@evil.example",
        "ada@example.com;eve@evil.example",
        "ada@example.com eve@evil.example",
        "ada@example.com\r\nBcc: eve@evil.example",
        "ada@example.com\neve@evil.example",
        "ada@example.com\u{2028}",
        "ada@example.com\u{0}",
        "Ada <ada@example.com>",
        "<ada@example.com>",
        "mailto:ada@example.com",
        "\"eve@evil.example\"@example.com",
        "\"ada\"@example.com",
        "ada@example.com(eve)",
        "ada@example.com@evil.example",
        "eve%evil.example@example.com@",
        "ada@[127.0.0.1]",
        "ada@127.0.0.1",
        "ada@example..com",
        "ada@example.com.",
        "ada@-example.com",
        "ada@exam_ple.com\r\nBcc: eve@evil.example",
        "a..da@example.com,eve@evil.example",
        "ada\u{ff20}example.com",
        "ada@example\u{ff0e}com",
        "\u{ff41}da@example.com",
        "\u{212a}im@example.com",
        "a\u{200b}da@example.com",
        "ada@example.com\u{200b}",
        "ada@e\u{ad}xample.com",
        "@example.com",
        "ada@",
        "ada",
        "@",
        "",
        " ",
    ] {
        for (path, field) in [
            ("/register", "email"),
            ("/email/verify-request", "email"),
            ("/password/reset-request", "email"),
            ("/email/change-request", "new_email"),
        ] {
            let mut body = json!({ "username": "new", "password": PASSWORD });
            body[field] = json!(typed);
            let answer = ada.post(path, body).await;
            assert_eq!(answer.status, 422, "{path} {typed:?}: {answer:?}");
            let errors = &answer.json()["detail"];
            assert_eq!(errors.as_array().unwrap().len(), 1, "{path} {typed:?}");
            assert_eq!(errors[0]["loc"], json!(["body", field]), "{path} {typed:?}");
            assert!(typed.len() < 4 || !answer.text.contains(typed), "{path} {typed:?}");
        }
    }
    app.auth.drained().await;
    assert_eq!(app.outbox.messages().len(), before);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 1);
}

/// Addresses that other software stores, and sign-up rejects.
const STORED: [&str; 5] = [
    "a..b@docomo.example",
    ".ada.@docomo.example",
    "admin@localhost",
    "ada@exam_ple.com",
    "ada@a__b",
];

on_every_database! {
    async fn an_address_of_other_software_recovers_its_account(app: App) {
        let app = App::over(app.database.clone(), Unlimited).await;
        let ada = app.member("ada").await;
        for (at, stored) in STORED.into_iter().enumerate() {
            let set = format!("UPDATE users SET email = '{stored}', email_verified = FALSE");
            app.database.execute(&set).await;
            let verify = json!({ "email": stored });
            assert_eq!(app.browser().post("/email/verify-request", verify).await.status, 200);
            let verify = json!({ "token": app.token(MessageKind::VerifyEmail, stored).await });
            let verified = app.browser().post("/email/verify-confirm", verify).await;
            assert_eq!(verified.status, 200, "{stored}");
            assert_eq!(app.database.count("users WHERE email_verified").await, 1, "{stored}");

            let spelling = format!(" {} ", stored.to_uppercase());
            let asked = app.browser().post("/password/reset-request", json!({ "email": spelling })).await;
            assert_eq!(asked.status, 200, "{stored}");
            let password = format!("another-strong-one-{at}");
            let token = app.token(MessageKind::ResetPassword, stored).await;
            let reset = json!({ "token": token, "new_password": password });
            assert_eq!(app.browser().post("/password/reset-confirm", reset).await.status, 200);
            assert_eq!(app.mail_count(MessageKind::PasswordChanged, stored).await, 1, "{stored}");
            assert!(!ada.is_signed_in().await);
            let owner = app.signed_in(stored, &password).await;

            let new = format!("new{at}@example.com");
            let change = json!({ "new_email": new, "password": password });
            assert_eq!(owner.post("/email/change-request", change).await.status, 200);
            assert_eq!(app.mail_count(MessageKind::EmailChangeRequested, stored).await, 1);
            let token = json!({ "token": app.token(MessageKind::ChangeEmail, &new).await });
            assert_eq!(app.browser().post("/email/change-confirm", token).await.status, 200);
            assert_eq!(app.mail_count(MessageKind::EmailChanged, stored).await, 1, "{stored}");
            assert_eq!(app.database.text("SELECT email FROM users").await, new);
        }
    }

    async fn a_request_for_such_an_address_does_not_reveal_an_account(app: App) {
        let app = App::over(app.database.clone(), Unlimited).await;
        app.member("ada").await;
        app.database.execute("UPDATE users SET email = 'a..b@docomo.example', email_verified = FALSE").await;
        app.auth.drained().await;
        let before = app.outbox.messages().len();
        for path in ["/email/verify-request", "/password/reset-request"] {
            let known = app.browser().post(path, json!({ "email": "a..b@docomo.example" })).await;
            let unknown = app.browser().post(path, json!({ "email": "a..c@docomo.example" })).await;
            assert_eq!(known.comparable(), unknown.comparable());
        }
        app.auth.drained().await;
        let sent = app.outbox.messages();
        assert!(sent[before..].iter().all(|mail| mail.to.as_str() == "a..b@docomo.example"));
        assert_eq!(sent.len(), before + 2);
    }
}

#[tokio::test]
async fn no_account_gets_an_address_that_only_other_software_stores() {
    let app = App::with(Kind::Sqlite, Unlimited).await;
    let ada = app.member("ada").await;
    for typed in STORED {
        let mut form = sign_up("new");
        form["email"] = json!(typed);
        let change = json!({ "new_email": typed, "password": PASSWORD });
        for answer in
            [ada.post("/register", form).await, ada.post("/email/change-request", change).await]
        {
            assert_eq!(answer.status, 422, "{typed}: {answer:?}");
        }
    }
    app.auth.drained().await;
    assert_eq!(app.outbox.messages().len(), 1, "only the sign-up of ada");
}

#[tokio::test]
async fn every_spelling_of_an_address_is_mailed_in_its_normal_form() {
    let app = App::with(Kind::Sqlite, Unlimited).await;
    for (at, (typed, form)) in [
        ("Ada@Example.COM", "ada@example.com"),
        (" ada2@example.com\r\n", "ada2@example.com"),
        ("J\u{dc}RGEN@example.com", "j\u{fc}rgen@example.com"),
        ("ju\u{308}rgen2@example.com", "j\u{fc}rgen2@example.com"),
        ("ada@b\u{fc}cher.example", "ada@xn--bcher-kva.example"),
        ("ada2@XN--BCHER-KVA.example", "ada2@xn--bcher-kva.example"),
        ("a!#$%&'*+-/=?^_`{|}~@example.com", "a!#$%&'*+-/=?^_`{|}~@example.com"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = sign_up(&format!("name{at}"));
        body["email"] = json!(typed);
        assert_eq!(app.browser().post("/register", body).await.status, 202, "{typed}");
        assert_eq!(app.mail_count(MessageKind::VerifyEmail, form).await, 1, "{typed}");
        let stored = format!("SELECT email FROM users WHERE username = 'name{at}'");
        assert_eq!(app.database.text(&stored).await, form);
        assert_eq!(app.browser().login(typed, PASSWORD).await.status, 200, "{typed}");
    }
}
