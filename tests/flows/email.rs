//! The `email` slice: verifying an address and resetting a password by a mailed link.

use std::time::Duration;

use crudauth::email::MessageKind::{PasswordChanged, ResetPassword, VerifyEmail};
use crudauth_tests::{Answer, App, Browser, Kind, PASSWORD, on_every_database, sign_up};
use serde_json::json;

const NEW: &str = "another-strong-one";
const ADA: &str = "ada@example.com";
const HOUR: Duration = Duration::from_secs(3600);

async fn verify(browser: &Browser, token: &str) -> Answer {
    browser.post("/email/verify-confirm", json!({ "token": token })).await
}

async fn reset(browser: &Browser, token: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "new_password": password });
    browser.post("/password/reset-confirm", body).await
}

fn assert_answer(answer: &Answer, status: u16, detail: &str) {
    assert_eq!((answer.status, &*answer.detail()), (status, detail), "{answer:?}");
}

fn assert_invalid(answer: &Answer) {
    assert_answer(answer, 400, "Invalid or expired token");
}

on_every_database! {
    async fn a_link_verifies_the_address_once_and_opens_no_session(app: App) {
        let ada = app.member("ada").await;
        assert_eq!(ada.get("/billing").await.status, 403);
        let token = app.token(VerifyEmail, ADA).await;
        let stranger = app.browser();
        let answer = verify(&stranger, &token).await;
        assert_answer(&answer, 200, "Verified successfully.");
        assert!(answer.set_cookies().is_empty() && !stranger.is_signed_in().await);
        assert_eq!(ada.get("/billing").await.status, 200, "and her session lives on");
        assert_answer(&verify(&stranger, &token).await, 400, "Token already used");
    }

    async fn a_reset_changes_the_password_and_revokes_every_session(app: App) {
        let laptop = app.member("ada").await;
        let phone = app.signed_in("ada", PASSWORD).await;
        let eve = app.member("eve").await;
        let body = json!({ "new_email": "new@example.com", "password": PASSWORD });
        assert_eq!(laptop.post("/email/change-request", body).await.status, 200);
        let change = app.token(crudauth::email::MessageKind::ChangeEmail, "new@example.com").await;
        let other = app.reset_token(ADA).await;
        let token = app.reset_token(ADA).await;
        let verification = app.token(VerifyEmail, ADA).await;
        let hash = "SELECT hashed_password FROM users WHERE username = 'ada'";
        let before = app.database.text(hash).await;

        let stranger = app.browser();
        let answer = reset(&stranger, &token, NEW).await;
        assert_answer(&answer, 200, "Password reset successfully.");
        assert!(answer.set_cookies().is_empty() && !stranger.is_signed_in().await);

        assert_ne!(app.database.text(hash).await, before);
        let row = "users WHERE username = 'ada' AND token_version = 1 AND email_verified";
        assert_eq!(app.database.count(row).await, 1, "the link proves the address");
        assert!(!laptop.is_signed_in().await && !phone.is_signed_in().await);
        assert!(eve.is_signed_in().await, "others are not concerned");
        assert_eq!(app.database.count("users_sessions").await, 1);
        assert_invalid(&reset(&stranger, &other, "third-strong-one").await);
        assert_invalid(&reset(&stranger, &token, "third-strong-one").await);
        let body = json!({ "token": change });
        assert_invalid(&stranger.post("/email/change-confirm", body).await);
        assert_eq!(verify(&stranger, &verification).await.status, 200, "still valid and harmless");
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 401);
        assert_eq!(app.browser().login("ada", NEW).await.status, 200);
        let notice = app.last_mail(PasswordChanged, ADA).await;
        assert!(notice.link.is_none());
    }

    async fn a_rejected_password_does_not_consume_the_link(app: App) {
        app.register("ada").await;
        let token = app.reset_token(ADA).await;
        let browser = app.browser();
        for (refused, kind) in
            [("zq7-fk2", "string_too_short"), ("password1", "password_policy"), (ADA, "password_policy")]
        {
            let answer = reset(&browser, &token, refused).await;
            assert_eq!(answer.status, 422);
            let error = &answer.json()["detail"][0];
            assert_eq!(error["type"], kind);
            assert_eq!(error["loc"], json!(["body", "new_password"]));
            assert!(!answer.text.contains(refused), "and is not repeated");
        }
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
        assert_eq!(reset(&browser, &token, NEW).await.status, 200);
    }

    async fn a_link_works_until_its_expiry_and_not_after(app: App) {
        app.register("ada").await;
        app.register("bob").await;
        let ada = app.token(VerifyEmail, ADA).await;
        let bob = app.token(VerifyEmail, "bob@example.com").await;
        let day = 24 * HOUR;
        app.clock.advance(day - Duration::from_secs(1));
        assert_eq!(verify(&app.browser(), &ada).await.status, 200);
        app.clock.advance(Duration::from_secs(1));
        assert_invalid(&verify(&app.browser(), &bob).await);

        let ada = app.reset_token(ADA).await;
        let bob = app.reset_token("bob@example.com").await;
        app.clock.advance(HOUR - Duration::from_secs(1));
        assert_eq!(reset(&app.browser(), &ada, NEW).await.status, 200);
        app.clock.advance(Duration::from_secs(1));
        assert_invalid(&reset(&app.browser(), &bob, NEW).await);
        assert_eq!(app.browser().login("bob", PASSWORD).await.status, 200);
    }

    async fn moving_the_account_voids_links_to_the_old_address(app: App) {
        app.register("ada").await;
        let (token, verification) = (app.reset_token(ADA).await, app.token(VerifyEmail, ADA).await);
        app.database.execute("UPDATE users SET email = 'other@example.com'").await;
        assert_invalid(&reset(&app.browser(), &token, NEW).await);
        assert_invalid(&verify(&app.browser(), &verification).await);
        assert_eq!(app.database.count("users WHERE email_verified").await, 0);
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
    }

    async fn a_new_token_version_voids_a_reset_link(app: App) {
        app.register("ada").await;
        let token = app.reset_token(ADA).await;
        app.database.execute("UPDATE users SET token_version = token_version + 1").await;
        assert_invalid(&reset(&app.browser(), &token, NEW).await);
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
    }

    async fn a_disabled_account_gets_no_mail_and_its_links_are_void(app: App) {
        let id = app.member("ada").await.id().await;
        let (token, verification) = (app.reset_token(ADA).await, app.token(VerifyEmail, ADA).await);
        assert!(app.auth.accounts().disable(&id).await.unwrap());
        assert_invalid(&reset(&app.browser(), &token, NEW).await);
        assert_invalid(&verify(&app.browser(), &verification).await);
        let resets = app.mail_count(ResetPassword, ADA).await;
        let body = json!({ "email": ADA });
        assert_eq!(app.browser().post("/password/reset-request", body.clone()).await.status, 200);
        assert_eq!(app.browser().post("/email/verify-request", body).await.status, 200);
        assert_eq!(app.mail_count(ResetPassword, ADA).await, resets);
        assert_eq!(app.mail_count(VerifyEmail, ADA).await, 1, "the one of the sign-up");
        assert!(app.auth.accounts().enable(&id).await.unwrap());
        assert_invalid(&reset(&app.browser(), &token, NEW).await);
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
    }

    async fn links_and_sessions_never_open_an_account_with_a_reused_id(app: App) {
        let ada = app.member("ada").await;
        let id = ada.id().await;
        let (token, verification) = (app.reset_token(ADA).await, app.token(VerifyEmail, ADA).await);
        // By hand: the library would delete the sessions and tokens as well.
        app.database.execute("DELETE FROM users").await;
        assert_eq!(app.register("ada").await.status, 202);
        app.database.execute(&format!("UPDATE users SET id = {id}")).await;
        assert!(!ada.is_signed_in().await);
        assert_invalid(&reset(&app.browser(), &token, NEW).await);
        assert_invalid(&verify(&app.browser(), &verification).await);
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
    }

    async fn deleting_an_account_deletes_its_links(app: App) {
        let id = app.member("ada").await.id().await;
        let token = app.reset_token(ADA).await;
        assert!(app.auth.accounts().delete(&id).await.unwrap());
        assert_invalid(&reset(&app.browser(), &token, NEW).await);
        let rows = app.database.count("users_one_time_tokens").await + app.database.count("users_sessions").await;
        assert_eq!(rows, 0);
    }

    async fn a_reset_sets_the_first_password(app: App) {
        app.register("ada").await;
        app.database.execute("UPDATE users SET hashed_password = '!'").await;
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 401);
        let token = app.reset_token(ADA).await;
        assert_eq!(reset(&app.browser(), &token, NEW).await.status, 200);
        assert_eq!(app.browser().login("ada", NEW).await.status, 200);
    }
}

