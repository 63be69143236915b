//! Fresh proof by a passkey.

use super::*;

/// Elevates with a passkey and the other proofs of `body`.
async fn elevate(browser: &Browser, device: &mut Authenticator, mut body: Value) -> Answer {
    let options = options(browser, "/passkeys/sudo/options", json!({})).await;
    body["passkey"] = device.get(&options);
    browser.post("/sudo", body).await
}

async fn is_elevated(browser: &Browser) -> bool {
    browser.get("/danger").await.status == 200
}

on_every_database! {
    async fn a_passkey_stands_for_the_password(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (_, mut device) = member(&app, "ada").await;
        let ada = app.signed_in("ada", PASSWORD).await;
        assert!(!is_elevated(&ada).await);
        let answer = elevate(&ada, &mut device, json!({})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(is_elevated(&ada).await);
        assert_eq!(ada.get("/by-passkey").await.status, 200);
        let other = app.signed_in("ada", PASSWORD).await;
        let answer = elevate(&other, &mut device, json!({ "password": "wrong-one" })).await;
        assert_eq!(answer.code(), "wrong-password", "a wrong password is not made good");
    }

    async fn a_copied_cookie_is_not_elevated_by_a_passkey_of_its_own(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let thief = app.member("ada").await.stolen();
        for path in ["/passkeys/register/options", "/passkeys/register/verify"] {
            let answer = thief.post(path, json!({ "credential": {} })).await;
            assert_eq!((answer.status, &*answer.code()), (403, "reauthentication-required"), "{path}");
        }
        assert_eq!(app.database.count("users_passkeys").await, 0);
        assert!(!is_elevated(&thief).await);
    }

    async fn a_passkey_stands_for_one_of_two_factors(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, mut device) = member(&app, "ada").await;
        let secret = enrol(&app, &ada).await;
        assert_eq!(elevate(&ada, &mut device, json!({})).await.code(), "code-needed");
        let with_password = json!({ "password": PASSWORD });
        assert_eq!(elevate(&ada, &mut device, with_password).await.status, 200);
        assert!(is_elevated(&ada).await && ada.get("/second").await.status == 200);
        app.clock.advance(Duration::from_secs(360));
        assert!(!is_elevated(&ada).await);
        let with_code = json!({ "code": code(&app, &secret) });
        assert_eq!(elevate(&ada, &mut device, with_code).await.status, 200);
        assert!(is_elevated(&ada).await);
    }

    async fn by_setting_a_passkey_elevates_alone(app: App) {
        let setup = Setup::passkeys(|passkeys| passkeys.counts_as_both(true));
        let app = guarded(&app, setup).await;
        let (ada, mut device) = member(&app, "ada").await;
        enrol(&app, &ada).await;
        assert_eq!(elevate(&ada, &mut device, json!({})).await.status, 200);
        assert!(is_elevated(&ada).await);
    }

    async fn a_passkey_that_is_a_second_factor_is_asked_for(app: App) {
        let setup = Setup::passkeys(|passkeys| passkeys.is_second_factor(true));
        let app = guarded(&app, setup).await;
        let (ada, mut device) = member(&app, "ada").await;
        let answer = ada.post("/sudo", json!({ "password": PASSWORD })).await;
        assert_eq!((answer.status, &*answer.code()), (401, "passkey-needed"));
        assert_eq!(elevate(&ada, &mut device, json!({})).await.code(), "passkey-needed");
        let with_password = json!({ "password": PASSWORD });
        assert_eq!(elevate(&ada, &mut device, with_password).await.status, 200);
        assert!(is_elevated(&ada).await);
    }

    async fn where_a_second_factor_is_required_the_passkey_that_signs_in_is_asked_for(app: App) {
        let mfa = MfaConfig::default().is_required(true);
        let mfa = mfa.trusted_browsers(Duration::from_hours(24));
        let open = guarded(&app, Setup::default()).await;
        let (_, mut device) = member(&open, "ada").await;
        let app = guarded(&app, Setup { mfa, ..Setup::default() }).await;
        let (browser, challenge) = challenged(&app, "ada").await;
        let token = &challenge["challenge"];
        let body = json!({ "challenge": token });
        let options = options(&browser, "/passkeys/sign-in/options", body).await;
        let credential = device.get(&options);
        let body = json!({ "challenge": token, "credential": credential, "trust_browser": true });
        assert_eq!(browser.post("/passkeys/verify", body).await.status, 200);
        assert!(browser.login("ada", PASSWORD).await.json().get("mfa_required").is_none());
        let with_password = json!({ "password": PASSWORD });
        let answer = browser.post("/sudo", with_password.clone()).await;
        assert_eq!((answer.status, &*answer.code()), (401, "passkey-needed"));
        assert_eq!(elevate(&browser, &mut device, with_password).await.status, 200);
        assert_eq!(browser.get("/second").await.status, 200, "the skipped factor is proved");
    }

    async fn an_account_without_a_password_elevates_by_its_passkey(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (_, mut device) = member(&app, "ada").await;
        app.database.execute("UPDATE users SET hashed_password = '!'").await;
        let browser = app.browser();
        assert_eq!(sign_in(&browser, &mut device).await.status, 200);
        app.clock.advance(Duration::from_secs(700));
        assert_eq!(browser.post("/sudo", json!({})).await.code(), "sign-in-too-old");
        assert_eq!(elevate(&browser, &mut device, json!({})).await.status, 200);
        assert!(is_elevated(&browser).await);
    }

    async fn a_passkey_of_another_account_elevates_nobody(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (_, mut device) = member(&app, "ada").await;
        let (_, mut eves) = member(&app, "eve").await;
        let ada = app.signed_in("ada", PASSWORD).await;
        let options = options(&ada, "/passkeys/sudo/options", json!({})).await;
        let body = json!({ "passkey": eves.get_with(0, &options) });
        assert_eq!(ada.post("/sudo", body).await.code(), "passkey-rejected");
        let credential = signed(&ada, &mut device).await;
        let body = json!({ "passkey": credential });
        assert_eq!(ada.post("/sudo", body).await.code(), "passkey-challenge-ended", "for a sign-in");
        assert!(!is_elevated(&ada).await);
    }
}
