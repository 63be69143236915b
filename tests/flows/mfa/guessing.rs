//! What a stranger who knows the password learns by guessing, and how the owner gets in all the same.

use super::*;

on_every_database! {
    async fn a_challenge_ends_with_its_fifth_wrong_code(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let (browser, challenge) = challenged(&app, "ada").await;
        let wrong = wrong_code(&app, &ada.secret);
        for guess in [&wrong, "", "١٢٣٤٥٦", "not a code", &wrong] {
            let answer = verify(&browser, &challenge, guess).await;
            assert_eq!((answer.status, answer.code()), (401, "invalid-code".to_owned()));
        }
        let answer = verify(&browser, &challenge, &code(&app, &ada.secret, 0)).await;
        assert_eq!((answer.status, answer.code()), (400, "challenge-ended".to_owned()));
        assert!(signs_in(&app, "ada", &code(&app, &ada.secret, 0)).await);
    }

    async fn after_ten_wrong_codes_three_right_ones_in_a_row_are_needed(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        for n in 1..=10 {
            let (browser, challenge) = challenged(&app, "ada").await;
            let answer = verify(&browser, &challenge, &wrong_code(&app, &ada.secret)).await;
            let expected = if n < 10 { "invalid-code" } else { "three-codes-needed" };
            assert_eq!(answer.code(), expected, "guess {n}");
        }
        let mails = app.mail_count(MessageKind::SecondFactorGuessed, "ada@example.com").await;
        assert_eq!(mails, 1);
        let (browser, challenge) = challenged(&app, "ada").await;
        let enter = async |code: String| {
            let answer = verify(&browser, &challenge, &code).await;
            app.clock.advance(Duration::from_secs(30));
            answer
        };
        // A wrong code in between begins the row anew; the answers are the same.
        for wanted in ["right", "wrong", "right", "right"] {
            let typed = match wanted {
                "right" => code(&app, &ada.secret, 0),
                _ => wrong_code(&app, &ada.secret),
            };
            assert_eq!(enter(typed).await.code(), "three-codes-needed", "{wanted}");
        }
        assert_eq!(enter(code(&app, &ada.secret, 0)).await.status, 200);
        assert!(signs_in(&app, "ada", &code(&app, &ada.secret, 0)).await, "one code again");
    }

    async fn a_stranger_who_goes_on_guessing_cannot_keep_the_owner_out(app: App) {
        let mfa = MfaConfig::default().max_failures(3);
        let app = guarded(&app, Setup { mfa, ..Setup::default() }).await;
        let ada = enrolled(&app, "ada").await;
        let guess = async || {
            let (stranger, challenge) = challenged(&app, "ada").await;
            verify(&stranger, &challenge, &wrong_code(&app, &ada.secret)).await;
        };
        for _ in 0..3 {
            guess().await;
        }
        let (browser, challenge) = challenged(&app, "ada").await;
        for status in [401, 401, 200] {
            guess().await;
            let answer = verify(&browser, &challenge, &code(&app, &ada.secret, 0)).await;
            assert_eq!(answer.status, status, "{answer:?}");
            app.clock.advance(Duration::from_secs(30));
        }
    }

    async fn many_wrong_codes_at_once_cause_one_notice(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let mut guesses = Vec::new();
        for _ in 0..3 {
            let (browser, challenge) = challenged(&app, "ada").await;
            for _ in 0..4 {
                let (browser, challenge) = (browser.clone(), challenge.clone());
                let wrong = wrong_code(&app, &ada.secret);
                guesses.push(async move { verify(&browser, &challenge, &wrong).await });
            }
        }
        let answers = concurrently(guesses).await;
        assert_eq!(count_status(&answers, 401), 12, "{answers:?}");
        let mails = app.mail_count(MessageKind::SecondFactorGuessed, "ada@example.com").await;
        assert_eq!(mails, 1);
    }

    async fn a_recovery_code_reopens_a_locked_factor(app: App) {
        let mfa = MfaConfig::default().max_failures(3);
        let app = guarded(&app, Setup { mfa, ..Setup::default() }).await;
        let ada = enrolled(&app, "ada").await;
        for _ in 0..3 {
            assert!(!signs_in(&app, "ada", &wrong_code(&app, &ada.secret)).await);
        }
        assert!(!signs_in(&app, "ada", &code(&app, &ada.secret, 0)).await);
        assert!(signs_in(&app, "ada", &ada.codes[0]).await);
        app.clock.advance(Duration::from_secs(30));
        assert!(signs_in(&app, "ada", &code(&app, &ada.secret, 0)).await);
    }

    async fn guesses_at_the_second_step_lock_nobody_out_of_the_first(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        for _ in 0..3 {
            let (browser, challenge) = challenged(&app, "ada").await;
            for _ in 0..5 {
                verify(&browser, &challenge, &wrong_code(&app, &ada.secret)).await;
            }
        }
        challenged(&app, "ada").await;
    }

    async fn strange_input_is_refused_without_a_server_error(app: App) {
        let app = guarded(&app, Setup::default()).await;
        enrolled(&app, "ada").await;
        let (browser, challenge) = challenged(&app, "ada").await;
        let post = async |body: String| {
            let headers = [("content-type", "application/json")];
            browser.send(poem::http::Method::POST, "/mfa/verify", &headers, body.into()).await.status
        };
        assert_eq!(post(r#"{"challenge":"\ud800","code":"1"}"#.into()).await, 422);
        assert_eq!(post(format!(r#"{{"challenge":"{challenge}","code":"\ud800"}}"#)).await, 422);
        assert_eq!(post(format!(r#"{{"challenge":"{challenge}","code":123456}}"#)).await, 422);
        assert_eq!(post(format!(r#"{{"challenge":"{challenge}"}}"#)).await, 422);
        let long = "1".repeat(60_000);
        assert_eq!(post(format!(r#"{{"challenge":"{challenge}","code":"{long}"}}"#)).await, 401);
        assert_eq!(post(format!(r#"{{"challenge":"{long}","code":"1"}}"#)).await, 400);
    }

    async fn wrong_codes_lock_their_network_for_new_devices_only(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, bob) = (enrolled(&app, "ada").await, enrolled(&app, "bob").await);
        let there = || app.browser().at("198.51.100.7");
        let begin = async |browser: &Browser, name: &str| {
            let answer = browser.login(name, PASSWORD).await.json();
            answer["challenge"].as_str().unwrap().to_owned()
        };
        let known = there();
        let challenge = begin(&known, "bob").await;
        let right = code(&app, &bob.secret, 0);
        assert_eq!(verify(&known, &challenge, &right).await.status, 200);
        for _ in 0..12 {
            let stranger = there();
            let challenge = begin(&stranger, "ada").await;
            for _ in 0..5 {
                let wrong = verify(&stranger, &challenge, &wrong_code(&app, &ada.secret)).await;
                assert_eq!(wrong.status, 401, "{wrong:?}");
            }
        }
        app.clock.advance(Duration::from_secs(30));
        let right = code(&app, &bob.secret, 0);
        let new = there();
        let challenge = begin(&new, "bob").await;
        let locked = verify(&new, &challenge, &right).await;
        assert_eq!((locked.status, &*locked.code()), (429, "too-many-requests"));
        assert_eq!(locked.header("retry-after"), Some("270"));
        let challenge = begin(&known, "bob").await;
        assert_eq!(verify(&known, &challenge, &right).await.status, 200);
        app.clock.advance(Duration::from_secs(271));
        let challenge = begin(&new, "bob").await;
        let right = code(&app, &bob.secret, 0);
        assert_eq!(verify(&new, &challenge, &right).await.status, 200);
    }

    async fn made_up_challenges_are_limited_by_network_and_real_ones_are_not(app: App) {
        let app = guarded(&app, Setup { limits: RateLimits::default(), ..Setup::default() }).await;
        let browser = app.browser();
        for _ in 0..60 {
            assert_eq!(verify(&browser, "x", "1").await.code(), "challenge-ended");
        }
        assert_eq!(verify(&browser, "x", "1").await.status, 429);
        assert_eq!(browser.post("/mfa/challenge", json!({ "challenge": "x" })).await.status, 429);
        let ada = enrolled(&app, "ada").await;
        let owner = app.browser().at(&browser.ip);
        let challenge = owner.login("ada", PASSWORD).await.json()["challenge"].clone();
        let right = code(&app, &ada.secret, 0);
        assert_eq!(verify(&owner, challenge.as_str().unwrap(), &right).await.status, 200);
    }
}
