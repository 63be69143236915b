//! What is mailed, and that whoever carries it cannot spoil an answer.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crudauth::email::MessageKind::{
    ChangeEmail, EmailChangeRequested, EmailChanged, ExistingAccount, PasswordChanged,
    ResetPassword, VerifyEmail,
};
use crudauth::email::{BoxError, EmailMessage, EmailSender, MessageKind, RecordingSender};
use crudauth::{EmailConfig, RateLimit, RateLimits};
use crudauth_tests::{App, Auth, Database, FRONTEND, Kind, Log, PASSWORD, SECRET};
use serde_json::json;

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

/// What a sender does with mails to Ada; everybody else's it hands on.
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
                Trouble::Panics => panic!("a sender's own bug"),
            }
        }
        self.1.send(message).await
    }
}

/// An app whose sender is troubled. Ada and Bob have signed up before.
async fn troubled(trouble: Trouble) -> App {
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

/// Waits for a message, whatever else is still being sent.
async fn arrives(app: &App, kind: MessageKind, to: &str) {
    let arrival = async {
        while app.outbox.last(kind, to).is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let is_there = tokio::time::timeout(Duration::from_secs(10), arrival).await.is_ok();
    assert!(is_there, "no {kind:?} to {to}: {:?}", app.outbox.messages());
}

/// Whatever the sender does: every answer is the same, none waits for it, and others get theirs.
async fn changes_nothing(trouble: Trouble, is_told: bool) -> App {
    let app = troubled(trouble).await;
    for path in ["/password/reset-request", "/email/verify-request"] {
        let mut answers = Vec::new();
        for address in [ADA, BOB, "nobody@example.com"] {
            let browser = app.browser();
            let answer = browser.post(path, json!({ "email": address }));
            // Nobody waits for the sender.
            let in_time = Duration::from_millis(900);
            let answer = tokio::time::timeout(in_time, answer).await.unwrap();
            answers.push(answer.looks());
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }
    let laptop = app.signed_in("ada", PASSWORD).await;
    let changed = laptop.change_password(PASSWORD, "another-strong-one").await;
    assert_eq!(changed.status, 200);
    assert_eq!(app.register("ada").await.status, 202, "her notice is mailed, or is not");
    assert_eq!(app.register("eve").await.status, 202);
    // The outbox cancels a hanging job after 30 s; this test does not wait for that.
    if !matches!(trouble, Trouble::Hangs) {
        let drained = tokio::time::timeout(Duration::from_secs(30), app.auth.drained()).await;
        assert!(drained.is_ok(), "every mail is sent or has failed");
    }
    for (kind, to) in [(ResetPassword, BOB), (VerifyEmail, BOB), (VerifyEmail, "eve@example.com")] {
        arrives(&app, kind, to).await;
    }
    assert_eq!(app.outbox.last(ResetPassword, ADA).is_some(), is_told);
    app
}

#[tokio::test]
async fn a_slow_sender_keeps_nobody_waiting_and_its_mails_go_out() {
    changes_nothing(Trouble::Slow, true).await;
}

#[tokio::test]
async fn a_hanging_sender_delays_no_other_mail() {
    changes_nothing(Trouble::Hangs, false).await;
}

#[tokio::test]
async fn a_panicking_sender_spoils_no_other_mail() {
    changes_nothing(Trouble::Panics, false).await;
}

#[tokio::test]
async fn a_failing_sender_is_logged_without_the_link_that_its_error_repeats() {
    let log = Log::listen();
    let app = changes_nothing(Trouble::Fails, false).await;
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
async fn nothing_that_opens_anything_is_ever_logged() {
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
async fn a_message_names_its_one_recipient_and_tells_of_link_and_lifetime() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    let body = json!({ "new_email": "new@example.com", "password": PASSWORD });
    assert_eq!(ada.post("/email/change-request", body).await.status, 200);
    let reset = app.reset_token(ADA).await;
    let change = app.token(ChangeEmail, "new@example.com").await;
    assert_eq!(app.register("ada").await.status, 202);
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
        let mail = app.mailed(kind, to).await;
        assert!(subjects.insert(mail.subject.clone()), "each kind has a subject of its own");
        assert!(!mail.subject.trim().is_empty() && !mail.subject.contains(['\r', '\n']));
        assert_eq!(mail.html.matches("<p>").count(), mail.html.matches("</p>").count());
        let (link, expires_in) = (mail.link.as_deref(), mail.expires_in);
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
async fn what_the_front_end_s_address_holds_is_escaped_in_html() {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    let Database::Sqlite(pool) = app.database.clone() else { unreachable!() };
    for address in ["https://a\"><script>", "https://app.example.com/?a=1&b=2"] {
        let email = EmailConfig::new(app.outbox.clone(), address);
        let built = Auth::builder(pool.clone(), SECRET).email(email).build().await;
        assert!(built.is_err(), "what would need escaping is refused at once");
    }
    let html = app.mailed(VerifyEmail, ADA).await.html;
    assert!(!html.contains("<script") && html.starts_with("<p>"));
}

#[tokio::test]
async fn the_outbox_is_drained_when_it_says_so() {
    let app = troubled(Trouble::Slow).await;
    for _ in 0..3 {
        app.browser().post("/password/reset-request", json!({ "email": ADA })).await;
    }
    app.auth.drained().await;
    let resets = app.outbox.messages();
    assert_eq!(resets.iter().filter(|mail| mail.kind == ResetPassword).count(), 3);
}

#[tokio::test]
async fn the_owner_of_a_taken_address_is_told_as_often_as_is_allowed() {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    for _ in 0..7 {
        assert_eq!(app.register("ada").await.status, 202);
    }
    assert_eq!(app.count_mailed(ExistingAccount, ADA).await, 5);
    assert_eq!(RateLimits::default().existing_account_notice, RateLimit::per_hour(5));
}
