//! Messages and their sender: a bad sender cannot affect a response.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crudauth::email::MessageKind::{
    ChangeEmail, EmailChangeRequested, EmailChanged, ExistingAccount, PasswordChanged,
    ResetPassword, VerifyEmail,
};
use crudauth::email::{BoxError, EmailMessage, EmailSender, MessageKind, RecordingSender};
use crudauth::{EmailConfig, RateLimit, RateLimits, rate_limit};
use crudauth_tests::{App, Auth, Database, FRONTEND, Kind, Log, PASSWORD, SECRET};
use serde_json::json;

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

/// The behaviour of a sender towards mails to ada. Other mails are forwarded.
#[derive(Clone, Copy)]
enum Trouble {
    Slow,
    Hangs,
    Fails,
    Panics,
}

struct Troubled(Trouble, RecordingSender);

impl EmailSender for Troubled {
    async fn send(&self, message: &EmailMessage) -> Result<(), BoxError> {
        if message.to.as_str() == ADA {
            match self.0 {
                Trouble::Slow => tokio::time::sleep(Duration::from_millis(300)).await,
                Trouble::Hangs => std::future::pending().await,
                Trouble::Fails => {
                    let link = message.link.clone().unwrap_or_default();
                    return Err(format!("550 no such box, while sending {link} {link}x").into());
                }
                // `panic!` would print a backtrace, which may take longer than the answer may.
                Trouble::Panics => std::panic::resume_unwind(Box::new("a sender's own bug")),
            }
        }
        self.1.send(message).await
    }
}

/// An app with such a sender and one outbox worker, in which ada and bob have signed up.
async fn app_with_sender(trouble: Trouble) -> App {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    app.register("bob").await;
    app.auth.drained().await;
    let Database::Sqlite(pool) = app.database.clone() else { unreachable!() };
    let auth = Auth::builder(pool, SECRET)
        .email(EmailConfig::new(Troubled(trouble, app.outbox.clone()), FRONTEND))
        .trusted_proxy_hops(1)
        .clock(Arc::clone(&app.clock) as _)
        .build()
        .await
        .unwrap();
    app.around(auth)
}

/// Waits for one message; others may still be on their way.
async fn assert_mailed(app: &App, kind: MessageKind, to: &str) {
    let arrival = async {
        while app.outbox.last(kind, to).is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let is_there = tokio::time::timeout(Duration::from_secs(10), arrival).await.is_ok();
    assert!(is_there, "no {kind:?} to {to}: {:?}", app.outbox.messages());
}

/// Asserts that every answer is the same and immediate, and that other recipients get their mails.
async fn assert_unaffected(trouble: Trouble, is_logged: bool) -> App {
    let app = app_with_sender(trouble).await;
    for path in ["/password/reset-request", "/email/verify-request"] {
        let mut answers = Vec::new();
        for address in [ADA, BOB, "unknown@example.com"] {
            let browser = app.browser();
            let answer = browser.post(path, json!({ "email": address }));
            // No response waits for the sender.
            let in_time = Duration::from_millis(900);
            let answer = tokio::time::timeout(in_time, answer).await.unwrap();
            answers.push(answer.comparable());
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }
    let laptop = app.signed_in("ada", PASSWORD).await;
    let changed = laptop.change_password(PASSWORD, "another-strong-one").await;
    assert_eq!(changed.status, 200);
    assert_eq!(app.register_as("cyd", ADA).await.status, 202, "ada gets her notice or not");
    assert_eq!(app.register("eve").await.status, 202);
    // The outbox cancels a hanging job after 30 s; this test does not wait for that.
    if !matches!(trouble, Trouble::Hangs) {
        let drained = tokio::time::timeout(Duration::from_secs(30), app.auth.drained()).await;
        assert!(drained.is_ok(), "every mail is sent or has failed");
    }
    for (kind, to) in [(ResetPassword, BOB), (VerifyEmail, BOB), (VerifyEmail, "eve@example.com")] {
        assert_mailed(&app, kind, to).await;
    }
    assert_eq!(app.outbox.last(ResetPassword, ADA).is_some(), is_logged);
    app
}

#[tokio::test]
async fn a_slow_sender_delays_no_response_and_its_mails_are_sent() {
    assert_unaffected(Trouble::Slow, true).await;
}

#[tokio::test]
async fn a_hanging_sender_delays_no_other_mail() {
    assert_unaffected(Trouble::Hangs, false).await;
}

#[tokio::test]
async fn a_panicking_sender_affects_no_other_mail() {
    assert_unaffected(Trouble::Panics, false).await;
}

#[tokio::test]
async fn a_failing_sender_is_logged_without_the_link() {
    let log = Log::listen();
    let app = assert_unaffected(Trouble::Fails, false).await;
    let text = log.text();
    assert!(text.contains("550 no such box"), "{text}");
    let lines = text.lines().filter(|line| line.contains("550 no such box"));
    for line in lines {
        let has_token =
            line.as_bytes().windows(64).any(|part| part.iter().all(u8::is_ascii_hexdigit));
        assert!(!has_token, "{line}");
    }
    drop(app);
}

#[tokio::test]
async fn secrets_are_never_logged() {
    let log = Log::listen();
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    let mut secrets: Vec<_> = ada.cookies().into_values().collect();
    for (kind, path) in
        [(VerifyEmail, "/email/verify-confirm"), (ResetPassword, "/password/reset-confirm")]
    {
        let token = match kind {
            ResetPassword => app.reset_token(ADA).await,
            _ => app.token(kind, ADA).await,
        };
        let body = json!({ "token": token, "new_password": "another-strong-one" });
        assert_eq!(app.browser().post(path, body.clone()).await.status, 200);
        assert_eq!(app.browser().post(path, body).await.status, 400);
        secrets.push(token);
    }
    assert_eq!(app.browser().login("ada", "wrong-strong-one").await.status, 401);
    let phone = app.signed_in("ada", "another-strong-one").await;
    secrets.extend(phone.cookies().into_values());
    assert_eq!(phone.change_password("another-strong-one", "third-strong-one").await.status, 200);
    secrets.extend([PASSWORD, "strong-one", "argon2id"].map(str::to_owned));
    app.auth.drained().await;
    let text = log.text();
    assert!(
        text.contains("password reset") && text.contains("signed in"),
        "what happened is logged"
    );
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret}");
    }
}

