//! Passwords of signed-in users: changed, or set for the first time.

use std::time::Duration;

use crudauth::email::MessageKind::PasswordChanged;
use crudauth_tests::{Answer, App, Browser, Kind, PASSWORD, on_every_database};
use serde_json::json;

const NEW: &str = "another-strong-one";
const ADA: &str = "ada@example.com";
const HASH: &str = "SELECT hashed_password FROM users";

async fn set(browser: &Browser, password: &str) -> Answer {
    browser.post("/set-password", json!({ "new_password": password })).await
}

/// Signs ada in and removes her password.
async fn without_password(app: &App) -> Browser {
    let ada = app.member("ada").await;
    app.database.execute("UPDATE users SET hashed_password = '!'").await;
    ada
}

fn assert_answer(answer: &Answer, status: u16, detail: &str) {
    assert_eq!((answer.status, &*answer.detail()), (status, detail), "{answer:?}");
}

on_every_database! {
    async fn a_change_increments_the_version_and_notifies_the_owner(app: App) {
        let laptop = app.member("ada").await;
        let phone = app.signed_in("ada", PASSWORD).await;
        let before = app.database.text(HASH).await;
        assert_answer(&laptop.change_password(PASSWORD, NEW).await, 200, "Password changed.");
        assert_ne!(app.database.text(HASH).await, before);
        assert_eq!(app.database.count("users WHERE token_version = 1").await, 1);
        assert_eq!(app.database.count("users_sessions WHERE token_version = 1").await, 1);
        assert_eq!(app.database.count("users_sessions").await, 1);
        assert!(laptop.is_signed_in().await && !phone.is_signed_in().await);
        assert!(app.last_mail(PasswordChanged, ADA).await.link.is_none());
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 401);
        assert_eq!(app.browser().login("ada", NEW).await.status, 200);
    }

    async fn a_wrong_current_password_changes_nothing(app: App) {
        let laptop = app.member("ada").await;
        let phone = app.signed_in("ada", PASSWORD).await;
        let before = app.database.text(HASH).await;
        let answer = laptop.change_password("not-the-password", NEW).await;
        assert_answer(&answer, 401, "Current password is incorrect.");
        assert_eq!(app.database.text(HASH).await, before);
        assert_eq!(app.database.count("users WHERE token_version = 0").await, 1);
        assert!(laptop.is_signed_in().await && phone.is_signed_in().await);
        assert_eq!(app.mail_count(PasswordChanged, ADA).await, 0);
    }

    async fn a_first_password_revokes_other_sessions_and_notifies_the_owner(app: App) {
        app.register("ada").await;
        let phone = app.signed_in("ada", PASSWORD).await;
        let laptop = app.signed_in("ada", PASSWORD).await;
        app.database.execute("UPDATE users SET hashed_password = '!'").await;
        assert_answer(&set(&laptop, NEW).await, 200, "Password set.");
        assert!(laptop.is_signed_in().await && !phone.is_signed_in().await);
        assert_eq!(app.database.count("users WHERE token_version = 1").await, 1);
        assert_eq!(app.browser().login("ada", NEW).await.status, 200);
        app.last_mail(PasswordChanged, ADA).await;
        let answer = set(&laptop, "third-strong-one").await;
        let detail = "Account already has a password; use the password reset flow to change it.";
        assert_answer(&answer, 400, detail);
    }

    async fn a_change_that_loses_a_race_does_nothing(app: App) {
        let ada = app.member("ada").await;
        let account = app.auth.accounts().find(&ada.id().await).await.unwrap().unwrap();
        let token = crudauth::SessionToken::parse(&ada.cookie("session_id").unwrap()).unwrap();
        let principal = app.auth.accounts().authenticate(&token).await.unwrap().unwrap();
        assert_eq!(ada.change_password(PASSWORD, NEW).await.status, 200);
        // The principal was looked up before that change.
        let [old, third] = [PASSWORD, "third-strong-one"].map(|it| crudauth::Password::parse(it).unwrap());
        let late = app.auth.accounts().change_password(&principal, &old, &third).await;
        assert!(matches!(late, Err(crudauth::flow::PasswordError::WrongPassword)));
        assert_eq!(app.browser().login("ada", NEW).await.status, 200);
        assert!(account.user.id == principal.user().id && ada.is_signed_in().await);
    }
}

#[tokio::test]
async fn a_weak_new_password_is_rejected_at_its_field_and_changes_nothing() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    let before = app.database.text(HASH).await;
    let too_long = "x".repeat(4097);
    for (bad, kind) in [
        ("zq7-fk2", "string_too_short"),
        ("cafe\u{301}-fk", "string_too_short"),
        ("Password1", "password_policy"),
        ("ada@example.com", "password_policy"),
        (&too_long, "string_too_long"),
    ] {
        // Each in a new hour: five attempts are allowed, failed or not.
        app.clock.advance(Duration::from_secs(20 * 60));
        let answer = ada.change_password(PASSWORD, bad).await;
        assert_eq!(answer.status, 422, "{bad}");
        let error = &answer.json()["detail"][0];
        assert_eq!(
            (&error["type"], &error["loc"]),
            (&json!(kind), &json!(["body", "new_password"]))
        );
        assert!(!answer.text.contains(bad), "and is not repeated");
    }
    assert_eq!(app.database.text(HASH).await, before);
}

