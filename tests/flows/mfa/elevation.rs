//! Fresh proof: `/sudo`, and the gates that want it.

use super::*;

async fn sudo(browser: &Browser, body: Value) -> Answer {
    browser.post("/sudo", body).await
}

async fn is_open(browser: &Browser, path: &str) -> bool {
    let answer = browser.get(path).await;
    if answer.status != 200 {
        let refused = (answer.status, answer.detail());
        assert_eq!(refused, (403, "Re-authentication required.".to_owned()), "{path}");
    }
    answer.status == 200
}

on_every_database! {
    async fn the_password_elevates_one_session_for_five_minutes(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        let other = app.signed_in("ada", PASSWORD).await;
        let copy = ada.stolen();
        assert!(!is_open(&ada, "/danger").await, "a sign-in is not enough");
        assert_eq!(sudo(&ada, json!({ "password": "wrong-one" })).await.code(), "wrong-password");
        assert!(!is_open(&ada, "/danger").await);
        let answer = sudo(&ada, json!({ "password": PASSWORD })).await;
        assert_eq!((answer.status, &answer.json()["elevated"]), (200, &json!(true)));
        assert!(is_open(&ada, "/danger").await && !is_open(&other, "/danger").await);
        assert!(!copy.is_signed_in().await, "the session has another token");
        assert_eq!(ada.post("/logout-all?keep_current=true", json!({})).await.status, 200);
        assert!(is_open(&ada, "/danger").await, "its CSRF token stays");
        app.clock.advance(Duration::from_secs(299));
        assert!(is_open(&ada, "/danger").await);
        app.clock.advance(Duration::from_secs(2));
        assert!(!is_open(&ada, "/danger").await && ada.is_signed_in().await);
    }

    async fn an_account_with_a_second_factor_proves_both(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let browser = &ada.browser;
        let right = code(&app, &ada.secret, 0);
        assert_eq!(sudo(browser, json!({ "password": PASSWORD })).await.code(), "code-needed");
        assert_eq!(sudo(browser, json!({ "code": right })).await.code(), "wrong-password");
        let wrong = json!({ "password": PASSWORD, "code": wrong_code(&app, &ada.secret) });
        assert_eq!(sudo(browser, wrong).await.code(), "invalid-code");
        assert!(!is_open(browser, "/danger").await);
        let both = json!({ "password": PASSWORD, "code": right });
        assert_eq!(sudo(browser, both).await.status, 200);
        assert!(is_open(browser, "/danger").await && is_open(browser, "/second").await);
        assert!(!signs_in(&app, "ada", &right).await, "the code is used up");
    }

    async fn a_recovery_code_elevates_once_and_its_use_is_mailed(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let body = json!({ "password": PASSWORD, "code": ada.codes[0] });
        assert_eq!(sudo(&ada.browser, body.clone()).await.status, 200);
        assert_eq!(sudo(&ada.browser, body).await.code(), "invalid-code");
        assert_eq!(app.mail_count(MessageKind::RecoveryCodeUsed, "ada@example.com").await, 1);
    }

    async fn the_third_wrong_password_locks_the_elevation_of_its_session_only(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        let other = app.signed_in("ada", PASSWORD).await;
        let wrong = || sudo(&ada, json!({ "password": "wrong-one" }));
        assert_eq!([wrong().await.status, wrong().await.status], [401, 401]);
        let locked = wrong().await;
        assert_eq!((locked.status, locked.header("retry-after")), (429, Some("900")));
        assert_eq!(sudo(&ada, json!({ "password": PASSWORD })).await.status, 429);
        assert_eq!(sudo(&other, json!({ "password": PASSWORD })).await.status, 200);
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
        app.clock.advance(Duration::from_secs(901));
        assert_eq!(sudo(&ada, json!({ "password": PASSWORD })).await.status, 200);
    }

    async fn what_was_not_verified_proves_nothing(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        app.clock.advance(Duration::from_secs(601));
        assert_eq!(sudo(&ada, json!({ "password": PASSWORD, "code": "junk" })).await.status, 200);
        assert!(is_open(&ada, "/recent").await && !is_open(&ada, "/second").await);
        let eve = app.member("eve").await;
        app.database.execute("UPDATE users SET hashed_password = '!none'").await;
        app.clock.advance(Duration::from_secs(599));
        assert_eq!(sudo(&eve, json!({ "password": "junk", "code": "junk" })).await.status, 200);
        app.clock.advance(Duration::from_secs(60));
        assert!(!is_open(&eve, "/recent").await && !is_open(&eve, "/second").await);
    }

    async fn many_guesses_at_once_do_not_learn_the_password(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let answers = concurrently((0..24).map(|n| {
            let copy = ada.browser.stolen();
            let password = if n == 20 { PASSWORD.to_owned() } else { format!("wrong-one-{n}") };
            async move { sudo(&copy, json!({ "password": password })).await }
        }))
        .await;
        let told = answers.iter().filter(|answer| answer.code() == "code-needed").count();
        let wrong = count_status(&answers, 401) - told;
        assert!(told + wrong <= 3, "{answers:?}");
    }

    async fn right_codes_that_reopen_a_factor_are_no_failures(app: App) {
        let mfa = MfaConfig::default().max_failures(3);
        let app = guarded(&app, Setup { mfa, ..Setup::default() }).await;
        let ada = enrolled(&app, "ada").await;
        for _ in 0..3 {
            assert!(!signs_in(&app, "ada", &wrong_code(&app, &ada.secret)).await);
        }
        for status in [401, 401, 200] {
            let body = json!({ "password": PASSWORD, "code": code(&app, &ada.secret, 0) });
            let answer = sudo(&ada.browser, body).await;
            assert_eq!(answer.status, status, "{answer:?}");
            app.clock.advance(Duration::from_secs(30));
        }
    }

    async fn a_token_is_never_elevated(app: App) {
        let setup = Setup { refresh_in: RefreshIn::Body, ..Setup::default() };
        let app = guarded(&app, setup).await;
        assert_eq!(app.register("ada").await.status, 202);
        let form = format!("username=ada&password={PASSWORD}").into_bytes();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        let method = poem::http::Method::POST;
        let answer = app.browser().send(method.clone(), "/token", &kind, form).await;
        let token = format!("Bearer {}", answer.json()["access_token"].as_str().unwrap());
        let headers = [("authorization", &*token), ("content-type", "application/json")];
        let body = json!({ "password": PASSWORD }).to_string().into_bytes();
        let answer = app.browser().send(method, "/sudo", &headers, body).await;
        assert_eq!(answer.code(), "session-needed");
        for path in ["/danger", "/recent", "/second"] {
            let answer = app.browser().send(poem::http::Method::GET, path, &headers, vec![]).await;
            assert_eq!(answer.status, 403);
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(challenge.contains("insufficient_user_authentication"), "{challenge}");
            assert!(challenge.contains("max_age="), "{challenge}");
        }
    }

    async fn a_session_remembers_which_factor_was_proved_when(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        assert!(is_open(&ada.browser, "/recent").await && is_open(&ada.browser, "/second").await);
        let (browser, challenge) = challenged(&app, "ada").await;
        let right = code(&app, &ada.secret, 0);
        assert_eq!(verify(&browser, &challenge, &right).await.status, 200);
        assert!(is_open(&browser, "/recent").await && is_open(&browser, "/second").await);
        assert!(!is_open(&browser, "/danger").await);
        app.clock.advance(Duration::from_secs(601));
        assert!(!is_open(&browser, "/recent").await && !is_open(&browser, "/second").await);
    }

    async fn of_many_elevations_at_once_one_renews_the_session(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        let answers = concurrently((0..8).map(|_| {
            let copy = ada.stolen();
            async move { sudo(&copy, json!({ "password": PASSWORD })).await }
        }))
        .await;
        assert_eq!(count_status(&answers, 200), 1, "{answers:?}");
        assert_eq!(count_status(&answers, 401), 7, "{answers:?}");
        assert_eq!(app.database.count("users_sessions").await, 1);
    }

    async fn an_account_without_a_password_needs_a_recent_sign_in_to_be_elevated(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        app.database.execute("UPDATE users SET hashed_password = '!none'").await;
        assert_eq!(sudo(&ada, json!({})).await.status, 200);
        app.clock.advance(Duration::from_secs(601));
        assert_eq!(sudo(&ada, json!({})).await.code(), "sign-in-too-old");
    }
}
