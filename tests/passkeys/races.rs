//! Many requests at once have one effect.

use super::*;

on_every_database! {
    async fn of_64_answers_to_one_challenge_one_signs_in(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (_, mut device) = member(&app, "ada").await;
        let browser = app.browser();
        let credential = signed(&browser, &mut device).await;
        let before = app.database.count("users_sessions").await;
        let answers = concurrently((0..64).map(|_| {
            let (browser, credential) = (browser.clone(), credential.clone());
            async move { send(&browser, &credential).await }
        }))
        .await;
        assert_eq!(count_status(&answers, 200), 1, "{answers:?}");
        assert_eq!(count_status(&answers, 400), 63, "{answers:?}");
        assert_eq!(app.database.count("users_sessions").await, before + 1);
    }

    async fn of_64_second_steps_with_one_answer_one_signs_in(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, mut device) = member(&app, "ada").await;
        enrol(&app, &ada).await;
        let (browser, challenge) = challenged(&app, "ada").await;
        let token = challenge["challenge"].clone();
        let named = json!({ "challenge": token });
        let credential = device.get(&options(&browser, "/passkeys/sign-in/options", named).await);
        let before = app.database.count("users_sessions").await;
        let answers = concurrently((0..64).map(|_| {
            let browser = browser.clone();
            let body = json!({ "challenge": token, "credential": credential });
            async move { browser.post("/passkeys/verify", body).await }
        }))
        .await;
        assert_eq!(count_status(&answers, 200), 1, "{answers:?}");
        assert_eq!(app.database.count("users_sessions").await, before + 1);
    }

    async fn one_challenge_of_the_second_step_takes_one_of_several_answers(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, mut device) = member(&app, "ada").await;
        enrol(&app, &ada).await;
        device.counts = false;
        let (browser, challenge) = challenged(&app, "ada").await;
        let token = challenge["challenge"].clone();
        let mut bodies = Vec::new();
        for _ in 0..8 {
            let named = json!({ "challenge": token });
            let named = options(&browser, "/passkeys/sign-in/options", named).await;
            let mut device = device.clone();
            bodies.push(json!({ "challenge": token, "credential": device.get(&named) }));
        }
        let before = app.database.count("users_sessions").await;
        let answers = concurrently(bodies.into_iter().map(|body| {
            let browser = browser.clone();
            async move { browser.post("/passkeys/verify", body).await }
        }))
        .await;
        assert_eq!(count_status(&answers, 200), 1, "{answers:?}");
        assert_eq!(app.database.count("users_sessions").await, before + 1);
    }

    async fn of_16_registrations_at_once_none_passes_the_limit(app: App) {
        let app = guarded(&app, Setup::passkeys(|passkeys| passkeys.max_passkeys(3))).await;
        let (ada, _) = member(&app, "ada").await;
        let mut bodies = Vec::new();
        for _ in 0..16 {
            let options = options(&ada, "/passkeys/register/options", json!({})).await;
            bodies.push(json!({ "credential": authenticator().create(&options) }));
        }
        // Each success renews the session, so a request may find its former token gone.
        concurrently(bodies.into_iter().map(|body| {
            let ada = ada.clone();
            async move { ada.post("/passkeys/register/verify", body).await }
        }))
        .await;
        assert!((2..=3).contains(&app.database.count("users_passkeys").await));
    }

    async fn of_two_removals_at_once_the_last_way_in_stays(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, _) = member(&app, "ada").await;
        assert_eq!(register(&ada, &mut authenticator()).await.status, 201);
        app.database.execute("UPDATE users SET hashed_password = '!'").await;
        let listed = list(&ada).await;
        let answers = concurrently([0, 1].map(|at| {
            let path = format!("/passkeys/{}", listed["passkeys"][at]["id"].as_str().unwrap());
            let ada = ada.clone();
            async move { ada.delete(&path).await }
        }))
        .await;
        assert_eq!(count_status(&answers, 200), 1, "{answers:?}");
        assert_eq!(app.database.count("users_passkeys").await, 1);
    }
}
