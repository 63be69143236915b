//! Account enumeration: an unauthenticated client cannot find out whether an account exists. The
//! two answers of a pair are equal in status, body and headers.

use std::time::{Duration, Instant};

use crudauth::email::MessageKind;
use crudauth_tests::{Answer, App, Kind, PASSWORD, on_every_database, sign_up};
use serde_json::{Value, json};

const NEW: &str = "another-strong-one";

/// Adds an account of every kind: `ada`, `proved`, `disabled`, and `unset` without a password.
async fn add_accounts(app: &App) {
    for name in ["ada", "proved", "disabled", "unset"] {
        app.register(name).await;
    }
    app.auth.drained().await;
    for sql in [
        "UPDATE users SET email_verified = TRUE WHERE username = 'proved'",
        "UPDATE users SET is_active = FALSE WHERE username = 'disabled'",
        "UPDATE users SET hashed_password = '!' WHERE username = 'unset'",
    ] {
        app.database.execute(sql).await;
    }
}

/// The answer to a new client.
async fn post_new_client(app: &App, path: &str, body: Value) -> Answer {
    app.browser().post(path, body).await
}

on_every_database! {
    async fn a_mail_request_does_not_reveal_whether_the_address_exists(app: App) {
        add_accounts(&app).await;
        let before = app.outbox.messages().len();
        for path in ["/email/verify-request", "/password/reset-request"] {
            let unknown = post_new_client(&app, path, json!({ "email": "unknown@example.com" })).await;
            assert_eq!(unknown.status, 200);
            for name in ["ada", "proved", "disabled", "unset"] {
                let known = post_new_client(&app, path, json!({ "email": format!("{name}@example.com") })).await;
                assert_eq!(known.comparable(), unknown.comparable(), "{path} {name}");
            }
        }
        app.auth.drained().await;
        let mut mailed: Vec<_> = app.outbox.messages()[before..]
            .iter()
            .map(|mail| format!("{} {}", mail.kind.as_str(), mail.to))
            .collect();
        mailed.sort();
        let wanted = [
            "reset_password ada@example.com",
            "reset_password proved@example.com",
            "reset_password unset@example.com",
            "verify_email ada@example.com",
            "verify_email unset@example.com",
        ];
        assert_eq!(mailed, wanted, "only the owners get a mail");
    }

    async fn a_login_does_not_reveal_whether_the_name_exists(app: App) {
        add_accounts(&app).await;
        let unknown = app.browser().login("unknown", PASSWORD).await;
        assert_eq!(unknown.status, 401);
        for (name, password) in [
            ("ada", "not-the-password"),
            ("ada@example.com", "not-the-password"),
            ("disabled", PASSWORD),
            ("unset", PASSWORD),
            ("unknown@example.com", PASSWORD),
        ] {
            let known = app.browser().login(name, password).await;
            assert_eq!(known.comparable(), unknown.comparable(), "{name}");
        }
    }

    async fn a_lock_does_not_reveal_whether_the_name_exists(app: App) {
        add_accounts(&app).await;
        let mut seen = Vec::new();
        for name in ["unknown", "ada", "disabled", "unset"] {
            let mut answers = Vec::new();
            for _ in 0..7 {
                answers.push(app.browser().login(name, "not-the-password").await.comparable());
            }
            assert_eq!(answers.last().unwrap().0, 429, "{name}");
            seen.push((name, answers));
        }
        for (name, answers) in &seen[1..] {
            assert_eq!(answers, &seen[0].1, "{name}");
        }
    }

    async fn a_sign_up_does_not_reveal_whether_the_address_is_taken(app: App) {
        add_accounts(&app).await;
        let free = app.register("free").await;
        assert_eq!(free.status, 202);
        for name in ["ada", "proved", "disabled", "unset"] {
            let mut form = sign_up(&format!("{name}2"));
            form["email"] = json!(format!("{name}@example.com"));
            let taken = post_new_client(&app, "/register", form).await;
            assert_eq!(taken.comparable(), free.comparable(), "{name}");
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 5);
    }

    async fn an_address_change_does_not_reveal_whether_the_new_one_is_taken(app: App) {
        add_accounts(&app).await;
        let post_new_client = async |to: &str| {
            let eve = app.browser();
            eve.login("eve", PASSWORD).await;
            let body = json!({ "new_email": to, "password": PASSWORD });
            let answer = eve.post("/email/change-request", body).await;
            eve.post("/logout", json!({})).await;
            app.clock.advance(Duration::from_secs(3600));
            answer
        };
        app.register("eve").await;
        let free = post_new_client("free@example.com").await;
        assert_eq!(free.status, 200);
        for name in ["ada", "proved", "disabled", "unset"] {
            let address = format!("{name}@example.com");
            assert_eq!(post_new_client(&address).await.comparable(), free.comparable(), "{name}");
            assert_eq!(app.mail_count(MessageKind::ChangeEmail, &address).await, 0);
        }
        assert_eq!(app.mail_count(MessageKind::ChangeEmail, "free@example.com").await, 1);
        let asked = MessageKind::EmailChangeRequested;
        assert_eq!(app.mail_count(asked, "eve@example.com").await, 5, "eve gets no more mails");
    }

    async fn a_forged_link_and_an_expired_link_look_alike(app: App) {
        add_accounts(&app).await;
        let verify = app.token(MessageKind::VerifyEmail, "ada@example.com").await;
        let reset = app.reset_token("ada@example.com").await;
        let disabled = app.token(MessageKind::VerifyEmail, "disabled@example.com").await;
        app.clock.advance(Duration::from_secs(25 * 3600));
        for (path, real) in [
            ("/email/verify-confirm", &verify),
            ("/email/verify-confirm", &disabled),
            ("/password/reset-confirm", &reset),
            ("/password/reset-confirm", &verify),
            ("/email/change-confirm", &reset),
        ] {
            let confirm = |token: &str| json!({ "token": token, "new_password": NEW });
            let died = post_new_client(&app, path, confirm(real)).await;
            assert_eq!((died.status, died.detail().as_str()), (400, "Invalid or expired token"));
            for none in ["", "x", &"0".repeat(64), &real.to_uppercase()] {
                assert_eq!(post_new_client(&app, path, confirm(none)).await.comparable(), died.comparable(), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_mail_request_is_answered_after_a_fixed_time() {
    let app = App::on(Kind::Sqlite).await;
    add_accounts(&app).await;
    for name in ["ada", "unknown"] {
        let begun = Instant::now();
        let body = json!({ "email": format!("{name}@example.com") });
        assert_eq!(post_new_client(&app, "/password/reset-request", body).await.status, 200);
        assert!(begun.elapsed() >= Duration::from_millis(40), "{name}: {:?}", begun.elapsed());
    }
}
