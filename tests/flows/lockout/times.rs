//! Windows, locks and escalation over time.

use crudauth_tests::PASSWORD;
use crudauth_tests::failed_logins::{fail_login, lock_seconds};

use super::{app, turn};

#[tokio::test]
async fn a_window_starts_with_its_first_failure_and_does_not_slide() {
    let app = app().await;
    let browser = app.browser();
    fail_login(&browser, "unknown", 1).await;
    turn(&app, 50);
    fail_login(&browser, "unknown", 4).await;
    turn(&app, 10);
    fail_login(&browser, "unknown", 5).await;
    assert_eq!(lock_seconds(&browser, "unknown").await, 60);
}

#[tokio::test]
async fn attempts_during_a_lock_neither_count_nor_extend_it() {
    let app = app().await;
    let browser = app.browser();
    fail_login(&browser, "unknown", 5).await;
    for left in [60, 50, 40, 30, 20, 10] {
        for _ in 0..3 {
            assert_eq!(lock_seconds(&browser, "unknown").await, left);
        }
        turn(&app, 10);
    }
    fail_login(&browser, "unknown", 5).await;
    assert_eq!(lock_seconds(&browser, "unknown").await, 120);
}

#[tokio::test]
async fn escalation_is_kept_for_an_hour_and_then_reset() {
    let app = app().await;
    let browser = app.browser();
    fail_login(&browser, "unknown", 5).await;
    assert_eq!(lock_seconds(&browser, "unknown").await, 60);
    turn(&app, 3590);
    fail_login(&browser, "unknown", 5).await;
    assert_eq!(lock_seconds(&browser, "unknown").await, 120, "each lock renews the escalation");
    turn(&app, 3590);
    fail_login(&browser, "unknown", 5).await;
    assert_eq!(lock_seconds(&browser, "unknown").await, 240);
    turn(&app, 240 + 3601);
    fail_login(&browser, "unknown", 5).await;
    assert_eq!(lock_seconds(&browser, "unknown").await, 60);
}

#[tokio::test]
async fn the_lock_after_the_longest_one_is_no_shorter() {
    let app = app().await;
    let browser = app.browser();
    for seconds in [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600] {
        fail_login(&browser, "unknown", 5).await;
        assert_eq!(lock_seconds(&browser, "unknown").await, seconds);
        turn(&app, seconds);
    }
}

#[tokio::test]
async fn failures_of_an_earlier_window_are_not_refunded() {
    let app = app().await;
    app.register("ada").await;
    let office = app.browser();
    fail_login(&office, "eve", 1).await;
    turn(&app, 50);
    fail_login(&office, "ada", 3).await;
    turn(&app, 15);
    // The address has a new window, in which ada has no failure.
    fail_login(&office, "eve", 3).await;
    assert_eq!(office.login("ada", PASSWORD).await.status, 200);
    office.drop_cookie("known_device");
    fail_login(&office, "cyd", 2).await;
    lock_seconds(&office, "dan").await;
}