#[tokio::test]
async fn verified_and_unknown_addresses_get_no_mail_and_the_same_answer() {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    app.register("bob").await;
    let token = app.token(VerifyEmail, ADA).await;
    assert_eq!(verify(&app.browser(), &token).await.status, 200);
    let mut answers = Vec::new();
    for address in [ADA, "bob@example.com", "unknown@example.com"] {
        let body = json!({ "email": address });
        answers.push(app.browser().post("/email/verify-request", body).await.comparable());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let sent = [
        app.mail_count(VerifyEmail, ADA).await,
        app.mail_count(VerifyEmail, "bob@example.com").await,
        app.mail_count(VerifyEmail, "unknown@example.com").await,
    ];
    assert_eq!(sent, [1, 2, 0]);
}

#[tokio::test]
async fn an_address_gets_five_resets_an_hour_from_all_clients_together() {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    let mut answers = Vec::new();
    for _ in 0..7 {
        let body = json!({ "email": " ADA@example.com" });
        answers.push(app.browser().post("/password/reset-request", body).await.comparable());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "the answer hides the limit");
    assert_eq!(app.mail_count(ResetPassword, ADA).await, 5);
    app.clock.advance(HOUR);
    app.reset_token(ADA).await;
    assert_eq!(app.mail_count(ResetPassword, ADA).await, 6);
}

#[tokio::test]
async fn confirmations_are_limited_by_client_address() {
    let app = App::on(Kind::Sqlite).await;
    app.browser().post("/register", sign_up("ada")).await;
    let token = app.reset_token(ADA).await;
    let guesser = app.browser();
    for n in 0..30 {
        assert_invalid(&reset(&guesser, &format!("{n:064x}"), NEW).await);
    }
    let refused = reset(&guesser, &token, NEW).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("3600")));
    assert_eq!(verify(&guesser, &token).await.status, 429);
    let body = json!({ "token": token });
    assert_eq!(guesser.post("/email/change-confirm", body).await.status, 429);
    assert_eq!(reset(&app.browser(), &token, NEW).await.status, 200, "others are not concerned");
}

#[tokio::test]
async fn me_shows_that_the_address_is_verified() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    assert!(ada.get("/me").await.json().get("email_verified").is_none(), "as crudauth-py");
    let token = app.token(VerifyEmail, ADA).await;
    assert_eq!(verify(&app.browser(), &token).await.status, 200);
    assert_eq!(ada.get("/me").await.json()["email_verified"], true);
}
