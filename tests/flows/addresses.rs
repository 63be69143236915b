//! Email addresses: which are valid, and their normal form in the database and in mails.

use crudauth::email::MessageKind;
use crudauth_tests::{App, Kind, PASSWORD, Unlimited, sign_up};
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
        "ada@localhost",
        "ada@example..com",
        "ada@example.com.",
        "ada@-example.com",
        "ada@exam_ple.com",
        ".ada@example.com",
        "ada.@example.com",
        "a..da@example.com",
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
