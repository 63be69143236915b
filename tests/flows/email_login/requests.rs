//! Requests: the same for every address, and limited.

use crudauth::{RateLimit, rate_limit};

use super::*;

on_every_database! {
    async fn a_request_does_not_reveal_whether_the_address_has_an_account(app: App) {
        let app = mailed(&app).await;
        for name in ["ada", "disabled", "unproved"] {
            app.register(name).await;
        }
        app.last_mail(MessageKind::VerifyEmail, ADA).await;
        app.database.execute("UPDATE users SET email_verified = TRUE WHERE username = 'ada'").await;
        app.database.execute("UPDATE users SET is_active = FALSE WHERE username = 'disabled'").await;
        let mut seen = Vec::new();
        for name in ["ada", "disabled", "unproved", "unknown"] {
            let browser = app.browser();
            let answer = request(&browser, &format!("{name}@example.com")).await;
            assert_eq!(answer.status, 202, "{answer:?}");
            let mut body = answer.json();
            assert_eq!(body["challenge"].as_str().unwrap().len(), 64);
            body["challenge"] = Value::Null;
            let cookie = answer.set_cookies().concat();
            let shape = cookie.replace(&browser.cookie("sign_in_browser").unwrap(), "");
            seen.push((body, shape, answer.header_names()));
        }
        assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
        assert!(seen[0].1.contains("HttpOnly") && seen[0].1.contains("Secure"), "{:?}", seen[0]);
        for (name, mails) in [("ada", 1), ("unproved", 1), ("disabled", 0), ("unknown", 0)] {
            let address = format!("{name}@example.com");
            assert_eq!(app.mail_count(EmailLogin, &address).await, mails, "{name}");
        }
    }

    async fn a_mail_has_a_link_and_a_code_and_no_store_has_them(app: App) {
        let app = mailed(&app).await;
        verified(&app, "ada").await;
        let sent = ask(&app, &app.browser(), ADA).await;
        let mail = app.last_mail(EmailLogin, ADA).await;
        assert_eq!(sent.code.len(), 8);
        for text in [&mail.text, &mail.html] {
            assert!(text.contains(&sent.token) && text.contains(&sent.code), "{text}");
        }
        assert!(!mail.subject.contains(&sent.code));
        assert!(!format!("{mail:?}").contains(&sent.code));
        let text = match app.database.kind() {
            crudauth_tests::Kind::Postgres => "convert_from(value, 'UTF8')",
            crudauth_tests::Kind::Sqlite => "CAST(value AS TEXT)",
            crudauth_tests::Kind::MySql => "CONVERT(value USING utf8mb4)",
        };
        let stored = app.database.text(&format!("SELECT {text} FROM users_challenges")).await;
        assert!(stored.contains(ADA), "{stored}");
        let code = format!("\"{}\"", sent.code);
        assert!(![&sent.token, &sent.challenge, &code].into_iter().any(|one| stored.contains(one)));
        assert_eq!(app.database.count("users_one_time_tokens WHERE purpose = 'sign_in'").await, 1);
    }

    async fn requests_are_limited_by_client_and_by_address(app: App) {
        let limits = RateLimits::default()
            .set(rate_limit::REGISTER, RateLimit::per_hour(0))
            .set(rate_limit::LOGIN_REQUEST, RateLimit::per_hour(3));
        let app = with_limits(&app, limits).await;
        verified(&app, "ada").await;
        let client = app.browser();
        for number in 0..3 {
            assert_eq!(request(&client, &format!("nobody{number}@example.com")).await.status, 202);
        }
        let answer = request(&client, ADA).await;
        assert_eq!((answer.status, &*answer.code()), (429, "too-many-requests"));
        for sent in [1, 2, 3, 3] {
            assert_eq!(request(&app.browser(), ADA).await.status, 202, "no client is told");
            assert_eq!(app.mail_count(EmailLogin, ADA).await, sent);
        }
        app.clock.advance(Duration::from_mins(10));
        request(&app.browser(), ADA).await;
        assert_eq!(app.mail_count(EmailLogin, ADA).await, 4, "the links have expired");
    }

    async fn all_kinds_of_mail_share_one_budget(app: App) {
        let limits = RateLimits::default()
            .set(rate_limit::MESSAGES, RateLimit::per_hour(2));
        let app = with_limits(&app, limits).await;
        verified(&app, "ada").await;
        app.reset_token(ADA).await;
        for _ in 0..3 {
            request(&app.browser(), ADA).await;
        }
        assert_eq!(app.mail_count(EmailLogin, ADA).await, 1, "one link passes beyond the budget");
    }

    async fn links_that_do_not_exist_are_counted(app: App) {
        let limits = RateLimits::default()
            .set(rate_limit::VERIFY_EMAIL_LOGIN, RateLimit::per_hour(2));
        let app = with_limits(&app, limits).await;
        verified(&app, "ada").await;
        let browser = app.browser();
        let unknown = json!({ "token": "0".repeat(64) });
        for status in [400, 400, 429] {
            assert_eq!(confirm(&browser, unknown.clone()).await.status, status);
        }
        let sent = ask(&app, &browser, ADA).await;
        assert_eq!(confirm(&browser, sent.link()).await.status, 200);
    }
}

#[tokio::test]
async fn pages_of_other_sites_neither_ask_nor_sign_in() {
    let app = mailed(&App::on(crudauth_tests::Kind::Sqlite).await).await;
    verified(&app, "ada").await;
    let browser = app.browser();
    let sent = ask(&app, &browser, ADA).await;
    let headers = [("content-type", "application/json"), ("sec-fetch-site", "cross-site")];
    for (path, body) in [
        ("/email-login/request", json!({ "email": ADA })),
        ("/email-login/confirm", sent.link()),
        ("/email-login/confirm", sent.code()),
    ] {
        let body = body.to_string().into_bytes();
        let answer = browser.send(poem::http::Method::POST, path, &headers, body).await;
        assert_refused(&browser, &answer, 403, "cross-site").await;
    }
    assert_eq!(app.mail_count(EmailLogin, ADA).await, 1);
    assert_eq!(confirm(&browser, sent.link()).await.status, 200, "nothing was spent");
}

#[tokio::test]
async fn missing_fields_are_named() {
    let app = mailed(&App::on(crudauth_tests::Kind::Sqlite).await).await;
    let browser = app.browser();
    assert_eq!(browser.post("/email-login/request", json!({})).await.status, 422);
    let answer = confirm(&browser, json!({})).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text.contains("challenge") && answer.text.contains("code"), "{answer:?}");
}

#[tokio::test]
async fn a_request_that_is_too_patient_is_rejected_at_start() {
    let lifetimes = [Duration::from_secs(59), Duration::from_secs(3601)];
    for lifetime in lifetimes {
        let email = EmailConfig::new(crudauth::PrintingSender, FRONTEND);
        assert_eq!(email.login_link("/email-login", lifetime).validate().len(), 1);
    }
    for attempts in [0, 11] {
        assert_eq!(EmailLoginConfig::default().max_attempts(attempts).validate().len(), 1);
    }
    assert!(EmailLoginConfig::default().max_attempts(10).validate().is_empty());
}
