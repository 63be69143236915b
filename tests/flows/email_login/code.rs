//! The code, and its guessing.

use super::*;

on_every_database! {
    async fn the_code_signs_in_the_browser_that_asked(app: App) {
        let app = mailed(&app).await;
        let id = verified(&app, "ada").await.id().await;
        let browser = app.browser();
        let mut body = ask(&app, &browser, ADA).await.code();
        let code = body["code"].as_str().unwrap();
        body["code"] = json!(format!(" {} {}", &code[..4], &code[4..]));
        let answer = confirm(&browser, body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(browser.id().await, id);
    }

    async fn the_code_works_in_no_other_browser(app: App) {
        let app = mailed(&app).await;
        verified(&app, "ada").await;
        let browser = app.browser();
        let sent = ask(&app, &browser, ADA).await;
        // Another browser, with a cookie of its own request.
        let other = app.browser();
        let own = ask(&app, &other, ADA).await;
        let mixed = json!({ "challenge": own.challenge, "code": sent.code });
        if own.code != sent.code {
            assert_refused(&other, &confirm(&other, mixed).await, 401, "invalid-code").await;
        }
        assert_refused(&other, &confirm(&other, sent.code()).await, 400, "invalid-token").await;
        let none = app.browser();
        assert_refused(&none, &confirm(&none, sent.code()).await, 400, "invalid-token").await;
        assert_eq!(confirm(&browser, sent.code()).await.status, 200);
    }

    async fn a_request_takes_five_codes(app: App) {
        let app = mailed(&app).await;
        verified(&app, "ada").await;
        let browser = app.browser();
        let sent = ask(&app, &browser, ADA).await;
        for attempt in 1..=5 {
            let answer = confirm(&browser, sent.wrong_code()).await;
            assert_eq!((answer.status, &*answer.code()), (401, "invalid-code"), "{attempt}");
        }
        assert_refused(&browser, &confirm(&browser, sent.code()).await, 400, "invalid-token").await;
        assert_eq!(confirm(&browser, sent.link()).await.status, 200, "the link still works");
    }

    async fn wrong_codes_lock_the_account_as_wrong_passwords_do(app: App) {
        let app = mailed(&app).await;
        verified(&app, "ada").await;
        // Three in each browser, so that no request is used up.
        for _ in 0..2 {
            let browser = app.browser();
            let sent = ask(&app, &browser, ADA).await;
            for _ in 0..3 {
                confirm(&browser, sent.wrong_code()).await;
            }
        }
        let browser = app.browser();
        let sent = ask(&app, &browser, ADA).await;
        assert_refused(&browser, &confirm(&browser, sent.code()).await, 429, "locked-out").await;
        assert_eq!(browser.login("ada", PASSWORD).await.code(), "locked-out");
        assert_eq!(confirm(&app.browser(), sent.link()).await.status, 200, "the link still works");
    }

    async fn wrong_codes_lock_the_client_network(app: App) {
        let app = mailed(&app).await;
        let guesser = app.browser();
        for number in 0..6 {
            let name = format!("member{number}");
            verified(&app, &name).await;
            let browser = app.browser().at(&guesser.ip);
            let sent = ask(&app, &browser, &format!("{name}@example.com")).await;
            confirm(&browser, sent.wrong_code()).await;
        }
        verified(&app, "ada").await;
        let sent = ask(&app, &guesser, ADA).await;
        assert_refused(&guesser, &confirm(&guesser, sent.code()).await, 429, "locked-out").await;
    }

    async fn a_guess_does_not_reveal_whether_the_address_has_an_account(app: App) {
        let app = mailed(&app).await;
        verified(&app, "ada").await;
        let mut seen = Vec::new();
        for address in [ADA, "unknown@example.com"] {
            let mut answers = Vec::new();
            for _ in 0..2 {
                let browser = app.browser();
                let challenge = request(&browser, address).await.json()["challenge"].clone();
                // Not eight digits, so it is never right.
                let body = json!({ "challenge": challenge, "code": "0000000x" });
                for _ in 0..6 {
                    answers.push(confirm(&browser, body.clone()).await.comparable());
                }
            }
            seen.push(answers);
        }
        assert_eq!(seen[0], seen[1]);
        let statuses: Vec<_> = seen[0].iter().map(|(status, ..)| *status).collect();
        assert_eq!(statuses[..6], [401, 401, 401, 401, 401, 400]);
        assert!(statuses[6..].contains(&429), "{statuses:?}");
    }
}
