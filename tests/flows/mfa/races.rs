//! Many requests at once have one effect.

use super::*;

on_every_database! {
    async fn of_64_sign_ins_with_one_code_one_succeeds(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        one_succeeds(&app, code(&app, &ada.secret, 0)).await;
    }

    async fn of_64_sign_ins_with_one_recovery_code_one_succeeds(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        one_succeeds(&app, ada.codes[0].clone()).await;
        assert_eq!(app.database.count("users_recovery_codes").await, 9);
    }

    async fn one_challenge_spends_one_of_several_recovery_codes(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let (browser, challenge) = challenged(&app, "ada").await;
        let answers = ada.codes[..5].iter().map(|code| {
            let (browser, challenge, code) = (browser.clone(), challenge.clone(), code.clone());
            async move { verify(&browser, &challenge, &code).await }
        });
        let answers = concurrently(answers).await;
        assert_eq!(count_status(&answers, 200), 1, "{answers:?}");
        assert_eq!(app.database.count("users_recovery_codes").await, 9);
    }

    async fn of_many_confirmations_at_once_one_enrols(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        let secret = secret_of(&set_up(&ada).await.json());
        let right = code(&app, &secret, 0);
        let answers = concurrently((0..16).map(|_| {
            let (ada, right) = (ada.clone(), right.clone());
            async move { ada.post("/mfa/totp/confirm", json!({ "code": right })).await }
        }))
        .await;
        assert_eq!(count_status(&answers, 200), 1, "{answers:?}");
        assert_eq!(app.database.count("users_recovery_codes").await, 10);
        let kept = recovery_codes(&answers.iter().find(|one| one.status == 200).unwrap().json());
        assert!(signs_in(&app, "ada", &kept[0]).await);
    }
}

async fn one_succeeds(app: &App, code: String) {
    let before = app.database.count("users_sessions").await;
    let mut sign_ins = Vec::new();
    for _ in 0..64 {
        sign_ins.push(challenged(app, "ada").await);
    }
    let answers = concurrently(sign_ins.into_iter().map(|(browser, challenge)| {
        let code = code.clone();
        async move { verify(&browser, &challenge, &code).await }
    }))
    .await;
    assert_eq!(count_status(&answers, 200), 1, "{answers:?}");
    assert_eq!(count_status(&answers, 401), 63, "{answers:?}");
    assert_eq!(app.database.count("users_sessions").await, before + 1);
}
