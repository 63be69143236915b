//! Adding passkeys.

use super::*;

on_every_database! {
    async fn a_registered_passkey_signs_in_with_nothing_typed(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, mut device) = member(&app, "ada").await;
        let browser = app.browser();
        let answer = sign_in(&browser, &mut device).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["username"], "ada");
        assert_eq!(browser.id().await, ada.id().await);
        let mails = app.mail_count(MessageKind::PasskeyAdded, "ada@example.com").await;
        assert_eq!(mails, 1);
    }

    async fn the_name_is_proposed_from_the_model_and_may_be_chosen(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        let mut device = authenticator();
        device.aaguid = 0xd548826e_79b4_db40_a3d8_11116f7e8349_u128.to_be_bytes();
        let answer = register(&ada, &mut device).await;
        assert_eq!(answer.json()["name"], "Bitwarden", "{answer:?}");
        let mut other = authenticator();
        let options = options(&ada, "/passkeys/register/options", json!({})).await;
        let body = json!({ "credential": other.create(&options), "name": " Work laptop " });
        let answer = ada.post("/passkeys/register/verify", body).await;
        assert_eq!(answer.json()["name"], "Work laptop", "{answer:?}");
    }

    async fn the_options_name_a_random_handle_and_the_known_passkeys(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, device) = member(&app, "ada").await;
        let eve = app.member("eve").await;
        let again = options(&ada, "/passkeys/register/options", json!({})).await;
        let others = options(&eve, "/passkeys/register/options", json!({})).await;
        assert_eq!(again["excludeCredentials"].as_array().unwrap().len(), 1, "{again}");
        assert_eq!(others["excludeCredentials"], json!([]));
        assert_eq!(again["rp"]["id"], "app.example.com");
        assert_eq!(again["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(again["authenticatorSelection"]["userVerification"], "required");
        assert_ne!(again["user"]["id"], others["user"]["id"]);
        let mut second = authenticator();
        assert_eq!(register(&ada, &mut second).await.status, 201);
        assert_eq!(device.keys[0].user_handle, second.keys[0].user_handle);
        assert_eq!(device.keys[0].user_handle.len(), 16);
    }

    async fn a_session_adds_no_passkey_until_it_is_elevated(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        let mut device = authenticator();
        let answer = ada.post("/passkeys/register/options", json!({})).await;
        assert_eq!((answer.status, &*answer.code()), (403, "reauthentication-required"));
        let credential = device.create(&options(&ada, "/passkeys/register/options", json!({})).await);
        // The elevation ends before the sign-in is old.
        app.clock.advance(Duration::from_secs(360));
        let body = json!({ "credential": credential });
        let answer = ada.post("/passkeys/register/verify", body).await;
        assert_eq!((answer.status, &*answer.code()), (403, "reauthentication-required"));
        assert_eq!(register(&ada, &mut device).await.status, 201);
    }

    async fn an_account_without_another_factor_adds_a_passkey_soon_after_its_sign_in(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        app.database.execute("UPDATE users SET hashed_password = '!'").await;
        assert_eq!(register(&ada, &mut authenticator()).await.status, 201);
        app.clock.advance(Duration::from_secs(601));
        let answer = ada.post("/passkeys/register/options", json!({})).await;
        assert_eq!((answer.status, &*answer.code()), (403, "sign-in-too-old"));
    }

    async fn an_unverified_address_has_no_passkey_by_default(app: App) {
        let setup = Setup { passkeys: PasskeyConfig::default(), ..Setup::default() };
        let app = guarded(&app, setup).await;
        let ada = app.member("ada").await;
        let answer = ada.post("/passkeys/register/options", json!({})).await;
        assert_eq!((answer.status, &*answer.code()), (403, "not-verified"));
        let token = app.token(MessageKind::VerifyEmail, "ada@example.com").await;
        ada.post("/email/verify-confirm", json!({ "token": token })).await;
        assert_eq!(register(&ada, &mut authenticator()).await.status, 201);
    }

    async fn the_session_gets_another_token_and_others_stay(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        let copy = ada.stolen();
        let phone = app.signed_in("ada", PASSWORD).await;
        assert_eq!(ada.get("/by-passkey").await.status, 403);
        assert_eq!(register(&ada, &mut authenticator()).await.status, 201);
        assert!(ada.is_signed_in().await && phone.is_signed_in().await);
        assert!(!copy.is_signed_in().await, "a copy of the former cookie");
        assert_eq!(ada.get("/by-passkey").await.status, 403, "a new passkey proves nobody");
        assert_eq!(phone.get("/by-passkey").await.status, 403);
    }

    async fn a_new_second_factor_ends_sessions_without_it(app: App) {
        let setup = Setup::passkeys(|passkeys| passkeys.is_second_factor(true));
        let app = guarded(&app, setup).await;
        let ada = app.member("ada").await;
        let phone = app.signed_in("ada", PASSWORD).await;
        assert_eq!(register(&ada, &mut authenticator()).await.status, 201);
        assert!(ada.is_signed_in().await && !phone.is_signed_in().await);
    }

    async fn a_registration_is_worth_nothing_elsewhere(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let [ada, eve] = [app.member("ada").await, app.member("eve").await];
        let path = "/passkeys/register/options";
        options(&eve, path, json!({})).await;
        let refused = async |browser: &Browser, credential: Value| {
            let body = json!({ "credential": credential });
            let answer = browser.post("/passkeys/register/verify", body).await;
            assert!((400..=401).contains(&answer.status), "{answer:?}");
            answer.code()
        };
        let mut device = authenticator();
        let credential = device.create(&options(&ada, path, json!({})).await);
        assert_eq!(refused(&eve, credential.clone()).await, "passkey-challenge-ended");
        let elsewhere = app.signed_in("ada", PASSWORD).await;
        options(&elsewhere, path, json!({})).await;
        assert_eq!(refused(&elsewhere, credential.clone()).await, "passkey-challenge-ended");
        let body = json!({ "credential": credential });
        assert_eq!(ada.post("/passkeys/register/verify", body).await.status, 201);
        assert_eq!(refused(&ada, credential).await, "passkey-challenge-ended");

        let wrong = async |change: fn(&mut Authenticator)| {
            let mut device = authenticator();
            change(&mut device);
            let credential = device.create(&options(&ada, path, json!({})).await);
            refused(&ada, credential).await
        };
        assert_eq!(wrong(|one| one.origin = "https://evil.example".into()).await, "passkey-rejected");
        assert_eq!(wrong(|one| one.origin = "http://app.example.com".into()).await, "passkey-rejected");
        assert_eq!(wrong(|one| one.rp_id = Some("evil.example".into())).await, "passkey-rejected");
        assert_eq!(wrong(|one| one.verifies_user = false).await, "passkey-rejected");
        assert_eq!(wrong(|one| one.is_cross_origin = true).await, "passkey-rejected");
        let sign_in = options(&ada, "/passkeys/sign-in/options", json!({})).await;
        let sign_in = authenticator().create(&with_user(sign_in));
        assert_eq!(refused(&ada, sign_in).await, "passkey-challenge-ended");
        assert_eq!(app.database.count("users_passkeys").await, 1);
    }

    async fn an_expired_registration_is_refused(app: App) {
        let setup = Setup::passkeys(|passkeys| passkeys.lifetime(Duration::from_secs(60)));
        let app = guarded(&app, setup).await;
        let ada = app.member("ada").await;
        let options = options(&ada, "/passkeys/register/options", json!({})).await;
        app.clock.advance(Duration::from_secs(61));
        let body = json!({ "credential": authenticator().create(&options) });
        let answer = ada.post("/passkeys/register/verify", body).await;
        assert_eq!((answer.status, &*answer.code()), (400, "passkey-challenge-ended"));
    }

    async fn an_account_has_at_most_the_configured_number(app: App) {
        let app = guarded(&app, Setup::passkeys(|passkeys| passkeys.max_passkeys(2))).await;
        let ada = app.member("ada").await;
        let [one, two, three] = [(); 3].map(|()| authenticator());
        let mut late = three.clone();
        let waiting = late.create(&options(&ada, "/passkeys/register/options", json!({})).await);
        for mut device in [one, two] {
            // The handle of the account is chosen with the first.
            assert_eq!(register(&ada, &mut device).await.status, 201);
        }
        let answer = ada.post("/passkeys/register/options", json!({})).await;
        assert_eq!((answer.status, &*answer.code()), (409, "too-many-passkeys"));
        let body = json!({ "credential": waiting });
        assert_ne!(ada.post("/passkeys/register/verify", body).await.status, 201);
        assert_eq!(app.database.count("users_passkeys").await, 2);
    }

    async fn a_passkey_is_registered_once_over_all_accounts(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (_, device) = member(&app, "ada").await;
        let eve = app.member("eve").await;
        let options = options(&eve, "/passkeys/register/options", json!({})).await;
        let body = json!({ "credential": device.create_again(0, &options) });
        let answer = eve.post("/passkeys/register/verify", body).await;
        assert_eq!((answer.status, &*answer.code()), (409, "passkey-registered"));
        assert_eq!(app.database.count("users_passkeys").await, 1);
    }
}

/// Options of a sign-in, with what an authenticator reads to make a passkey.
fn with_user(mut options: Value) -> Value {
    options["rp"] = json!({ "id": "app.example.com" });
    options["user"] = json!({ "id": "AAAAAAAAAAAAAAAAAAAAAA" });
    options
}
