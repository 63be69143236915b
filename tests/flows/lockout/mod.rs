//! The lockout: allowed failures, duration of locks, and sign-ins during a lock.

mod clients;
mod times;

use std::time::Duration;

use crudauth::{Backend, LockoutConfig, RateLimit, RateLimits, rate_limit};
use crudauth_tests::failed_logins::{
    WRONG, fail_login, fail_logins_elsewhere, lock_seconds, locked,
};
use crudauth_tests::{App, AppBuilder, Kind, PASSWORD, Setting, on_every_database};
use poem::http::Method;
use serde_json::json;

/// Locks an account for unknown devices after so many consecutive failures.
struct Consecutive(u32);

impl Setting for Consecutive {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.lockout(LockoutConfig::default().max_consecutive(self.0))
    }
}

/// Allows so many failures from one network.
struct Office(u32);

impl Setting for Office {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.lockout(LockoutConfig::default().max_network_failures(self.0))
    }
}

async fn app() -> App {
    App::on(Kind::Sqlite).await
}

fn turn(app: &App, seconds: u64) {
    app.clock.advance(Duration::from_secs(seconds));
}

on_every_database! {
    async fn the_sixth_attempt_after_five_failures_is_locked_out(app: App) {
        app.register("ada").await;
        let browser = app.browser();
        fail_login(&browser, "ada", 5).await;
        assert_eq!(locked(&browser.login("ada", PASSWORD).await), 60, "the right one, too");
        turn(&app, 59);
        assert_eq!(locked(&browser.login("ada", PASSWORD).await), 1);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users_sessions").await, 0);
        turn(&app, 1);
        assert_eq!(browser.login("ada", PASSWORD).await.status, 200);
    }

    async fn locks_double_up_to_one_hour(app: App) {
        let browser = app.browser();
        for seconds in [60, 120, 240, 480, 960, 1920, 3600] {
            fail_login(&browser, "unknown", 5).await;
            assert_eq!(lock_seconds(&browser, "unknown").await, seconds);
            turn(&app, seconds);
        }
    }

    async fn failures_count_across_all_identifiers_of_an_account(app: App) {
        app.register("Alice").await;
        for name in ["alice", "alice@example.com", "ALICE", "Alice@Example.COM", "\u{ff41}lice"] {
            fail_login(&app.browser(), name, 1).await;
        }
        for name in ["alice", "ALICE@example.com", "aLiCe"] {
            assert_eq!(locked(&app.browser().login(name, PASSWORD).await), 60, "{name}");
        }
    }

    async fn a_success_clears_the_account_and_refunds_only_its_own_failures_to_the_address(app: App) {
        app.register("ada").await;
        let office = app.browser();
        fail_login(&office, "ada", 2).await;
        fail_login(&office, "eve", 2).await;
        assert_eq!(office.login("ada@example.com", PASSWORD).await.status, 200);
        office.drop_cookie("known_device");
        // Two failures are still counted at the address, so three remain.
        fail_login(&office, "cyd", 3).await;
        lock_seconds(&office, "dan").await;
        // The account has no failures, by any identifier.
        fail_logins_elsewhere(&app, "ada", 4).await;
        fail_logins_elsewhere(&app, "ada@example.com", 1).await;
        lock_seconds(&app.browser(), "ada").await;
    }

    async fn retry_after_is_the_same_whether_or_not_an_owner_signs_in_elsewhere(app: App) {
        app.register("ada").await;
        for seconds in [60, 120, 240] {
            for name in ["ada", "unknown"] {
                fail_logins_elsewhere(&app, name, 4).await;
                assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
                fail_logins_elsewhere(&app, name, 1).await;
                assert_eq!(lock_seconds(&app.browser(), name).await, seconds, "{name}");
                turn(&app, seconds);
                assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
            }
        }
    }

    async fn paced_guesses_lock_unknown_devices_out_and_no_known_one(app: App) {
        let app = App::over(app.database.clone(), Consecutive(12)).await;
        let laptop = app.member("ada").await;
        for _ in 0..3 {
            fail_logins_elsewhere(&app, "ada", 4).await;
            turn(&app, 61);
        }
        let month = 30 * 24 * 3600;
        assert_eq!(locked(&app.browser().login("ada", PASSWORD).await), month);
        assert_eq!(locked(&app.browser().login("ada@example.com", PASSWORD).await), month);
        assert_eq!(laptop.login("ada", PASSWORD).await.status, 200);
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200, "the owner was there");
    }

    async fn a_reset_lifts_the_lock_of_paced_guesses(app: App) {
        let app = App::over(app.database.clone(), Consecutive(4)).await;
        app.register("ada").await;
        fail_logins_elsewhere(&app, "ada", 4).await;
        lock_seconds(&app.browser(), "ada").await;
        let token = app.reset_token("ada@example.com").await;
        let body = json!({ "token": token, "new_password": "another-strong-one" });
        assert_eq!(app.browser().post("/password/reset-confirm", body).await.status, 200);
        assert_eq!(app.browser().login("ada", "another-strong-one").await.status, 200);
    }

    async fn an_administrator_lifts_a_lock(app: App) {
        let app = App::over(app.database.clone(), Consecutive(4)).await;
        app.register("ada").await;
        fail_logins_elsewhere(&app, "ada", 4).await;
        lock_seconds(&app.browser(), "ada").await;
        let accounts = app.auth.accounts();
        let ada = accounts.find_by_identifier("ada").await.unwrap().unwrap();
        accounts.lift_lockout(&ada).await.unwrap();
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
    }

    async fn an_office_may_have_more_failures_than_an_account(app: App) {
        let app = App::over(app.database.clone(), Office(20)).await;
        app.register("ada").await;
        let office = app.browser();
        for person in 0..10 {
            fail_login(&office, &format!("name{person}"), 2).await;
        }
        lock_seconds(&office, "another").await;
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
        let elsewhere = app.browser();
        fail_login(&elsewhere, "ada", 5).await;
        lock_seconds(&elsewhere, "ada").await;
    }

    async fn a_password_reset_lifts_account_locks_but_not_address_locks(app: App) {
        app.register("ada").await;
        let office = app.browser();
        fail_login(&office, "ada", 5).await;
        lock_seconds(&office, "ada").await;
        lock_seconds(&app.browser(), "ada@example.com").await;
        let token = app.reset_token("ada@example.com").await;
        let body = json!({ "token": token, "new_password": "another-strong-one" });
        assert_eq!(app.browser().post("/password/reset-confirm", body).await.status, 200);
        for name in ["ada", "ada@example.com"] {
            assert_eq!(app.browser().login(name, "another-strong-one").await.status, 200);
        }
        lock_seconds(&office, "another").await;
    }

    async fn a_lock_survives_a_restart(app: App) {
        fail_logins_elsewhere(&app, "unknown", 5).await;
        let again = app.restarted().await;
        assert!(lock_seconds(&again.browser(), "unknown").await >= 59);
        assert!(lock_seconds(&app.restarted().await.browser(), "unknown").await >= 30);
    }
}

