//! Many requests at once have one effect.

use super::*;

on_every_database! {
    async fn of_64_uses_of_a_link_and_its_code_one_signs_in(app: App) {
        let app = mailed(&app).await;
        verified(&app, "ada").await;
        let browser = app.browser();
        let sent = ask(&app, &browser, ADA).await;
        let before = app.database.count("users_sessions").await;
        let answers = concurrently((0..64).map(|number| {
            // Four codes, since a request takes five.
            let body = if number % 16 == 0 { sent.code() } else { sent.link() };
            let browser = browser.stolen();
            async move { confirm(&browser, body).await }
        }))
        .await;
        assert_eq!(count_status(&answers, 200), 1, "{answers:?}");
        assert_eq!(count_status(&answers, 400), 63, "{answers:?}");
        assert_eq!(app.database.count("users_sessions").await, before + 1);
    }

    async fn of_many_links_of_an_unproved_account_at_once_one_signs_in(app: App) {
        let app = mailed(&app).await;
        app.register("ada").await;
        let mut links = Vec::new();
        for _ in 0..8 {
            links.push(ask(&app, &app.browser(), ADA).await.link());
        }
        let answers = concurrently(links.into_iter().cycle().take(64).map(|link| {
            let browser = app.browser();
            async move { confirm(&browser, link).await }
        }))
        .await;
        assert_eq!(count_status(&answers, 200), 1, "{answers:?}");
        assert_eq!(app.database.count("users_sessions").await, 1);
    }

    async fn parallel_guesses_are_no_more_than_five(app: App) {
        let app = mailed(&app).await;
        verified(&app, "ada").await;
        let browser = app.browser();
        let sent = ask(&app, &browser, ADA).await;
        let answers = concurrently((0..64).map(|number| {
            let mut browser = browser.stolen();
            browser.ip = format!("198.51.100.{number}");
            let body = sent.wrong_code();
            async move { confirm(&browser, body).await }
        }))
        .await;
        let judged = count_status(&answers, 401) + count_status(&answers, 429);
        assert!(judged <= 5, "{judged}");
        assert_eq!(judged + count_status(&answers, 400), 64, "{answers:?}");
    }
}
