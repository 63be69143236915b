//! Accounts that a sign-in by mail adds.

use super::*;

const NEW: &str = "al.liddell@example.com";

async fn accounts(app: &App) -> i64 {
    app.database.count("users").await
}

on_every_database! {
    async fn the_link_adds_an_account_with_a_proved_address_and_no_password(app: App) {
        let app = inviting(&app).await;
        let sent = ask(&app, &app.browser(), NEW).await;
        assert_eq!(accounts(&app).await, 0, "the request adds nothing");
        let browser = app.browser();
        let answer = confirm(&browser, sent.link()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let me = browser.get("/me").await.json();
        assert_eq!((&me["email"], &me["username"]), (&json!(NEW), &json!("al_liddell")));
        assert_eq!(me["email_verified"], true);
        let late = app.browser();
        assert_refused(&late, &confirm(&late, sent.link()).await, 400, "token-used").await;
        assert_eq!(accounts(&app).await, 1);
        let answer = browser.post("/set-password", json!({ "new_password": PASSWORD })).await;
        assert_eq!(answer.status, 200, "{answer:?}");

        let sent = ask(&app, &browser, NEW).await;
        assert_eq!(confirm(&browser, sent.code()).await.status, 200);
        assert_eq!((browser.id().await, accounts(&app).await), (me["user_id"].as_i64().unwrap(), 1));
    }

    async fn the_code_adds_an_account_in_the_browser_that_asked(app: App) {
        let app = inviting(&app).await;
        let browser = app.browser();
        let sent = ask(&app, &browser, NEW).await;
        assert_refused(&browser, &confirm(&browser, sent.wrong_code()).await, 401, "invalid-code").await;
        let other = app.browser();
        assert_refused(&other, &confirm(&other, sent.code()).await, 400, "invalid-token").await;
        assert_eq!(confirm(&browser, sent.code()).await.status, 200);
        assert!(browser.is_signed_in().await);
        assert_eq!(confirm(&app.browser(), sent.link()).await.code(), "token-used");
    }

    async fn of_64_uses_at_once_one_adds_an_account_and_signs_in(app: App) {
        let app = inviting(&app).await;
        let sent = ask(&app, &app.browser(), NEW).await;
        let answers = concurrently((0..64).map(|_| {
            let (browser, body) = (app.browser(), sent.link());
            async move { confirm(&browser, body).await }
        }))
        .await;
        assert_eq!(count_status(&answers, 200), 1, "{answers:?}");
        assert_eq!(count_status(&answers, 400), 63, "{answers:?}");
        assert_eq!((accounts(&app).await, app.database.count("users_sessions").await), (1, 1));
    }

    async fn a_taken_name_gets_a_number(app: App) {
        let app = inviting(&app).await;
        app.register_as("ada", "first@example.com").await;
        let browser = app.browser();
        let sent = ask(&app, &browser, ADA).await;
        assert_eq!(confirm(&browser, sent.link()).await.status, 200);
        assert_eq!(browser.get("/me").await.json()["username"], "ada_1");
    }

    async fn an_address_that_has_signed_up_meanwhile_is_not_signed_in(app: App) {
        let app = inviting(&app).await;
        let sent = ask(&app, &app.browser(), ADA).await;
        app.register("ada").await;
        let browser = app.browser();
        assert_refused(&browser, &confirm(&browser, sent.link()).await, 400, "invalid-token").await;
        assert_eq!(accounts(&app).await, 1);
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200, "the password stays");
    }

    async fn an_invitation_ends_with_its_lifetime_and_a_void_link_adds_nothing(app: App) {
        let app = inviting(&app).await;
        let sent = ask(&app, &app.browser(), NEW).await;
        app.clock.advance(Duration::from_mins(10));
        let browser = app.browser();
        assert_refused(&browser, &confirm(&browser, sent.link()).await, 400, "invalid-token").await;
        verified(&app, "ada").await;
        let sent = ask(&app, &browser, ADA).await;
        app.database.execute("UPDATE users SET is_active = FALSE").await;
        assert_refused(&browser, &confirm(&browser, sent.link()).await, 400, "invalid-token").await;
        assert_eq!(accounts(&app).await, 1);
    }

    async fn without_the_setting_no_account_is_added(app: App) {
        let app = mailed(&app).await;
        let browser = app.browser();
        assert_eq!(request(&browser, NEW).await.status, 202);
        assert_eq!(app.mail_count(EmailLogin, NEW).await, 0);
        assert_eq!((accounts(&app).await, app.database.count("users_challenges").await), (0, 1));
    }
}
