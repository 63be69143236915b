//! Concurrent requests have one effect, on each database.

use std::time::Duration;

use crudauth::email::MessageKind::{ChangeEmail, EmailChanged, PasswordChanged, VerifyEmail};
use crudauth_tests::{
    Answer, App, Browser, PASSWORD, concurrently, count_status, on_every_database,
};
use serde_json::{Value, json};

const NEW: &str = "another-strong-one";
const ADA: &str = "ada@example.com";
const MANY: usize = 64;

/// Sends the request from many browsers at once, each at its own address.
async fn from_many(app: &App, path: &'static str, body: impl Fn(usize) -> Value) -> Vec<Answer> {
    let jobs: Vec<_> = (0..MANY)
        .map(|n| {
            let browser = app.browser();
            let body = body(n);
            async move { browser.post(path, body).await }
        })
        .collect();
    concurrently(jobs).await
}

/// One request succeeded, and every other was rejected as too late.
fn assert_exactly_one(answers: &[Answer]) {
    let late = answers.iter().filter(|answer| answer.status == 400).map(Answer::detail);
    for detail in late {
        assert!(["Token already used", "Invalid or expired token"].contains(&&*detail), "{detail}");
    }
    let counts = (count_status(answers, 200), count_status(answers, 400));
    assert_eq!(counts, (1, answers.len() - 1), "{answers:?}");
}