#[tokio::test]
async fn a_password_of_4096_bytes_is_accepted_and_a_longer_one_rejected() {
    let app = App::on(Kind::Sqlite).await;
    let longest = "y".repeat(4096);
    let ada = app.member("ada").await;
    assert_eq!(ada.change_password(PASSWORD, &longest).await.status, 200);
    assert_eq!(app.browser().login("ada", &longest).await.status, 200);
    assert_eq!(app.browser().login("ada", &longest[1..]).await.status, 401, "to the last byte");
    let longer = format!("{longest}y");
    let answer = app.browser().login("ada", &longer).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json()["detail"][0]["ctx"], json!({ "max_length": 4096 }));
    let token = app.reset_token(ADA).await;
    let body = json!({ "token": token, "new_password": longer });
    assert_eq!(app.browser().post("/password/reset-confirm", body).await.status, 422);
    let body = json!({ "email": "b@example.com", "username": "bob", "password": longer });
    assert_eq!(app.browser().post("/register", body).await.status, 422);
    assert_eq!(app.database.count("users").await, 1);
}

#[tokio::test]
async fn unicode_forms_of_one_password_are_equal() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    let answer = ada.change_password("\u{ff41}-strong-one", "caf\u{e9}-\u{fb01}le-123").await;
    assert_eq!(answer.status, 200, "a full-width letter is that letter: {answer:?}");
    for form in ["cafe\u{301}-file-123", "caf\u{e9}-\u{fb01}le-\u{ff11}\u{ff12}\u{ff13}"] {
        assert_eq!(app.browser().login("ada", form).await.status, 200, "{form}");
    }
    assert_eq!(app.browser().login("ada", "cafe-file-123").await.status, 401);
}

#[tokio::test]
async fn five_changes_an_hour_are_attempted_from_all_addresses_together() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    for guess in 0..5 {
        let answer = ada.stolen().change_password(&format!("guess-number-{guess}"), NEW).await;
        assert_eq!(answer.status, 401);
    }
    let answer = ada.change_password(PASSWORD, NEW).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("3600")));
    assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
    let bob = app.member("bob").await;
    assert_eq!(bob.change_password(PASSWORD, NEW).await.status, 200, "others are not concerned");
}

#[tokio::test]
async fn an_account_without_a_password_is_directed_to_set_one() {
    let app = App::on(Kind::Sqlite).await;
    let ada = without_password(&app).await;
    let answer = ada.change_password(PASSWORD, NEW).await;
    assert_answer(&answer, 400, "Account has no password; use /set-password to create one.");
    assert_eq!(app.database.text(HASH).await, "!");
}

#[tokio::test]
async fn a_first_password_needs_a_sign_in_within_ten_minutes() {
    let app = App::on(Kind::Sqlite).await;
    let ada = without_password(&app).await;
    app.clock.advance(Duration::from_secs(601));
    assert!(ada.is_signed_in().await, "using the session does not make the sign-in recent");
    let answer = set(&ada, NEW).await;
    assert_answer(&answer, 403, "Sign in again to continue: this needs a recent sign-in.");
    assert_eq!(app.database.text(HASH).await, "!");
}

#[tokio::test]
async fn a_first_password_is_accepted_until_the_tenth_minute() {
    let app = App::on(Kind::Sqlite).await;
    let ada = without_password(&app).await;
    app.clock.advance(Duration::from_secs(600));
    assert_eq!(set(&ada, NEW).await.status, 200);
}

#[tokio::test]
async fn a_first_password_is_validated_and_limited_to_five_an_hour() {
    let app = App::on(Kind::Sqlite).await;
    let ada = without_password(&app).await;
    for _ in 0..5 {
        assert_eq!(set(&ada, "password1").await.status, 422);
    }
    assert_eq!(set(&ada, NEW).await.status, 429);
    assert_eq!(app.database.text(HASH).await, "!");
}

#[tokio::test]
async fn unauthenticated_clients_change_no_password() {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    let stranger = app.browser();
    assert_eq!(stranger.change_password(PASSWORD, NEW).await.status, 401);
    assert_eq!(set(&stranger, NEW).await.status, 401);
    let ada = app.signed_in("ada", PASSWORD).await;
    ada.drop_cookie("csrf_token");
    assert_eq!(ada.change_password(PASSWORD, NEW).await.status, 403);
    assert_eq!(set(&ada, NEW).await.status, 403);
    assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
}
