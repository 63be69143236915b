//! The second step of a sign-in.

use super::*;

on_every_database! {
    async fn a_sign_in_is_finished_by_a_code(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let (browser, challenge) = challenged(&app, "ada").await;
        for path in ["/me", "/dashboard", "/billing", "/sessions", "/mfa"] {
            assert_eq!(browser.get(path).await.status, 401, "{path} after the first step");
        }
        let answer = verify(&browser, &challenge, &code(&app, &ada.secret, 0)).await;
        assert_eq!((answer.status, &answer.json()["username"]), (200, &json!("ada")), "{answer:?}");
        assert!(browser.is_signed_in().await);
        assert_eq!(browser.post("/logout", json!({})).await.status, 200, "with its CSRF token");
    }

    async fn a_code_of_an_earlier_step_than_the_last_one_is_refused_everywhere(app: App) {
        let mfa = Setup::default().mfa.max_failures(20);
        let app = guarded(&app, Setup { mfa, ..Setup::default() }).await;
        let ada = enrolled(&app, "ada").await;
        let [earlier, present, next] = [-1, 0, 1].map(|steps| code(&app, &ada.secret, steps));
        assert!(signs_in(&app, "ada", &present).await);
        for used in [&earlier, &present] {
            assert!(!signs_in(&app, "ada", used).await);
            for (path, body) in [
                ("/sudo", json!({ "password": PASSWORD, "code": used })),
                ("/mfa/totp/disable", json!({ "code": used })),
                ("/mfa/recovery-codes/regenerate", json!({ "code": used })),
                ("/email/change-request", json!({ "new_email": "new@example.com", "password": PASSWORD, "code": used })),
            ] {
                let answer = ada.browser.post(path, body).await;
                assert_eq!((answer.status, &*answer.code()), (401, "invalid-code"), "{path}");
            }
        }
        let proof = json!({ "password": PASSWORD, "code": next });
        assert_eq!(ada.browser.post("/sudo", proof).await.status, 200);
        assert!(!signs_in(&app, "ada", &present).await);
        assert!(!signs_in(&app, "ada", &next).await, "the same again");
        assert_eq!(status(&ada.browser).await["recovery_codes_remaining"], 10);
    }

    async fn a_recovery_code_replaces_a_code_and_is_mailed(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        assert!(signs_in(&app, "ada", &ada.codes[0].to_uppercase().replace('-', " ")).await);
        assert!(!signs_in(&app, "ada", &ada.codes[0]).await, "it works once");
        let browser = ada.browser;
        assert_eq!(status(&browser).await["recovery_codes_remaining"], 9);
        let mails = app.mail_count(MessageKind::RecoveryCodeUsed, "ada@example.com").await;
        assert_eq!(mails, 1);
    }

    async fn a_sign_in_by_tokens_is_finished_by_a_code(app: App) {
        let setup = Setup { refresh_in: RefreshIn::Body, ..Setup::default() };
        let app = guarded(&app, setup).await;
        let ada = enrolled(&app, "ada").await;
        let form = format!("username=ada&password={PASSWORD}").into_bytes();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        let program = app.browser();
        let answer = program.send(poem::http::Method::POST, "/token", &kind, form).await;
        assert_eq!((answer.status, answer.set_cookies()), (200, vec![]), "{answer:?}");
        assert!(answer.json().get("access_token").is_none());
        let challenge = answer.json()["challenge"].as_str().unwrap().to_owned();
        let answer = verify(&app.browser(), &challenge, &code(&app, &ada.secret, 0)).await;
        assert_eq!(answer.status, 200, "a program keeps no cookie: {answer:?}");
        let token = format!("Bearer {}", answer.json()["access_token"].as_str().unwrap());
        let headers = [("authorization", &*token)];
        let me = app.browser().send(poem::http::Method::GET, "/me", &headers, vec![]).await;
        assert_eq!(me.status, 200);
        assert!(answer.json()["refresh_token"].is_string());
    }

    async fn a_challenge_works_only_in_its_browser(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let (browser, challenge) = challenged(&app, "ada").await;
        let right = code(&app, &ada.secret, 0);
        let stolen = verify(&app.browser(), &challenge, &right).await;
        assert_eq!((stolen.status, stolen.code()), (400, "challenge-ended".to_owned()));
        let other = app.browser();
        other.login("ada", PASSWORD).await;
        assert_eq!(verify(&other, &challenge, &right).await.status, 400);
        assert_eq!(verify(&browser, &challenge, &right).await.status, 200);
    }

    async fn two_tabs_of_a_browser_sign_in_at_once(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let browser = app.browser();
        let mut challenges = Vec::new();
        for _ in 0..2 {
            let answer = browser.login("ada", PASSWORD).await.json();
            challenges.push(answer["challenge"].as_str().unwrap().to_owned());
        }
        assert_eq!(verify(&browser, &challenges[0], "000000x").await.status, 401);
        let right = code(&app, &ada.secret, 0);
        assert_eq!(verify(&browser, &challenges[1], &right).await.status, 200);
        assert_eq!(verify(&browser, &challenges[0], &ada.codes[0]).await.status, 200);
    }

    async fn a_change_of_the_account_ends_its_challenges(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let (browser, challenge) = challenged(&app, "ada").await;
        assert_eq!(ada.browser.change_password(PASSWORD, "another-strong-one").await.status, 200);
        let answer = verify(&browser, &challenge, &code(&app, &ada.secret, 0)).await;
        assert_eq!(answer.code(), "challenge-ended");
    }

    async fn a_challenge_lives_five_minutes(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let (browser, challenge) = challenged(&app, "ada").await;
        app.clock.advance(Duration::from_secs(301));
        let answer = verify(&browser, &challenge, &code(&app, &ada.secret, 0)).await;
        assert_eq!(answer.code(), "challenge-ended");
    }

    async fn a_reset_keeps_the_factor_of_a_proved_account(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        reset(&app, "another-strong-one").await;
        let browser = app.browser();
        let answer = browser.login("ada", "another-strong-one").await;
        let challenge = answer.json()["challenge"].as_str().unwrap().to_owned();
        assert!(!browser.is_signed_in().await);
        let right = code(&app, &ada.secret, 0);
        assert_eq!(verify(&browser, &challenge, &right).await.status, 200);
    }

    async fn a_disabled_account_keeps_its_factor_and_a_deleted_one_does_not(app: App) {
        let (auth, app) = guarded_mount(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let id = ada.browser.id().await;
        let (browser, challenge) = challenged(&app, "ada").await;
        let accounts = auth.accounts();
        assert!(accounts.disable(&id).await.unwrap());
        let right = code(&app, &ada.secret, 0);
        assert_eq!(verify(&browser, &challenge, &right).await.code(), "challenge-ended");
        assert!(accounts.enable(&id).await.unwrap());
        assert!(signs_in(&app, "ada", &right).await);
        assert!(accounts.delete(&id).await.unwrap());
        assert_eq!(app.database.count("users_authenticators").await, 0);
        assert_eq!(app.database.count("users_recovery_codes").await, 0);
    }

    async fn a_page_of_another_site_finishes_no_sign_in(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let (browser, challenge) = challenged(&app, "ada").await;
        let body = json!({ "challenge": challenge, "code": code(&app, &ada.secret, 0) });
        let headers = [("content-type", "application/json"), ("sec-fetch-site", "cross-site")];
        let body = body.to_string().into_bytes();
        let answer =
            browser.send(poem::http::Method::POST, "/mfa/verify", &headers, body.clone()).await;
        assert_eq!(answer.code(), "cross-site");
        let answer = browser.send(poem::http::Method::POST, "/mfa/verify", &headers[..1], body).await;
        assert_eq!(answer.status, 200, "nothing was used up: {answer:?}");
    }

    async fn a_remembered_sign_in_stays_remembered(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let browser = app.browser();
        let answer = browser.login_with("ada", PASSWORD, &[("remember_me", "true")], &[]).await;
        let challenge = answer.json()["challenge"].as_str().unwrap().to_owned();
        let answer = verify(&browser, &challenge, &code(&app, &ada.secret, 0)).await;
        let session = answer.set_cookies().into_iter().find(|line| line.starts_with("session_id"));
        assert!(session.unwrap().contains("Max-Age=2592000"));
    }

    async fn the_session_of_the_browser_lives_until_the_second_step(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let before = ada.browser.stolen();
        let answer = ada.browser.login("ada", PASSWORD).await;
        assert!(ada.browser.is_signed_in().await);
        let challenge = answer.json()["challenge"].as_str().unwrap().to_owned();
        let right = code(&app, &ada.secret, 0);
        assert_eq!(verify(&ada.browser, &challenge, &right).await.status, 200);
        assert!(ada.browser.is_signed_in().await);
        assert!(!before.is_signed_in().await, "the sign-in replaces it");
    }

    async fn a_sign_in_by_a_plain_call_is_bound_to_its_browser(app: App) {
        let (auth, app) = guarded_mount(&app, Setup::default()).await;
        enrolled(&app, "ada").await;
        let accounts = auth.accounts();
        let ada = accounts.find_by_identifier("ada").await.unwrap().unwrap();
        let binding = Binding::Browser(Vec::new());
        let entered = accounts.enter(ada, ClientInfo::default(), &binding).await.unwrap();
        let SignIn::Challenge(challenge) = entered else { panic!("no second factor: {entered:?}") };
        let token = challenge.token.expose();
        assert!(accounts.waiting_sign_in(token, &[]).await.unwrap().is_none());
        let browser = challenge.browser.unwrap();
        assert!(accounts.waiting_sign_in(token, &[browser]).await.unwrap().is_some());
    }

    async fn a_sign_in_by_a_plain_call_has_its_client(app: App) {
        let (auth, app) = guarded_mount(&app, Setup::default()).await;
        let browser = app.member("ada").await;
        let accounts = auth.accounts();
        let ada = accounts.find_by_identifier("ada").await.unwrap().unwrap();
        let address = ClientAddress::from(std::net::IpAddr::from([198, 51, 100, 7]));
        let client = ClientInfo::new(Some(address), None);
        let entered = accounts.enter(ada, client, &Binding::Program).await.unwrap();
        assert!(matches!(entered, SignIn::Done(_)), "{entered:?}");
        let sessions = browser.get("/sessions").await.json();
        let ips: Vec<_> = sessions.as_array().unwrap().iter().map(|one| &one["ip"]).collect();
        assert!(ips.contains(&&json!("198.51.100.7")), "{sessions}");
    }
}
