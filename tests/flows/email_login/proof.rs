//! What a sign-in by mail proves, and what it does not.

use super::*;

on_every_database! {
    async fn the_address_is_proved_and_an_unproved_holder_loses_everything(app: App) {
        let app = mailed(&app).await;
        let squatter = app.member("ada").await;
        let setup = squatter.post("/mfa/totp/setup", json!({ "password": PASSWORD })).await.json();
        let secret = setup["secret"].as_str().unwrap();
        let code = totp(secret, crudauth::Clock::now(&*app.clock).timestamp() / 30);
        let answer = squatter.post("/mfa/totp/confirm", json!({ "code": code })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let reset = app.reset_token(ADA).await;

        let owner = app.browser();
        let sent = ask(&app, &owner, ADA).await;
        let answer = confirm(&owner, sent.code()).await;
        assert_eq!(answer.status, 200, "no second factor of the squatter: {answer:?}");
        assert_eq!(owner.get("/me").await.json()["email_verified"], true);
        assert!(!squatter.is_signed_in().await);
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 401);
        assert_eq!(app.database.count("users_authenticators").await, 0);
        assert_eq!(app.database.count("users_recovery_codes").await, 0);
        let body = json!({ "token": reset, "new_password": "another-strong-one" });
        assert_eq!(app.browser().post("/password/reset-confirm", body).await.status, 400);

        let answer = owner.post("/set-password", json!({ "new_password": PASSWORD })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
    }

    async fn a_second_factor_is_asked_for(app: App) {
        let app = mailed(&app).await;
        let ada = verified(&app, "ada").await;
        let setup = ada.post("/mfa/totp/setup", json!({ "password": PASSWORD })).await.json();
        let secret = setup["secret"].as_str().unwrap().to_owned();
        let step = |steps: i64| crudauth::Clock::now(&*app.clock).timestamp() / 30 + steps;
        let body = json!({ "code": totp(&secret, step(0)) });
        assert_eq!(ada.post("/mfa/totp/confirm", body).await.status, 200);

        for proof in ["link", "code"] {
            app.clock.advance(Duration::from_mins(1));
            let browser = app.browser();
            let sent = ask(&app, &browser, ADA).await;
            let body = if proof == "link" { sent.link() } else { sent.code() };
            let answer = confirm(&browser, body.clone()).await;
            assert_eq!(answer.json()["mfa_required"], true, "{answer:?}");
            assert!(!browser.is_signed_in().await);
            assert_eq!(confirm(&browser, body).await.code(), "token-used");
            let challenge = answer.json()["challenge"].clone();
            let body = json!({ "challenge": challenge, "code": totp(&secret, step(0)) });
            let answer = browser.post("/mfa/verify", body).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(browser.get("/recent").await.status, 200, "the mail is remembered");
        }
    }

    async fn the_session_knows_that_a_mail_opened_it(app: App) {
        let app = mailed(&app).await;
        let by_password = verified(&app, "ada").await;
        assert_eq!(by_password.get("/recent").await.code(), "reauthentication-required");
        assert_eq!(by_password.get("/password").await.status, 200);
        let by_mail = app.browser();
        let sent = ask(&app, &by_mail, ADA).await;
        assert_eq!(confirm(&by_mail, sent.link()).await.status, 200);
        assert_eq!(by_mail.get("/recent").await.status, 200);
        assert_eq!(by_mail.get("/password").await.code(), "reauthentication-required");
        app.clock.advance(Duration::from_mins(11));
        assert_eq!(by_mail.get("/recent").await.code(), "reauthentication-required");
    }

    async fn an_owner_who_is_locked_out_on_other_devices_signs_in_by_code(app: App) {
        let app = mailed(&app).await;
        let ada = verified(&app, "ada").await;
        for _ in 0..7 {
            app.browser().login("ada", "not-the-password").await;
        }
        assert_eq!(app.browser().login("ada", PASSWORD).await.code(), "locked-out");
        let sent = ask(&app, &ada, ADA).await;
        assert_eq!(confirm(&ada, sent.code()).await.status, 200, "the device is known");
    }
}

/// The same without HTTP.
#[tokio::test]
async fn plain_calls_sign_in_a_program() {
    use crudauth::flow::{EmailLoginError, EmailProof, Entry};
    use crudauth::{Binding, EmailAddress};

    let app = App::on(crudauth_tests::Kind::Sqlite).await;
    let (auth, mailed) = mounted(&app, RateLimits::off(), EmailLoginConfig::default()).await;
    verified(&mailed, "ada").await;
    let mail = auth.accounts().email_login().unwrap();
    let address = EmailAddress::parse(ADA).unwrap();
    let started = mail.request(address, None, &Binding::Program).await.unwrap();
    assert!(started.browser.is_none());
    let code = mailed.last_mail(EmailLogin, ADA).await.code.unwrap();
    let proof = EmailProof::Code {
        challenge: started.challenge.expose().to_owned(),
        code,
        browsers: Vec::new(),
    };
    let signed_in = mail.confirm(proof.clone(), Entry::default()).await.unwrap();
    assert_eq!(signed_in.sign_in.done().unwrap().account.user.username, "ada");
    let again = mail.confirm(proof, Entry::default()).await;
    assert!(matches!(again, Err(EmailLoginError::Used)), "{again:?}");
    assert!(app.auth.accounts().email_login().is_none(), "another mount lacks the slice");
}
