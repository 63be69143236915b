//! The lockout: allowed failures, duration of locks, and sign-ins during a lock.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crudauth::{Backend, LockoutConfig, RateLimit, RateLimits, rate_limit};
use crudauth_tests::failed_logins::{
    WRONG, fail_login, fail_logins_elsewhere, lock_seconds, locked,
};
use crudauth_tests::{App, AppBuilder, Kind, PASSWORD, Setting, on_every_database};
use poem::http::Method;
use poem::listener::{Acceptor, Listener, TcpListener};
use poem::{EndpointExt, Route, Server};
use serde_json::json;

/// Trusts no proxy.
struct NoProxy;

impl Setting for NoProxy {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.trusted_proxy_hops(0)
    }
}

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
async fn spellings_of_an_unknown_name_share_one_counter() {
    let app = app().await;
    for names in [
        ["nobody", "NOBODY", "NoBody", "\u{ff2e}obody", "nobod\u{ff39}", "nobody"],
        [
            "no@example.com",
            "NO@EXAMPLE.COM",
            " no@example.com",
            "no@Example.com\t",
            "nO@example.com",
            "no@example.com",
        ],
        ["caf\u{e9}", "cafe\u{301}", "CAF\u{c9}", "CAFE\u{301}", "\u{ff43}af\u{e9}", "caf\u{e9}"],
        ["no name", "NO NAME", " no name", "no name ", "No Name", "no name"],
    ] {
        let (last, first) = names.split_last().unwrap();
        for name in first {
            fail_login(&app.browser(), name, 1).await;
        }
        lock_seconds(&app.browser(), last).await;
    }
}

#[tokio::test]
async fn spellings_of_an_address_share_one_counter() {
    let app = app().await;
    for spellings in [
        [
            "2001:db8:1:2::1",
            "2001:db8:1:2:ffff::",
            "2001:DB8:1:2::3",
            "[2001:db8:1:2::4]:443",
            "2001:0db8:0001:0002:0:0:0:5",
            "2001:db8:1:2::6",
        ],
        [
            "198.51.100.7",
            "::ffff:198.51.100.7",
            "198.51.100.7:4711",
            "::FFFF:c633:6407",
            "6.6.6.6, 198.51.100.7",
            "198.51.100.7",
        ],
    ] {
        let (last, first) = spellings.split_last().unwrap();
        for (at, ip) in first.iter().enumerate() {
            fail_login(&app.browser().at(ip), &format!("{at}-{last}"), 1).await;
        }
        lock_seconds(&app.browser().at(last), "another").await;
    }
    fail_login(&app.browser().at("2001:db8:1:3::1"), "another", 1).await;
    fail_login(&app.browser().at("198.51.100.8"), "another", 1).await;
}

/// Sends a wrong password over a socket with one more header and returns the status.
fn knock(address: SocketAddr, name: &str, header: &str) -> u16 {
    let mut socket = TcpStream::connect(address).unwrap();
    let body = format!("username={name}&password={WRONG}");
    let head = format!(
        "POST /login HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{header}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all((head + &body).as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer["HTTP/1.1 ".len()..][..3].parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_trusted_proxy_headers_do_not_change_the_client() {
    let app = App::with(Kind::Sqlite, NoProxy).await;
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
    let address = *acceptor.local_addr().remove(0).as_socket_addr().unwrap();
    let routes = app.auth.mount(Route::new()).with(app.auth.clone());
    let server = tokio::spawn(Server::new_with_acceptor(acceptor).run(routes));
    for (at, header) in [
        "x-forwarded-for: 192.0.2.1",
        "x-forwarded-for: 192.0.2.2, 192.0.2.3",
        "forwarded: for=192.0.2.4",
        "x-real-ip: 192.0.2.5",
        "x-forwarded-for: 127.0.0.1",
    ]
    .into_iter()
    .enumerate()
    {
        let fail_login =
            tokio::task::spawn_blocking(move || knock(address, &format!("n{at}"), header));
        assert_eq!(fail_login.await.unwrap(), 401, "{header}");
    }
    let forged = "x-forwarded-for: 192.0.2.9";
    let late = tokio::task::spawn_blocking(move || knock(address, "another", forged));
    assert_eq!(late.await.unwrap(), 429);
    server.abort();
}

#[tokio::test]
async fn clients_without_an_address_do_not_lock_each_other_out() {
    let app = App::with(Kind::Sqlite, NoProxy).await;
    app.register("ada").await;
    for at in 0..8 {
        fail_login(&app.browser(), &format!("name{at}"), 1).await;
    }
    fail_login(&app.browser(), "eve", 5).await;
    lock_seconds(&app.browser(), "eve").await;
    assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
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
