//! Moving an account to another address.

use std::time::Duration;

use crudauth::email::MessageKind::{ChangeEmail, EmailChangeRequested, EmailChanged};
use crudauth_tests::{
    Answer, App, Browser, Kind, PASSWORD, Unlimited, concurrently, count_status, on_every_database,
};
use serde_json::json;

const ADA: &str = "ada@example.com";
const NEW: &str = "new@example.com";

async fn request(browser: &Browser, new: &str) -> Answer {
    let body = json!({ "new_email": new, "password": PASSWORD });
    browser.post("/email/change-request", body).await
}

async fn confirm(browser: &Browser, token: &str) -> Answer {
    browser.post("/email/change-confirm", json!({ "token": token })).await
}

/// Requests a change and returns the token of the mail.
async fn token(app: &App, browser: &Browser, new: &str) -> String {
    assert_eq!(request(browser, new).await.status, 200);
    app.token(ChangeEmail, new).await
}

fn assert_answer(answer: &Answer, status: u16, detail: &str) {
    assert_eq!((answer.status, &*answer.detail()), (status, detail), "{answer:?}");
}

fn assert_invalid(answer: &Answer) {
    assert_answer(answer, 400, "Invalid or expired token");
}

on_every_database! {
    async fn an_account_moves_once_its_new_address_is_verified(app: App) {
        let ada = app.member("ada").await;
        let phone = app.signed_in("ada", PASSWORD).await;
        let reset = app.reset_token(ADA).await;
        let answer = request(&ada, NEW).await;
        assert_answer(&answer, 200, "If the address is available, a confirmation email has been sent.");
        let token = app.token(ChangeEmail, NEW).await;
        assert!(app.last_mail(EmailChangeRequested, ADA).await.link.is_none());
        assert_eq!(app.mail_count(EmailChanged, ADA).await, 0);
        assert_eq!(ada.get("/me").await.json()["email"], ADA);

        let stranger = app.browser();
        let answer = confirm(&stranger, &token).await;
        assert_answer(&answer, 200, "Email changed successfully.");
        assert!(answer.set_cookies().is_empty() && !stranger.is_signed_in().await);
        assert_eq!(phone.get("/me").await.json()["email"], NEW, "sessions live on");
        assert_eq!(ada.get("/billing").await.status, 200, "it is proved");
        assert!(app.last_mail(EmailChanged, ADA).await.link.is_none());
        assert_eq!(app.mail_count(EmailChanged, NEW).await, 0);
        assert_invalid(&confirm(&stranger, &token).await);
        let body = json!({ "token": reset, "new_password": "another-strong-one" });
        assert_invalid(&stranger.post("/password/reset-confirm", body).await);
        assert_eq!(app.browser().login(ADA, PASSWORD).await.status, 401);
        assert_eq!(app.browser().login(NEW, PASSWORD).await.status, 200);
    }

    async fn an_account_without_a_usable_address_moves_to_one(app: App) {
        let ada = app.member("ada").await;
        for (at, stored) in ["not an address", "Ada <ada@example.com>", "ada@exa mple"].iter().enumerate() {
            app.database.execute(&format!("UPDATE users SET email = '{stored}', email_verified = FALSE")).await;
            let new = format!("new{at}@example.com");
            let token = token(&app, &ada, &new).await;
            assert_eq!(confirm(&app.browser(), &token).await.status, 200, "{stored}");
            assert_eq!(ada.get("/me").await.json()["email"], new);
            assert_eq!(ada.get("/billing").await.status, 200, "it is proved");
        }
        assert_eq!(app.mail_count(EmailChanged, "ada@example.com").await, 0);
    }

    async fn a_link_to_an_address_taken_meanwhile_stays_valid(app: App) {
        let ada = app.member("ada").await;
        let token = token(&app, &ada, "bob@example.com").await;
        let bob = app.member("bob").await.id().await;
        assert_answer(&confirm(&app.browser(), &token).await, 422, "Email already in use");
        assert_eq!(ada.get("/me").await.json()["email"], ADA);
        assert_eq!(app.mail_count(EmailChanged, ADA).await, 0);
        assert!(app.auth.accounts().delete(&bob).await.unwrap());
        assert_eq!(confirm(&app.browser(), &token).await.status, 200);
        assert_eq!(ada.get("/me").await.json()["email"], "bob@example.com");
    }

    async fn confirming_one_of_two_pending_changes_voids_the_other(app: App) {
        let ada = app.member("ada").await;
        let one = token(&app, &ada, NEW).await;
        let other = token(&app, &ada, "newer@example.com").await;
        assert_eq!(confirm(&app.browser(), &other).await.status, 200);
        assert_invalid(&confirm(&app.browser(), &one).await);
        assert_eq!(ada.get("/me").await.json()["email"], "newer@example.com");
    }

    async fn a_link_stays_void_when_the_account_moves_away_and_back(app: App) {
        let ada = app.member("ada").await;
        let reset = app.reset_token(ADA).await;
        let other = token(&app, &ada, "c@example.com").await;
        let away = token(&app, &ada, NEW).await;
        assert_eq!(confirm(&app.browser(), &away).await.status, 200);
        let back = token(&app, &ada, ADA).await;
        assert_eq!(confirm(&app.browser(), &back).await.status, 200);
        let body = json!({ "token": reset, "new_password": "another-strong-one" });
        assert_invalid(&app.browser().post("/password/reset-confirm", body).await);
        assert_invalid(&confirm(&app.browser(), &other).await);
        assert_invalid(&confirm(&app.browser(), &away).await);
        assert_eq!(ada.get("/me").await.json()["email"], ADA);
    }

    async fn a_new_password_voids_a_pending_change(app: App) {
        let ada = app.member("ada").await;
        let token = token(&app, &ada, NEW).await;
        assert_eq!(ada.change_password(PASSWORD, "another-strong-one").await.status, 200);
        assert_invalid(&confirm(&app.browser(), &token).await);
        assert_eq!(ada.get("/me").await.json()["email"], ADA);
    }

    async fn a_change_expires_after_a_day(app: App) {
        let ada = app.member("ada").await;
        let token = token(&app, &ada, NEW).await;
        app.clock.advance(Duration::from_secs(24 * 3600));
        assert_invalid(&confirm(&app.browser(), &token).await);
        assert_eq!(app.database.count("users WHERE email = 'ada@example.com'").await, 1);
    }

    async fn a_pending_change_is_void_once_the_account_moved_or_is_disabled(app: App) {
        let ada = app.member("ada").await;
        let token = token(&app, &ada, NEW).await;
        app.database.execute("UPDATE users SET email = 'moved@example.com'").await;
        assert_invalid(&confirm(&app.browser(), &token).await);
        app.database.execute("UPDATE users SET email = 'ada@example.com', is_active = FALSE").await;
        assert_invalid(&confirm(&app.browser(), &token).await);
        assert_eq!(app.database.count("users WHERE email = 'ada@example.com'").await, 1);
    }
}