/// Allows three sign-ins a minute of one account from one network.
struct Seldom;

impl Setting for Seldom {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        let limit = RateLimit::new(3, Duration::from_mins(1));
        builder.rate_limits(RateLimits::default().set(rate_limit::SIGN_IN, limit))
    }
}

#[tokio::test]
async fn an_account_that_signs_in_too_often_from_one_network_waits() {
    let app = App::with(Kind::Sqlite, Seldom).await;
    app.register("ada").await;
    let office = app.browser();
    for _ in 0..3 {
        assert_eq!(office.login("ada", PASSWORD).await.status, 200);
    }
    let answer = office.login("ada", PASSWORD).await;
    assert_eq!((answer.status, answer.code().as_str()), (429, "too-many-sign-ins"), "{answer:?}");
    assert_eq!(answer.header("retry-after").unwrap(), "60");
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
    assert_eq!(office.login("ada", WRONG).await.status, 401, "only the right password is told");
    assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
    turn(&app, 60);
    assert_eq!(office.login("ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn an_account_with_a_reused_key_inherits_no_lock() {
    let app = app().await;
    let ada = app.member("ada").await;
    let id = ada.id().await;
    fail_logins_elsewhere(&app, "ada", 5).await;
    lock_seconds(&app.browser(), "ada").await;
    app.auth.accounts().delete(&id).await.unwrap();
    app.register("eve").await;
    app.database.execute(&format!("UPDATE users SET id = {id}")).await;
    assert_eq!(app.browser().login("eve", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_success_does_not_reset_the_escalation_of_the_address() {
    let app = app().await;
    app.register("ada").await;
    let office = app.browser();
    fail_login(&office, "eve", 5).await;
    assert_eq!(lock_seconds(&office, "eve").await, 60);
    assert_eq!(locked(&office.login("ada", PASSWORD).await), 60, "the address is locked");
    turn(&app, 60);
    fail_login(&office, "ada", 1).await;
    assert_eq!(office.login("ada", PASSWORD).await.status, 200);
    office.drop_cookie("known_device");
    fail_login(&office, "cyd", 5).await;
    assert_eq!(lock_seconds(&office, "dan").await, 120);
}

#[tokio::test]
async fn malformed_attempts_are_not_counted() {
    let app = app().await;
    let browser = app.browser();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for _ in 0..6 {
        for body in ["username=unknown", "username=unknown&password=", "password=x&username="] {
            let answer = browser.send(Method::POST, "/login", &form, body.into()).await;
            assert_eq!(answer.status, 422);
        }
        let cross = [("sec-fetch-site", "cross-site")];
        assert_eq!(browser.login_with("unknown", WRONG, &[], &cross).await.status, 403);
    }
    fail_login(&browser, "unknown", 5).await;
}

#[tokio::test]
async fn the_last_allowed_attempt_succeeds() {
    let app = app().await;
    app.register("ada").await;
    let browser = app.browser();
    for _ in 0..3 {
        fail_login(&browser, "ada", 4).await;
        assert_eq!(browser.login("ada", PASSWORD).await.status, 200);
        browser.drop_cookie("known_device");
    }
}