on_every_database! {
    async fn concurrent_uses_of_a_reset_link_succeed_once(app: App) {
        app.register("ada").await;
        let token = app.reset_token(ADA).await;
        let body_of = |n| json!({ "token": token, "new_password": format!("strong-number-{n}") });
        let answers = from_many(&app, "/password/reset-confirm", body_of).await;
        assert_exactly_one(&answers);
        assert_eq!(app.database.count("users WHERE token_version = 1").await, 1);
        assert_eq!(app.mail_count(PasswordChanged, ADA).await, 1);
        let winner = answers.iter().position(|answer| answer.status == 200).unwrap();
        let password = format!("strong-number-{winner}");
        assert_eq!(app.browser().login("ada", &password).await.status, 200, "the password of the successful reset works");
    }

    async fn concurrent_uses_of_a_verification_link_succeed_once(app: App) {
        app.register("ada").await;
        let token = app.token(VerifyEmail, ADA).await;
        assert_exactly_one(&from_many(&app, "/email/verify-confirm", |_| json!({ "token": token })).await);
        assert_eq!(app.database.count("users WHERE email_verified").await, 1);
    }

    async fn concurrent_uses_of_a_change_link_succeed_once(app: App) {
        let ada = app.member("ada").await;
        let body = json!({ "new_email": "new@example.com", "password": PASSWORD });
        assert_eq!(ada.post("/email/change-request", body).await.status, 200);
        let token = app.token(ChangeEmail, "new@example.com").await;
        assert_exactly_one(&from_many(&app, "/email/change-confirm", |_| json!({ "token": token })).await);
        assert_eq!(ada.get("/me").await.json()["email"], "new@example.com");
        assert_eq!(app.mail_count(EmailChanged, ADA).await, 1);
    }

    async fn concurrent_changes_to_one_address_move_one_account(app: App) {
        let mut tokens = Vec::new();
        for name in ["ada", "bob"] {
            let browser = app.member(name).await;
            let body = json!({ "new_email": "new@example.com", "password": PASSWORD });
            assert_eq!(browser.post("/email/change-request", body).await.status, 200);
            tokens.push(app.token(ChangeEmail, "new@example.com").await);
        }
        let jobs: Vec<_> = tokens
            .into_iter()
            .map(|token| {
                let browser = app.browser();
                async move { browser.post("/email/change-confirm", json!({ "token": token })).await }
            })
            .collect();
        let answers = concurrently(jobs).await;
        assert_eq!((count_status(&answers, 200), count_status(&answers, 422)), (1, 1), "{answers:?}");
        assert_eq!(app.database.count("users WHERE email = 'new@example.com'").await, 1);
    }

    async fn a_concurrent_password_change_and_reset_succeed_once(app: App) {
        let ada = app.member("ada").await;
        let token = app.reset_token(ADA).await;
        let laptop = ada.clone();
        let stranger = app.browser();
        let (changed, reset) = tokio::join!(
            tokio::spawn(async move { laptop.change_password(PASSWORD, NEW).await }),
            tokio::spawn(async move {
                let body = json!({ "token": token, "new_password": "third-strong-one" });
                stranger.post("/password/reset-confirm", body).await
            }),
        );
        let changed = changed.unwrap();
        let reset = reset.unwrap();
        let winner = match (changed.status, reset.status) {
            (200, 400) => NEW,
            (401, 200) => "third-strong-one",
            _ => panic!("{changed:?} {reset:?}"),
        };
        assert_eq!(app.browser().login("ada", winner).await.status, 200);
        assert_eq!(app.database.count("users WHERE token_version = 1").await, 1);
        assert_eq!(ada.is_signed_in().await, winner == NEW);
    }

    async fn concurrent_password_changes_succeed_once(app: App) {
        let ada = app.member("ada").await;
        let jobs: Vec<_> = (0..5)
            .map(|n| {
                let ada = ada.clone();
                async move { ada.change_password(PASSWORD, &format!("strong-number-{n}")).await }
            })
            .collect();
        let answers = concurrently(jobs).await;
        assert_eq!((count_status(&answers, 200), count_status(&answers, 401)), (1, 4), "{answers:?}");
        assert_eq!(app.database.count("users WHERE token_version = 1").await, 1);
        let winner = answers.iter().position(|answer| answer.status == 200).unwrap();
        let password = format!("strong-number-{winner}");
        assert_eq!(app.browser().login("ada", &password).await.status, 200);
        assert!(ada.is_signed_in().await);
    }

    async fn twenty_concurrent_sign_ins_leave_five_sessions_at_most(app: App) {
        app.register("ada").await;
        let browsers: Vec<_> = (0..20).map(|_| app.browser()).collect();
        let jobs = browsers.clone().into_iter();
        let answers = concurrently(jobs.map(|one| async move { one.login("ada", PASSWORD).await })).await;
        let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [200; 20], "each had the right password");
        let left = app.database.count("users_sessions").await;
        assert!((1..=5).contains(&left), "{left}");
        assert_eq!(i64::try_from(signed_in(&browsers).await).unwrap(), left);
    }

    async fn concurrent_revocations_revoke_once(app: App) {
        let laptop = app.member("ada").await;
        let phone = app.signed_in("ada", PASSWORD).await;
        let listed = phone.get("/sessions").await.json();
        let other = listed.as_array().unwrap().iter().find(|one| one["current"] == false).unwrap();
        let path = format!("/sessions/{}", other["id"].as_str().unwrap());
        let jobs: Vec<_> = (0..20)
            .map(|_| {
                let phone = phone.clone();
                let path = path.clone();
                async move { phone.delete(&path).await }
            })
            .collect();
        let answers = concurrently(jobs).await;
        assert_eq!((count_status(&answers, 200), count_status(&answers, 404)), (1, 19), "{answers:?}");
        assert!(!laptop.is_signed_in().await && phone.is_signed_in().await);
    }

    async fn logout_all_beside_sign_ins_misses_no_session(app: App) {
        let laptop = app.member("ada").await;
        let phone = app.signed_in("ada", PASSWORD).await;
        let new: Vec<_> = (0..3).map(|_| app.browser()).collect();
        let sign_in = concurrently(new.clone().into_iter().map(|one| async move { one.login("ada", PASSWORD).await }));
        let everywhere = laptop.clone();
        let everywhere = async move { everywhere.post("/logout-all", json!({})).await };
        let (logins, ended) = tokio::join!(sign_in, everywhere);
        assert_eq!((count_status(&logins, 200), ended.status), (3, 200), "{logins:?} {ended:?}");
        assert!(!laptop.stolen().is_signed_in().await && !phone.is_signed_in().await);
        let revoked = ended.json()["revoked"].as_i64().unwrap();
        let left = app.database.count("users_sessions").await;
        assert_eq!(revoked + left, 5, "each is revoked or counted");
        assert_eq!(i64::try_from(signed_in(&new).await).unwrap(), left);
    }

    async fn concurrent_requests_of_one_account_cause_no_server_error(app: App) {
        let laptop = app.member("ada").await;
        for _ in 0..3 {
            // Every session has an activity to record.
            app.clock.advance(Duration::from_secs(61));
            assert_eq!(laptop.login("ada", PASSWORD).await.status, 200);
            let token = app.reset_token(ADA).await;
            let jobs: Vec<_> = (0..64)
                .map(|n| {
                    let app = app.clone();
                    let laptop = laptop.clone();
                    let token = token.clone();
                    async move {
                        match n % 8 {
                            0 | 1 => app.browser().login("ada", PASSWORD).await,
                            2 => laptop.get("/me").await,
                            3 => laptop.stolen().post("/logout-all?keep_current=1", json!({})).await,
                            4 => app.browser().login("bob", PASSWORD).await,
                            5 => {
                                let body = json!({ "email": ADA });
                                app.browser().post("/email/verify-request", body).await
                            }
                            6 => {
                                let thief = laptop.stolen();
                                thief.drop_cookie("csrf_token");
                                thief.post("/csrf/refresh", json!({})).await
                            }
                            _ => {
                                let body = json!({ "token": token, "new_password": PASSWORD });
                                app.browser().post("/password/reset-confirm", body).await
                            }
                        }
                    }
                })
                .collect();
            let answers = concurrently(jobs).await;
            let failed: Vec<_> = answers.iter().filter(|answer| answer.status >= 500).collect();
            assert!(failed.is_empty(), "{failed:?}");
            assert!(app.database.count("users_sessions").await <= 5);
        }
    }
}

/// The number of browsers that are signed in.
async fn signed_in(browsers: &[Browser]) -> usize {
    let mut count = 0;
    for browser in browsers {
        count += usize::from(browser.is_signed_in().await);
    }
    count
}
