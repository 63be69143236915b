//! Sign-in with nothing typed.

use super::*;

/// The status and the code of the refusal of an answer, in the browser that asked for it.
async fn refused(browser: &Browser, credential: &Value) -> (u16, String) {
    let answer = send(browser, credential).await;
    assert!(!browser.is_signed_in().await, "{answer:?}");
    (answer.status, answer.code())
}

fn rejected() -> (u16, String) {
    (401, "passkey-rejected".to_owned())
}

fn ended() -> (u16, String) {
    (400, "passkey-challenge-ended".to_owned())
}

on_every_database! {
    async fn an_answer_signs_in_once_and_only_in_its_browser(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (_, mut device) = member(&app, "ada").await;
        let browser = app.browser();
        let credential = signed(&browser, &mut device).await;
        assert_eq!(refused(&app.browser(), &credential).await, ended(), "another browser");
        assert_eq!(send(&browser, &credential).await.status, 200);
        assert!(browser.is_signed_in().await);
        assert_eq!(browser.get("/by-passkey").await.status, 200);
        assert_eq!(browser.get("/second").await.status, 403, "it is one factor");
        let replay = browser.stolen();
        replay.drop_cookie("session_id");
        assert_eq!(refused(&replay, &credential).await, ended(), "a replay");
    }

    async fn an_answer_for_another_site_signs_nobody_in(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (_, mut device) = member(&app, "ada").await;
        let wrong = async |change: fn(&mut Authenticator)| {
            let browser = app.browser();
            let mut device = device.clone();
            change(&mut device);
            let credential = signed(&browser, &mut device).await;
            refused(&browser, &credential).await
        };
        assert_eq!(wrong(|one| one.origin = "https://evil.example".into()).await, rejected());
        assert_eq!(wrong(|one| one.origin = "https://www.app.example.com".into()).await, rejected());
        assert_eq!(wrong(|one| one.origin = "https://app.example.com:8443".into()).await, rejected());
        assert_eq!(wrong(|one| one.rp_id = Some("example.com".into())).await, rejected());
        assert_eq!(wrong(|one| one.is_cross_origin = true).await, rejected());
        assert_eq!(wrong(|one| one.verifies_user = false).await, rejected());
        assert_eq!(sign_in(&app.browser(), &mut device).await.status, 200);
    }

    async fn a_changed_answer_is_refused(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (_, mut device) = member(&app, "ada").await;
        let (_, mut eves) = member(&app, "eve").await;
        let browser = app.browser();
        let mut credential = signed(&browser, &mut device).await;
        credential["response"]["userHandle"] = json!(handle(&eves));
        assert_eq!(refused(&browser, &credential).await, rejected(), "eve's handle");
        let mut credential = signed(&browser, &mut device).await;
        credential["response"]["userHandle"] = Value::Null;
        assert_eq!(refused(&browser, &credential).await, rejected(), "no handle");
        let mut credential = signed(&browser, &mut device).await;
        let other = signed(&browser, &mut eves).await;
        credential["response"]["signature"] = other["response"]["signature"].clone();
        assert_eq!(refused(&browser, &credential).await, rejected(), "eve's signature");
        for malformed in [json!({}), json!({ "response": { "clientDataJSON": "e30" } })] {
            assert_eq!(refused(&browser, &malformed).await, rejected(), "{malformed}");
        }
        for malformed in [json!("x"), json!(null)] {
            assert_eq!(refused(&browser, &malformed).await.0, 422, "{malformed}");
        }
    }

    async fn a_counter_that_goes_back_is_refused_and_zero_is_tolerated(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (_, mut device) = member(&app, "ada").await;
        let mut copy = device.clone();
        assert_eq!(sign_in(&app.browser(), &mut device).await.status, 200);
        assert_eq!(sign_in(&app.browser(), &mut device).await.status, 200);
        let browser = app.browser();
        let credential = signed(&browser, &mut copy).await;
        assert_eq!(refused(&browser, &credential).await, rejected(), "a copy");
        let credential = signed(&browser, &mut copy).await;
        assert_eq!(refused(&browser, &credential).await, rejected(), "the same count");
        assert_eq!(sign_in(&app.browser(), &mut device).await.status, 200, "the owner goes on");
        device.counts = false;
        device.keys[0].counter = 0;
        let credential = signed(&browser, &mut device).await;
        assert_eq!(refused(&browser, &credential).await, rejected(), "back to zero");

        let eve = app.member("eve").await;
        let mut synced = authenticator();
        (synced.counts, synced.is_synced) = (false, true);
        assert_eq!(register(&eve, &mut synced).await.status, 201);
        for _ in 0..2 {
            assert_eq!(sign_in(&app.browser(), &mut synced).await.status, 200);
        }
        let key = list(&eve).await["passkeys"][0].clone();
        assert_eq!([&key["backup_eligible"], &key["backed_up"]], [true, true]);
    }

    async fn a_disabled_or_deleted_account_is_not_signed_in(app: App) {
        let (auth, app) = guarded_mount(&app, Setup::default()).await;
        let (ada, mut device) = member(&app, "ada").await;
        let id = ada.id().await;
        let browser = app.browser();
        let credential = signed(&browser, &mut device).await;
        assert!(auth.accounts().disable(&id).await.unwrap());
        assert_eq!(refused(&browser, &credential).await, rejected());
        assert!(auth.accounts().enable(&id).await.unwrap());
        assert_eq!(sign_in(&app.browser(), &mut device).await.status, 200);
        assert!(auth.accounts().delete(&id).await.unwrap());
        let credential = signed(&browser, &mut device).await;
        assert_eq!(refused(&browser, &credential).await, (401, "unknown-passkey".to_owned()));
        assert_eq!(app.database.count("users_passkeys").await, 0);
    }

    async fn an_account_with_the_key_of_a_deleted_one_has_none_of_its_passkeys(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, mut device) = member(&app, "ada").await;
        let id = ada.id().await;
        // Another program deletes the row and leaves ours.
        app.database.execute(&format!("DELETE FROM users WHERE id = {id}")).await;
        let eve = app.member("eve").await;
        app.database.execute(&format!("UPDATE users SET id = {id} WHERE username = 'eve'")).await;
        let browser = app.browser();
        let credential = signed(&browser, &mut device).await;
        assert_eq!(refused(&browser, &credential).await.0, 401);
        let eve = app.signed_in("eve", PASSWORD).await.to(&app).at(&eve.ip);
        assert_eq!(list(&eve).await["passkeys"], json!([]));
    }

    async fn a_change_of_password_keeps_passkeys(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, mut device) = member(&app, "ada").await;
        assert_eq!(ada.change_password(PASSWORD, "another-strong-one").await.status, 200);
        assert_eq!(sign_in(&app.browser(), &mut device).await.status, 200);
    }

    async fn the_former_session_of_the_browser_ends(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (_, mut device) = member(&app, "ada").await;
        let browser = app.signed_in("ada", PASSWORD).await;
        let before = browser.stolen();
        let credential = signed(&browser, &mut device).await;
        let body = json!({ "credential": credential, "remember_me": true });
        let answer = browser.post("/passkeys/sign-in/verify", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(browser.is_signed_in().await && !before.is_signed_in().await);
        let cookies = answer.set_cookies();
        let session = cookies.iter().find(|cookie| cookie.starts_with("session_id=")).unwrap();
        assert!(session.contains("Max-Age="), "it outlives the browser: {session}");
    }

    async fn a_page_of_another_site_signs_nobody_in(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (_, mut device) = member(&app, "ada").await;
        let browser = app.browser();
        let credential = signed(&browser, &mut device).await;
        let headers = [("content-type", "application/json"), ("sec-fetch-site", "cross-site")];
        let body = json!({ "credential": credential }).to_string().into_bytes();
        let path = "/passkeys/sign-in/verify";
        let answer = browser.send(Method::POST, path, &headers, body).await;
        assert_eq!((answer.status, &*answer.code()), (403, "cross-site"));
        assert_eq!(send(&browser, &credential).await.status, 200, "the challenge is not used up");
    }
}

fn handle(device: &Authenticator) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(&device.keys[0].user_handle)
}
