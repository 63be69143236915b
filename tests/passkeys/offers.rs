//! Passkeys that a browser adds without a dialog, right after a sign-in by password.

use super::*;

/// Signs in by password on a page that adds passkeys.
async fn sign_in_with_offer(browser: &Browser, name: &str) -> Value {
    let answer = browser.login_with(name, PASSWORD, &[("offer_passkey", "true")], &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// An authenticator that makes passkeys without its user.
fn silent() -> Authenticator {
    Authenticator { sees_user: false, verifies_user: false, ..authenticator() }
}

async fn accept(browser: &Browser, device: &mut Authenticator, offer: &Value) -> Answer {
    let credential = device.create(&offer["public_key"]);
    browser.post("/passkeys/register/verify", json!({ "credential": credential })).await
}

on_every_database! {
    async fn a_sign_in_by_password_offers_a_passkey_without_a_dialog(app: App) {
        let app = guarded(&app, Setup::default()).await;
        app.member("ada").await;
        let browser = app.browser();
        let offer = &sign_in_with_offer(&browser, "ada").await["passkey_offer"];
        assert_eq!(offer["expires_in"], 600);
        assert_eq!(offer["public_key"]["authenticatorSelection"]["userVerification"], "preferred");
        let mut device = silent();
        let answer = accept(&browser, &mut device, offer).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        assert!(answer.json()["signal"].is_object(), "{answer:?}");
        let mails = app.mail_count(MessageKind::PasskeyAdded, "ada@example.com").await;
        assert_eq!(mails, 1);
        assert!(answer.set_cookies().is_empty(), "other requests of the page go on: {answer:?}");
        // Nobody has proved anything by it yet, and a sign-in needs its user.
        assert_eq!(browser.get("/by-passkey").await.status, 403);
        assert_eq!(sign_in(&app.browser(), &mut device).await.code(), "passkey-rejected");
        device.sees_user = true;
        assert_eq!(sign_in(&app.browser(), &mut device).await.code(), "passkey-rejected");
        device.verifies_user = true;
        assert_eq!(sign_in(&app.browser(), &mut device).await.status, 200);
    }

    async fn a_sign_in_offers_nothing_unless_asked(app: App) {
        let app = guarded(&app, Setup::default()).await;
        app.member("ada").await;
        for fields in [&[][..], &[("offer_passkey", "")], &[("offer_passkey", "false")]] {
            let answer = app.browser().login_with("ada", PASSWORD, fields, &[]).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert!(answer.json().get("passkey_offer").is_none(), "{answer:?}");
        }
        let answer = app.browser().login_with("ada", PASSWORD, &[("offer_passkey", "maybe")], &[]).await;
        assert_eq!(answer.status, 422, "{answer:?}");
        assert_eq!(app.browser().login_with("ada", "wrong", &[("offer_passkey", "1")], &[]).await.status, 401);
    }

    async fn an_account_that_must_add_passkeys_itself_gets_no_offer(app: App) {
        let strict = Setup { passkeys: PasskeyConfig::default(), ..Setup::default() };
        let second = Setup::passkeys(|passkeys| passkeys.is_second_factor(true));
        let one = Setup::passkeys(|passkeys| passkeys.max_passkeys(1));
        let offer = async |app: &App, browser: Browser| {
            let body = sign_in_with_offer(&browser.to(app), "ada").await;
            body.get("passkey_offer").is_some()
        };
        let usual = guarded(&app, Setup::default()).await;
        let ada = usual.member("ada").await;
        assert!(offer(&usual, app.browser()).await);
        let unverified = guarded(&app, strict).await;
        assert!(!offer(&unverified, app.browser()).await, "an unverified address");
        let as_second_factor = guarded(&app, second).await;
        assert!(!offer(&as_second_factor, app.browser()).await, "a passkey would be a second factor");
        let limited = guarded(&app, one).await;
        assert_eq!(register(&ada, &mut authenticator()).await.status, 201);
        assert!(!offer(&limited, app.browser()).await, "the maximum number");
        enrol(&usual, &ada).await;
        let answer = sign_in_with_offer(&app.browser().to(&usual), "ada").await;
        assert_eq!(answer["mfa_required"], true);
        assert!(answer.get("passkey_offer").is_none(), "{answer}");
    }

    async fn a_trusted_browser_gets_no_offer(app: App) {
        let mfa = MfaConfig::default().trusted_browsers(Duration::from_secs(3600)).is_required(true);
        let usual = guarded(&app, Setup::default()).await;
        let (_, mut device) = member(&usual, "ada").await;
        let strict = guarded(&app, Setup { mfa: mfa.clone(), ..Setup::default() }).await;
        let browser = app.browser().to(&strict);
        let challenge = sign_in_with_offer(&browser, "ada").await;
        assert_eq!(challenge["methods"], json!(["passkey"]), "{challenge}");
        let token = &challenge["challenge"];
        let begun = json!({ "challenge": token });
        let credential = device.get(&options(&browser, "/passkeys/sign-in/options", begun).await);
        let body = json!({ "challenge": token, "credential": credential, "trust_browser": true });
        assert_eq!(browser.post("/passkeys/verify", body).await.status, 200);
        let trusted = sign_in_with_offer(&browser, "ada").await;
        assert!(trusted.get("csrf_token").is_some() && trusted.get("passkey_offer").is_none(), "{trusted}");
        // Nor is an offer of before redeemed there.
        let open = app.browser().to(&usual);
        let offer = sign_in_with_offer(&open, "ada").await["passkey_offer"].clone();
        let answer = accept(&open.to(&strict), &mut silent(), &offer).await;
        assert_eq!((answer.status, &*answer.code()), (403, "reauthentication-required"), "{answer:?}");
    }

    async fn an_offer_is_worth_nothing_elsewhere(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let eve = app.member("eve").await;
        app.member("ada").await;
        let browser = app.browser();
        let offer = sign_in_with_offer(&browser, "ada").await["passkey_offer"].clone();
        // Another account, another browser, another purpose.
        for other in [eve, app.signed_in("ada", PASSWORD).await] {
            let answer = accept(&other, &mut silent(), &offer).await;
            assert_eq!(answer.code(), "reauthentication-required", "{answer:?}");
        }
        let mut device = silent();
        device.origin = "https://evil.example".to_owned();
        assert_eq!(accept(&browser, &mut device, &offer).await.code(), "passkey-rejected");
        assert_eq!(accept(&browser, &mut silent(), &offer).await.code(), "reauthentication-required");
        assert_eq!(app.database.count("users_passkeys").await, 0);
    }

    async fn a_copied_cookie_gets_no_offer(app: App) {
        let app = guarded(&app, Setup::default()).await;
        app.member("ada").await;
        let browser = app.browser();
        sign_in_with_offer(&browser, "ada").await;
        let copy = browser.stolen();
        let answer = copy.post("/passkeys/register/options", json!({ "offer_passkey": true })).await;
        assert_eq!((answer.status, &*answer.code()), (403, "reauthentication-required"));
        // The options that a proof gives want the user as before.
        let options = options(&browser, "/passkeys/register/options", json!({})).await;
        let answer = accept(&browser, &mut silent(), &json!({ "public_key": options })).await;
        assert_eq!(answer.code(), "passkey-rejected", "{answer:?}");
    }

    async fn an_offer_needs_a_recent_sign_in(app: App) {
        let setup = Setup::passkeys(|passkeys| passkeys.max_sign_in_age(Duration::from_secs(60)));
        let app = guarded(&app, setup).await;
        app.member("ada").await;
        let browser = app.browser();
        let offer = sign_in_with_offer(&browser, "ada").await["passkey_offer"].clone();
        app.clock.advance(Duration::from_secs(61));
        assert_eq!(accept(&browser, &mut silent(), &offer).await.code(), "sign-in-too-old");
        assert_eq!(app.database.count("users_passkeys").await, 0);
    }

    async fn an_offer_ends_with_its_time_and_with_the_state_of_the_account(app: App) {
        let app = guarded(&app, Setup::default()).await;
        app.member("ada").await;
        let browser = app.browser();
        let late = sign_in_with_offer(&browser, "ada").await["passkey_offer"].clone();
        app.clock.advance(Duration::from_secs(601));
        assert_eq!(accept(&browser, &mut silent(), &late).await.code(), "reauthentication-required");
        let before = sign_in_with_offer(&browser, "ada").await["passkey_offer"].clone();
        let changed = browser.change_password(PASSWORD, "another strong one").await;
        assert_eq!(changed.status, 200, "{changed:?}");
        assert_eq!(accept(&browser, &mut silent(), &before).await.code(), "passkey-challenge-ended");
    }
}
