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

    async fn what_a_sign_up_needs_is_stored_with_a_mail_only(app: App) {
        let config = EmailLoginConfig::default().creates_accounts(true);
        let (_, app) = mounted(&app, RateLimits::default(), config).await;
        for _ in 0..13 {
            assert_eq!(request(&app.browser(), NEW).await.status, 202);
        }
        let mails = i64::try_from(app.mail_count(EmailLogin, NEW).await).unwrap();
        assert!((1..13).contains(&mails), "{mails}");
        let challenges = "users_challenges";
        assert_eq!(app.database.count(challenges).await, 13 + mails);
        verified(&app, "ada").await;
        assert_eq!(request(&app.browser(), ADA).await.status, 202);
        assert_eq!(app.mail_count(EmailLogin, ADA).await, 1);
        assert_eq!(app.database.count(challenges).await, 14 + mails, "an account needs none");
    }

    async fn a_code_after_five_wrong_passwords_adds_no_account(app: App) {
        let app = inviting(&app).await;
        let browser = app.browser();
        let sent = ask(&app, &browser, NEW).await;
        for _ in 0..5 {
            assert_eq!(app.browser().login(NEW, "a-wrong-one").await.code(), "bad-credentials");
        }
        assert_refused(&browser, &confirm(&browser, sent.code()).await, 429, "locked-out").await;
        assert_eq!(accounts(&app).await, 0);
    }

    async fn wrong_codes_for_many_addresses_of_a_domain_leave_the_link(app: App) {
        let app = inviting(&app).await;
        verified(&app, "ada").await;
        for number in 0..26 {
            let browser = app.browser();
            let sent = ask(&app, &browser, &format!("guess{number}@example.com")).await;
            for _ in 0..4 {
                assert_eq!(confirm(&browser, sent.wrong_code()).await.code(), "invalid-code");
            }
        }
        let browser = app.browser();
        let sent = ask(&app, &browser, NEW).await;
        assert_refused(&browser, &confirm(&browser, sent.code()).await, 401, "invalid-code").await;
        assert_eq!(confirm(&browser, sent.link()).await.status, 200);
        for address in [ADA, "alice@example.org"] {
            let browser = app.browser();
            let sent = ask(&app, &browser, address).await;
            assert_eq!(confirm(&browser, sent.code()).await.status, 200, "{address}");
        }
    }

    async fn a_link_of_an_account_adds_none_after_that_is_gone(app: App) {
        let (auth, app) = inviting_mount(&app).await;
        let id = verified(&app, "ada").await.id().await;
        let used = ask(&app, &app.browser(), ADA).await;
        assert_eq!(confirm(&app.browser(), used.link()).await.status, 200);
        let unused = ask(&app, &app.browser(), ADA).await;
        let moved = "ada@example.org".parse().unwrap();
        auth.accounts().set_contact(&id, &moved).await.unwrap();
        let browser = app.browser();
        assert_refused(&browser, &confirm(&browser, unused.link()).await, 400, "invalid-token").await;
        assert!(auth.accounts().delete(&id).await.unwrap());
        for link in [used.link(), unused.link()] {
            assert_refused(&browser, &confirm(&browser, link).await, 400, "invalid-token").await;
        }
        assert_eq!(accounts(&app).await, 0);
    }
}