#[tokio::test]
async fn a_message_has_one_recipient_its_link_and_its_lifetime() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    let body = json!({ "new_email": "new@example.com", "password": PASSWORD });
    assert_eq!(ada.post("/email/change-request", body).await.status, 200);
    let reset = app.reset_token(ADA).await;
    let change = app.token(ChangeEmail, "new@example.com").await;
    assert_eq!(app.register_as("cyd", ADA).await.status, 202);
    let confirm = app.browser().post("/email/change-confirm", json!({ "token": change })).await;
    assert_eq!(confirm.status, 200);
    let ada = app.signed_in("ada", PASSWORD).await;
    assert_eq!(ada.change_password(PASSWORD, "another-strong-one").await.status, 200);

    let hour = Duration::from_secs(3600);
    let mut subjects = BTreeSet::new();
    for (kind, to, lifetime) in [
        (VerifyEmail, ADA, Some((24 * hour, "24 hours"))),
        (ResetPassword, ADA, Some((hour, "one hour"))),
        (ChangeEmail, "new@example.com", Some((24 * hour, "24 hours"))),
        (ExistingAccount, ADA, None),
        (EmailChangeRequested, ADA, None),
        (EmailChanged, ADA, None),
        (PasswordChanged, "new@example.com", None),
    ] {
        let mail = app.last_mail(kind, to).await;
        assert!(subjects.insert(mail.subject.clone()), "each kind has a subject of its own");
        assert!(!mail.subject.trim().is_empty() && !mail.subject.contains(['\r', '\n']));
        assert_eq!(mail.html.matches("<p>").count(), mail.html.matches("</p>").count());
        let link = mail.link.as_deref();
        let expires_in = mail.expires_in;
        match lifetime {
            Some((lifetime, words)) => {
                let link = link.unwrap();
                assert_eq!(expires_in, lifetime);
                assert!(mail.text.lines().any(|line| line == link), "on a line of its own");
                assert!(mail.html.contains(&format!("<a href=\"{link}\">{link}</a>")));
                assert!(mail.text.contains(words) && mail.html.contains(words));
            }
            None => {
                assert!(link.is_none() && expires_in.is_zero(), "{kind:?}");
                let parts = [&mail.text, &mail.html, &mail.subject];
                assert!(parts.iter().all(|part| !part.contains("://") && !part.contains(&reset)));
            }
        }
        assert!(!format!("{mail:?}").contains("token="), "nor does `Debug` show it");
    }
}

#[tokio::test]
async fn the_front_end_address_is_escaped_in_html() {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    let Database::Sqlite(pool) = app.database.clone() else { unreachable!() };
    for address in ["https://a\"><script>", "https://app.example.com/?a=1&b=2"] {
        let email = EmailConfig::new(app.outbox.clone(), address);
        let built = Auth::builder(pool.clone(), SECRET).email(email).build().await;
        assert!(built.is_err(), "a value that needs escaping is rejected");
    }
    let html = app.last_mail(VerifyEmail, ADA).await.html;
    assert!(!html.contains("<script") && html.starts_with("<p>"));
}

#[tokio::test]
async fn drained_returns_once_the_outbox_is_empty() {
    let app = app_with_sender(Trouble::Slow).await;
    for _ in 0..3 {
        app.browser().post("/password/reset-request", json!({ "email": ADA })).await;
    }
    app.auth.drained().await;
    let resets = app.outbox.messages();
    assert_eq!(resets.iter().filter(|mail| mail.kind == ResetPassword).count(), 3);
}

#[tokio::test]
async fn notices_to_the_owner_of_a_taken_address_are_rate_limited() {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    for _ in 0..7 {
        assert_eq!(app.register_as("eve", ADA).await.status, 202);
    }
    assert_eq!(app.mail_count(ExistingAccount, ADA).await, 5);
    assert_eq!(
        RateLimits::default().of(rate_limit::EXISTING_ACCOUNT_NOTICE),
        RateLimit::per_hour(5)
    );
}
