//! Change of the address of an account with a second factor: the new address could reset the password.

use super::*;

const ADA: &str = "ada@example.com";
const NEW: &str = "new@example.com";

async fn change(browser: &Browser, password: &str, code: Option<&str>) -> Answer {
    let body = json!({ "new_email": NEW, "password": password, "code": code });
    browser.post("/email/change-request", body).await
}

/// The status and the code of a refusal.
async fn refused(browser: &Browser, password: &str, code: Option<&str>) -> (u16, String) {
    let answer = change(browser, password, code).await;
    (answer.status, answer.code())
}

async fn assert_nothing_sent(app: &App) {
    assert_eq!(app.mail_count(MessageKind::ChangeEmail, NEW).await, 0);
    assert_eq!(app.mail_count(MessageKind::EmailChangeRequested, ADA).await, 0);
    let links = app.database.count("users_one_time_tokens WHERE purpose = 'change'").await;
    assert_eq!(links, 0);
}

on_every_database! {
    async fn the_password_alone_moves_no_account_with_a_second_factor(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let right = code(&app, &ada.secret, 0);
        let (browser, wrong) = (&ada.browser, wrong_code(&app, &ada.secret));
        let needed = (401, "code-needed".to_owned());
        assert_eq!(refused(browser, PASSWORD, None).await, needed);
        let invalid = (401, "invalid-code".to_owned());
        assert_eq!(refused(browser, PASSWORD, Some(&wrong)).await, invalid);
        let password = (400, "wrong-password".to_owned());
        assert_eq!(refused(browser, "wrong-one", Some(&right)).await, password);
        assert_nothing_sent(&app).await;
        let answer = change(browser, PASSWORD, Some(&right)).await;
        assert_eq!(answer.status, 200, "a wrong password uses up no code: {answer:?}");
        let token = app.token(MessageKind::ChangeEmail, NEW).await;
        let body = json!({ "token": token });
        assert_eq!(browser.post("/email/change-confirm", body).await.status, 200);
        assert_eq!(browser.get("/me").await.json()["email"], NEW);
        assert_eq!(status(browser).await["enabled"], true);
    }

    async fn a_recovery_code_or_an_elevated_session_proves_the_factor(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let code = code(&app, &ada.secret, 0);
        assert_eq!(change(&ada.browser, PASSWORD, Some(&ada.codes[0])).await.status, 200);
        let proof = json!({ "password": PASSWORD, "code": code });
        assert_eq!(ada.browser.post("/sudo", proof).await.status, 200);
        assert_eq!(refused(&ada.browser, "wrong-one", None).await.0, 400);
        assert_eq!(change(&ada.browser, PASSWORD, None).await.status, 200);
        assert_eq!(app.mail_count(MessageKind::ChangeEmail, NEW).await, 2);
        app.clock.advance(Duration::from_secs(360));
        assert_eq!(refused(&ada.browser, PASSWORD, None).await.0, 401);
    }

    async fn wrong_codes_count_for_the_account(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let wrong = wrong_code(&app, &ada.secret);
        for _ in 0..10 {
            change(&ada.browser, PASSWORD, Some(&wrong)).await;
        }
        let right = code(&app, &ada.secret, 0);
        let three = (401, "three-codes-needed".to_owned());
        assert_eq!(refused(&ada.browser, PASSWORD, Some(&right)).await, three);
        assert_nothing_sent(&app).await;
        assert_eq!(app.mail_count(MessageKind::SecondFactorGuessed, ADA).await, 1);
    }
}