/// Confirms requests in every order: the account only ever moves to the address to which the
/// confirmed link was mailed.
async fn interleaved(kind: Kind) {
    let app = App::with(kind, Unlimited).await;
    let ada = app.member("ada").await;
    let mut at = ADA.to_owned();
    for round in 0..6 {
        let names = ["a", "b", "c"].map(|name| format!("{name}{round}@example.com"));
        let first = token(&app, &ada, &names[0]).await;
        let one = ada.clone();
        let two = ada.clone();
        let stranger = app.browser();
        let b = names[1].clone();
        let c = names[2].clone();
        let (confirmed, ..) = tokio::join!(
            tokio::spawn(async move { confirm(&stranger, &first).await }),
            tokio::spawn(async move { request(&one, &b).await }),
            tokio::spawn(async move { request(&two, &c).await }),
        );
        if confirmed.unwrap().status == 200 {
            at.clone_from(&names[0]);
        }
        assert_eq!(ada.get("/me").await.json()["email"], at);
        app.auth.drained().await;
        let mails = names[1..].iter().filter_map(|name| app.outbox.last(ChangeEmail, name));
        let jobs: Vec<_> = mails
            .map(|mail| {
                let token = mail.link.unwrap().rsplit_once('=').unwrap().1.to_owned();
                let stranger = app.browser();
                async move { (mail.to.to_string(), confirm(&stranger, &token).await.status) }
            })
            .collect();
        let confirmed: Vec<_> =
            concurrently(jobs).await.into_iter().filter(|(_, status)| *status == 200).collect();
        assert!(confirmed.len() <= 1, "one move kills the other: {confirmed:?}");
        if let Some((to, _)) = confirmed.into_iter().next() {
            at = to;
        }
        assert_eq!(ada.get("/me").await.json()["email"], at);
    }
    assert_ne!(at, ADA, "it did move");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interleaved_changes_confirm_the_mailed_address_on_sqlite() {
    interleaved(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interleaved_changes_confirm_the_mailed_address_on_postgres() {
    interleaved(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interleaved_changes_confirm_the_mailed_address_on_mysql() {
    interleaved(Kind::MySql).await;
}

#[tokio::test]
async fn a_change_needs_session_password_and_another_address() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    assert_eq!(request(&app.browser(), NEW).await.status, 401);
    let body = json!({ "new_email": NEW, "password": "not-the-password" });
    assert_answer(&ada.post("/email/change-request", body).await, 400, "Incorrect password");
    assert_answer(&request(&ada, " Ada@EXAMPLE.com").await, 400, "New email matches current email");
    assert_eq!(app.mail_count(ChangeEmail, NEW).await, 0);
    assert_eq!(app.mail_count(EmailChangeRequested, ADA).await, 0);
}

#[tokio::test]
async fn a_change_does_not_reveal_that_an_address_is_taken() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    let eve = app.member("eve").await;
    app.register("bob").await;
    let taken = request(&ada, "bob@example.com").await;
    let free = request(&eve, NEW).await;
    assert_eq!(taken.comparable(), free.comparable());
    assert_eq!(app.mail_count(ChangeEmail, NEW).await, 1);
    assert_eq!(app.mail_count(ChangeEmail, "bob@example.com").await, 0);
}

#[tokio::test]
async fn three_passwords_an_hour_are_tried_from_all_addresses_together() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    let mut answers = Vec::new();
    for guess in ["guess-number-1", "guess-number-2", "guess-number-3", PASSWORD] {
        let body = json!({ "new_email": NEW, "password": guess });
        answers.push(ada.stolen().post("/email/change-request", body).await);
    }
    assert_eq!((count_status(&answers, 400), answers[3].status), (3, 429), "{answers:?}");
    assert_eq!(app.mail_count(ChangeEmail, NEW).await, 0);
}

#[tokio::test]
async fn only_requests_that_may_send_mail_or_try_the_password_count() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    for _ in 0..4 {
        let same = request(&ada, "ADA@Example.com").await;
        assert_eq!((same.status, &*same.code()), (400, "same-email"));
        assert_eq!(request(&ada, "no address").await.status, 422);
        let body = json!({ "new_email": ADA, "password": "not-the-password" });
        let wrong = ada.post("/email/change-request", body).await;
        assert_eq!(wrong.code(), "same-email", "the password is not judged, so it is no guess");
    }
    let body = json!({ "new_email": NEW, "password": "not-the-password" });
    assert_eq!(ada.post("/email/change-request", body).await.code(), "wrong-password");
    for at in 0..2 {
        assert_eq!(request(&ada, &format!("new{at}@example.com")).await.status, 200);
    }
    assert_eq!(request(&ada, NEW).await.status, 429, "a wrong password counts");
}
