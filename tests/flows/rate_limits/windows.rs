//! Windows of rate limits: exact, also for concurrent uses and after a restart.

use crudauth::Clock;
use crudauth_tests::{concurrently, count_status, on_every_database, sign_up};

use super::{advance, app, limit_headers, request_reset, retry_after};

#[tokio::test]
async fn five_uses_around_the_full_hour_do_not_become_ten() {
    let app = app().await;
    let into_the_hour = u64::try_from(app.clock.now().timestamp() % 3600).unwrap();
    let browser = app.browser();
    advance(&app, 2 * 3600 - into_the_hour - 60);
    for _ in 0..5 {
        assert_eq!(request_reset(&browser, "unknown").await.status, 200);
    }
    advance(&app, 120);
    assert_eq!(retry_after(&request_reset(&browser, "unknown").await), 3480);
    advance(&app, 3480);
    assert_eq!(request_reset(&browser, "unknown").await.status, 200);
}

#[tokio::test]
async fn a_window_slides_over_spread_uses() {
    let app = app().await;
    let browser = app.browser();
    for _ in 0..5 {
        assert_eq!(request_reset(&browser, "unknown").await.status, 200);
        advance(&app, 600);
    }
    // The first use was 50 minutes ago, the others follow every 10 minutes.
    for _ in 0..3 {
        assert_eq!(
            retry_after(&request_reset(&browser, "unknown").await),
            600,
            "a rejected request does not count"
        );
        advance(&app, 600);
        assert_eq!(request_reset(&browser, "unknown").await.status, 200);
    }
    advance(&app, 3600);
    assert_eq!(limit_headers(&request_reset(&browser, "unknown").await).1, Some("4"));
}

#[tokio::test]
async fn a_counter_is_deleted_once_expired_and_not_before() {
    let app = app().await;
    let browser = app.browser();
    for _ in 0..5 {
        request_reset(&browser, "unknown").await;
    }
    app.auth.drained().await;
    advance(&app, 3599);
    app.auth.purge().await.unwrap();
    retry_after(&request_reset(&browser, "unknown").await);
    advance(&app, 1);
    app.auth.purge().await.unwrap();
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users_rate_limits").await, 0);
}

on_every_database! {
    async fn twenty_concurrent_uses_are_allowed_exactly_five_times(app: App) {
        let browser = app.browser();
        for round in 0..2 {
            let answers = concurrently((0..20).map(|_| {
                let browser = browser.clone();
                async move { request_reset(&browser, "unknown").await }
            }))
            .await;
            let counts = (count_status(&answers, 200), count_status(&answers, 429));
            assert_eq!(counts, (5, 15), "{round}: {answers:?}");
            let allowed = answers.iter().filter(|answer| answer.status == 200);
            let mut left: Vec<_> = allowed.map(|answer| limit_headers(answer).1.unwrap()).collect();
            left.sort_unstable();
            assert_eq!(left, ["0", "1", "2", "3", "4"]);
            advance(&app, 3600);
        }
    }

    async fn rate_limits_survive_a_restart(app: App) {
        let browser = app.browser();
        for at in 0..5 {
            assert_eq!(browser.post("/register", sign_up(&format!("name{at}"))).await.status, 202);
        }
        let again = browser.to(&app.restarted().await);
        assert!(retry_after(&again.post("/register", sign_up("more")).await) > 3500);
    }

    async fn a_window_ends_to_the_second(app: App) {
        let browser = app.browser();
        for _ in 0..5 {
            request_reset(&browser, "unknown").await;
            advance(&app, 1);
        }
        advance(&app, 3594);
        assert_eq!(retry_after(&request_reset(&browser, "unknown").await), 1);
        advance(&app, 1);
        assert_eq!(limit_headers(&request_reset(&browser, "unknown").await).1, Some("0"));
        assert_eq!(retry_after(&request_reset(&browser, "unknown").await), 1);
    }
}
