//! Every first factor by every second one.

use super::*;

/// Signs in by passkey in a new browser. Returns the challenge, if there is one.
async fn by_passkey(app: &App, device: &mut Authenticator) -> (Browser, Option<Value>) {
    let browser = app.browser();
    let answer = sign_in(&browser, device).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let is_challenged = answer.json()["mfa_required"] == true;
    assert_eq!(browser.is_signed_in().await, !is_challenged);
    (browser, is_challenged.then(|| answer.json()))
}

async fn verify_code(browser: &Browser, challenge: &Value, code: &str) -> Answer {
    let body = json!({ "challenge": challenge["challenge"], "code": code });
    browser.post("/mfa/verify", body).await
}

on_every_database! {
    async fn a_passkey_alone_does_not_change_a_sign_in_by_password(app: App) {
        let app = guarded(&app, Setup::default()).await;
        member(&app, "ada").await;
        assert!(app.signed_in("ada", PASSWORD).await.is_signed_in().await);
    }

    async fn after_the_password_a_passkey_stands_for_the_code(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, mut device) = member(&app, "ada").await;
        let secret = enrol(&app, &ada).await;
        let (browser, challenge) = challenged(&app, "ada").await;
        assert_eq!(challenge["methods"], json!(["totp", "passkey"]));
        let answer = finish(&browser, &challenge, &mut device).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        for path in ["/me", "/second", "/by-passkey"] {
            assert_eq!(browser.get(path).await.status, 200, "{path}");
        }
        let (browser, challenge) = challenged(&app, "ada").await;
        let answer = verify_code(&browser, &challenge, &code(&app, &secret)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(browser.get("/by-passkey").await.status, 403);
    }

    async fn after_a_passkey_the_code_is_asked_for(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, mut device) = member(&app, "ada").await;
        let secret = enrol(&app, &ada).await;
        let (browser, challenge) = by_passkey(&app, &mut device).await;
        let Some(challenge) = challenge else { panic!("one factor is not enough") };
        assert_eq!(challenge["methods"], Value::Null);
        let again = finish(&browser, &challenge, &mut device).await;
        assert_eq!((again.status, &*again.code()), (400, "challenge-ended"), "the same factor");
        assert!(!browser.is_signed_in().await);
        let answer = verify_code(&browser, &challenge, &code(&app, &secret)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        for path in ["/second", "/by-passkey"] {
            assert_eq!(browser.get(path).await.status, 200, "{path}");
        }
    }

    async fn by_setting_a_passkey_counts_as_both(app: App) {
        let setup = Setup::passkeys(|passkeys| passkeys.counts_as_both(true));
        let app = guarded(&app, setup).await;
        let (ada, mut device) = member(&app, "ada").await;
        enrol(&app, &ada).await;
        let (browser, challenge) = by_passkey(&app, &mut device).await;
        assert_eq!(challenge, None);
        assert_eq!(browser.get("/second").await.status, 200);
        let (browser, challenge) = challenged(&app, "ada").await;
        assert!(!browser.is_signed_in().await, "the password is still one factor");
        assert_eq!(finish(&browser, &challenge, &mut device).await.status, 200);
    }

    async fn by_setting_a_passkey_is_a_second_factor(app: App) {
        let setup = Setup::passkeys(|passkeys| passkeys.is_second_factor(true));
        let app = guarded(&app, setup).await;
        let (_, mut device) = member(&app, "ada").await;
        let (browser, challenge) = challenged(&app, "ada").await;
        assert_eq!(challenge["methods"], json!(["passkey"]));
        assert_eq!(challenge["setup"], Value::Null);
        assert_eq!(verify_code(&browser, &challenge, "000000").await.code(), "invalid-code");
        assert_eq!(finish(&browser, &challenge, &mut device).await.status, 200);
        assert_eq!(browser.get("/second").await.status, 200);
        let (_, challenge) = by_passkey(&app, &mut device).await;
        assert_eq!(challenge, None, "a passkey is a way in");
        let eve = app.member("eve").await;
        assert!(eve.is_signed_in().await, "an account without a passkey is not asked");
    }

    async fn a_passkey_that_is_a_second_factor_is_asked_for_to_change_the_address(app: App) {
        let setup = Setup::passkeys(|passkeys| passkeys.is_second_factor(true));
        let app = guarded(&app, setup).await;
        let (ada, mut device) = member(&app, "ada").await;
        // The registration has elevated the session.
        app.clock.advance(Duration::from_secs(360));
        let mut body = json!({ "new_email": "new@example.com", "password": PASSWORD });
        let refused = ada.post("/email/change-request", body.clone()).await;
        assert_eq!((refused.status, &*refused.code()), (401, "passkey-needed"));
        let options = options(&ada, "/passkeys/sudo/options", json!({})).await;
        body["passkey"] = device.get(&options);
        assert_eq!(ada.post("/email/change-request", body).await.status, 200);
        assert_eq!(app.mail_count(MessageKind::ChangeEmail, "new@example.com").await, 1);
    }

    async fn where_a_second_factor_is_required_a_passkey_after_the_password_is_one(app: App) {
        let setup = Setup { mfa: MfaConfig::default().is_required(true), ..Setup::default() };
        let open = guarded(&app, Setup::default()).await;
        let (_, mut device) = member(&open, "ada").await;
        let app = guarded(&app, setup).await;
        let (browser, challenge) = challenged(&app, "ada").await;
        assert_eq!(challenge["setup"], Value::Null, "the password alone adds no authenticator");
        assert_eq!(finish(&browser, &challenge, &mut device).await.status, 200);
        let (_, challenge) = by_passkey(&app, &mut device).await;
        assert!(challenge.unwrap()["setup"].is_object(), "after a passkey another factor is added");
    }

    async fn an_answer_finishes_the_sign_in_of_its_account_only(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, mut device) = member(&app, "ada").await;
        let (eve, mut eves) = member(&app, "eve").await;
        enrol(&app, &ada).await;
        enrol(&app, &eve).await;
        let (browser, challenge) = challenged(&app, "ada").await;
        let token = &challenge["challenge"];
        let verify = async |credential: Value| {
            let body = json!({ "challenge": token, "credential": credential });
            let answer = browser.post("/passkeys/verify", body).await;
            assert!(!browser.is_signed_in().await, "{answer:?}");
            answer.code()
        };
        let path = "/passkeys/sign-in/options";
        let named = options(&browser, path, json!({ "challenge": token })).await;
        assert_eq!(named["allowCredentials"].as_array().unwrap().len(), 1);
        assert_eq!(verify(eves.get_with(0, &named)).await, "passkey-rejected");
        let anyone = options(&browser, path, json!({})).await;
        assert_eq!(verify(device.get(&anyone)).await, "passkey-challenge-ended", "for a sign-in");
        let named = options(&browser, path, json!({ "challenge": token })).await;
        let credential = device.get(&named);
        let answer = send(&browser, &credential).await;
        assert_eq!(answer.code(), "passkey-challenge-ended", "no sign-in without the password");
        assert_eq!(finish(&browser, &challenge, &mut device).await.status, 200);
        assert_eq!(finish_again(&browser, token, &credential).await, "challenge-ended");
    }

    async fn a_removed_passkey_ends_waiting_sign_ins(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, _) = member(&app, "ada").await;
        let secret = enrol(&app, &ada).await;
        let (browser, challenge) = challenged(&app, "ada").await;
        let path = format!("/passkeys/{}", first_id(&ada).await);
        let proof = json!({ "password": PASSWORD, "code": code(&app, &secret) });
        assert_eq!(ada.post("/sudo", proof).await.status, 200);
        assert_eq!(ada.delete(&path).await.status, 200);
        let body = json!({ "challenge": challenge["challenge"] });
        let answer = browser.post("/passkeys/sign-in/options", body).await;
        assert_eq!(answer.code(), "challenge-ended");
    }

    async fn a_browser_is_trusted_after_a_passkey_until_the_passkeys_change(app: App) {
        let mut setup = Setup::passkeys(|passkeys| passkeys.is_second_factor(true));
        setup.mfa = setup.mfa.trusted_browsers(Duration::from_hours(24));
        let app = guarded(&app, setup).await;
        let (_, mut device) = member(&app, "ada").await;
        let trusted = async |device: &mut Authenticator| {
            let (browser, challenge) = challenged(&app, "ada").await;
            let token = &challenge["challenge"];
            let body = json!({ "challenge": token });
            let options = options(&browser, "/passkeys/sign-in/options", body).await;
            let credential = device.get(&options);
            let body = json!({ "challenge": token, "credential": credential, "trust_browser": true });
            assert_eq!(browser.post("/passkeys/verify", body).await.status, 200);
            browser
        };
        let browser = trusted(&mut device).await;
        let is_asked = async || browser.login("ada", PASSWORD).await.json()["mfa_required"] == true;
        assert!(!is_asked().await);
        assert_eq!(browser.get("/second").await.status, 403);
        let other = trusted(&mut device).await;
        let id = first_id(&other).await;
        let options = options(&other, "/passkeys/sudo/options", json!({})).await;
        let proof = json!({ "password": PASSWORD, "passkey": device.get(&options) });
        assert_eq!(other.post("/sudo", proof).await.status, 200);
        assert_eq!(other.delete(&format!("/passkeys/{id}")).await.status, 200);
        let mut new = authenticator();
        assert_eq!(register(&other, &mut new).await.status, 201);
        assert!(is_asked().await, "the factor is another one");
    }

    async fn a_passkey_finishes_a_sign_in_for_tokens(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, mut device) = member(&app, "ada").await;
        enrol(&app, &ada).await;
        let browser = app.browser();
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let body = format!("username=ada&password={PASSWORD}").into_bytes();
        let answer = browser.send(Method::POST, "/token", &form, body).await;
        assert_eq!(answer.json()["mfa_required"], true, "{answer:?}");
        let answer = finish(&browser, &answer.json(), &mut device).await;
        assert!(answer.json()["access_token"].is_string(), "{answer:?}");
    }
}

async fn finish_again(browser: &Browser, token: &Value, credential: &Value) -> String {
    let body = json!({ "challenge": token, "credential": credential });
    browser.post("/passkeys/verify", body).await.code()
}
