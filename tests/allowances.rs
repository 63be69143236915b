//! Allowances: how often a route may be asked, by whom it is counted, and what is told of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

use std::time::Duration;

use crudauth::email::MessageKind;
use crudauth::ports::Clock;
use crudauth_tests::{
    Answer, App, Browser, FRONTEND, Kind, PASSWORD, Unlimited, at_once, count_of,
    on_every_database, sign_up,
};
use poem::http::Method;
use serde_json::json;

const NEW: &str = "another-strong-one";

async fn app() -> App {
    App::on(Kind::Sqlite).await
}

fn turn(app: &App, seconds: u64) {
    app.clock.advance(Duration::from_secs(seconds));
}

async fn ask_reset(browser: &Browser, name: &str) -> Answer {
    browser.post("/password/reset-request", json!({ "email": format!("{name}@example.com") })).await
}

/// What the headers tell: the limit, and what is left of it.
fn told(answer: &Answer) -> (Option<&str>, Option<&str>) {
    (answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining"))
}

/// For how long the answer refuses.
fn refused(answer: &Answer) -> u64 {
    assert_eq!((answer.status, answer.code().as_str()), (429, "too-many-requests"), "{answer:?}");
    assert_eq!(answer.detail(), "Too many requests. Try again later.");
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"));
    answer.header("retry-after").unwrap().parse().unwrap()
}

/// The routes that are limited, with how often, and one use of each that nothing else stops.
const LIMITED: [(&str, usize); 11] = [
    ("/register", 5),
    ("/email/verify-request", 5),
    ("/password/reset-request", 5),
    ("/email/verify-confirm", 30),
    ("/password/reset-confirm", 30),
    ("/email/change-confirm", 30),
    ("/csrf/refresh", 30),
    ("/change-password", 5),
    ("/set-password", 5),
    ("/logout-all?keep_current=true", 10),
    ("/email/change-request", 3),
];

async fn use_of(browser: &Browser, path: &str, at: usize) -> Answer {
    let body = match path {
        "/register" => sign_up(&format!("name{at}")),
        "/email/verify-request" | "/password/reset-request" => {
            json!({ "email": format!("name{at}@example.com") })
        }
        "/change-password" => json!({ "current_password": PASSWORD, "new_password": NEW }),
        _ => json!({ "token": "x", "new_password": NEW, "new_email": "x@example.com",
            "password": "wrong" }),
    };
    browser.post(path, body).await
}

#[tokio::test]
async fn each_limited_route_tells_what_is_left_and_then_refuses_for_an_hour() {
    for (path, times) in LIMITED {
        let app = app().await;
        let ada = app.member("ada").await;
        let is_told = !path.ends_with("-confirm");
        for at in 0..times {
            let answer = use_of(&ada, path, at).await;
            assert_ne!(answer.status, 429, "{path}, use {}", at + 1);
            if is_told {
                let (limit, left) = (times.to_string(), (times - at - 1).to_string());
                assert_eq!(told(&answer), (Some(&*limit), Some(&*left)), "{path}: {answer:?}");
            }
        }
        let late = use_of(&ada, path, times).await;
        assert_eq!(refused(&late), 3600, "{path}");
        assert_eq!(late.header("x-ratelimit-limit"), Some(&*times.to_string()), "{path}");
        let elsewhere = app.browser();
        assert_ne!(use_of(&elsewhere, path, times + 1).await.status, 429, "{path}: another client");
    }
}

#[tokio::test]
async fn an_accounts_own_limits_hold_from_every_session_and_address_and_for_no_other_account() {
    for (path, times) in
        [("/change-password", 5), ("/set-password", 5), ("/email/change-request", 3)]
    {
        let app = app().await;
        let (ada, eve) = (app.member("ada").await, app.member("eve").await);
        // Wrong ones count as well.
        let wrong = json!({ "current_password": "wrong", "new_password": NEW,
            "new_email": "x@example.com", "password": "wrong" });
        for _ in 0..times {
            let phone = app.signed_in("ada", PASSWORD).await;
            assert_ne!(phone.post(path, wrong.clone()).await.status, 429, "{path}");
            phone.post("/logout", json!({})).await;
        }
        assert_eq!(refused(&use_of(&ada, path, 0).await), 3600, "{path}");
        assert_ne!(use_of(&eve, path, 0).await.status, 429, "{path}");
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200, "nothing changed");
    }
}

#[tokio::test]
async fn another_site_s_page_uses_up_nothing() {
    let app = app().await;
    let ada = app.member("ada").await;
    let stranger = [("sec-fetch-site", "cross-site"), ("content-type", "text/plain")];
    for path in [
        "/email/verify-request",
        "/password/reset-request",
        "/email/verify-confirm",
        "/password/reset-confirm",
        "/email/change-confirm",
        "/csrf/refresh",
    ] {
        for _ in 0..31 {
            let answer = ada.send(Method::POST, path, &stranger, b"x".to_vec()).await;
            assert_eq!((answer.status, &*answer.code()), (403, "cross-site"), "{path}");
        }
    }
    assert_eq!(ada.post("/csrf/refresh", json!({})).await.status, 200);
    let own = [
        ("sec-fetch-site", "cross-site"),
        ("origin", FRONTEND),
        ("content-type", "application/json"),
    ];
    let body = json!({ "email": "ada@example.com" }).to_string().into_bytes();
    assert_eq!(ada.send(Method::POST, "/password/reset-request", &own, body).await.status, 200);
    let token = app.reset_token("ada@example.com").await;
    let body = json!({ "token": token, "new_password": NEW });
    assert_eq!(ada.post("/password/reset-confirm", body).await.status, 200);
}

#[tokio::test]
async fn forms_that_are_none_do_not_use_up_what_an_account_may() {
    let app = app().await;
    let ada = app.member("ada").await;
    for path in ["/change-password", "/set-password"] {
        for _ in 0..6 {
            assert_eq!(ada.post(path, json!({})).await.status, 422, "{path}");
        }
    }
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    assert_eq!(ada.post("/change-password", body).await.status, 200);
}

#[tokio::test]
async fn five_uses_around_the_full_hour_do_not_become_ten() {
    let app = app().await;
    let into_the_hour = u64::try_from(app.clock.now().timestamp() % 3600).unwrap();
    let browser = app.browser();
    turn(&app, 2 * 3600 - into_the_hour - 60);
    for _ in 0..5 {
        assert_eq!(ask_reset(&browser, "nobody").await.status, 200);
    }
    turn(&app, 120);
    assert_eq!(refused(&ask_reset(&browser, "nobody").await), 3480);
    turn(&app, 3480);
    assert_eq!(ask_reset(&browser, "nobody").await.status, 200);
}

#[tokio::test]
async fn a_window_slides_over_uses_that_are_spread() {
    let app = app().await;
    let browser = app.browser();
    for _ in 0..5 {
        assert_eq!(ask_reset(&browser, "nobody").await.status, 200);
        turn(&app, 600);
    }
    // The first use was 50 minutes ago, and the others follow every 10 minutes.
    for _ in 0..3 {
        assert_eq!(refused(&ask_reset(&browser, "nobody").await), 600, "and does not count");
        turn(&app, 600);
        assert_eq!(ask_reset(&browser, "nobody").await.status, 200);
    }
    turn(&app, 3600);
    assert_eq!(told(&ask_reset(&browser, "nobody").await).1, Some("4"));
}

#[tokio::test]
async fn a_sign_up_counts_when_its_form_is_right_and_a_mail_request_before_it_is_read() {
    let app = app().await;
    let browser = app.browser();
    for _ in 0..6 {
        let mut form = sign_up("ada");
        form["password"] = json!("short");
        let answer = browser.post("/register", form).await;
        assert_eq!((answer.status, told(&answer)), (422, (None, None)));
        assert_eq!(browser.post("/register", json!({ "email": "x" })).await.status, 422);
    }
    app.register("ada").await;
    for left in ["4", "3", "2", "1", "0"] {
        let mut taken = sign_up("eve");
        taken["username"] = json!("ada");
        let answer = browser.post("/register", taken).await;
        assert_eq!((answer.status, told(&answer).1), (422, Some(left)), "a taken name counts");
    }
    refused(&browser.post("/register", sign_up("bob")).await);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 1);
    for left in ["4", "3", "2", "1", "0"] {
        let answer = browser.post("/email/verify-request", json!({})).await;
        assert_eq!((answer.status, told(&answer).1), (422, Some(left)));
    }
    refused(&browser.post("/email/verify-request", json!({})).await);
}

#[tokio::test]
async fn one_address_gets_five_links_an_hour_and_nobody_is_told() {
    let app = app().await;
    app.register("ada").await;
    let first = ask_reset(&app.browser(), "ada").await;
    for _ in 0..6 {
        let answer = ask_reset(&app.browser(), "ADA").await;
        assert_eq!(answer.looks(), first.looks());
    }
    let count = async |kind| app.count_mailed(kind, "ada@example.com").await;
    assert_eq!(count(MessageKind::ResetPassword).await, 5);
    // The sign-up's own mail counts.
    for _ in 0..6 {
        let body = json!({ "email": "ada@example.com" });
        assert_eq!(app.browser().post("/email/verify-request", body).await.status, 200);
    }
    assert_eq!(count(MessageKind::VerifyEmail).await, 5);
    turn(&app, 3600);
    ask_reset(&app.browser(), "ada").await;
    assert_eq!(count(MessageKind::ResetPassword).await, 6);
}

#[tokio::test]
async fn one_new_address_gets_three_links_an_hour_whoever_asks() {
    let app = app().await;
    let mut details = Vec::new();
    for at in 0..5 {
        let member = app.member(&format!("name{at}")).await;
        let body = json!({ "new_email": "victim@example.org", "password": PASSWORD });
        details.push(member.post("/email/change-request", body).await.looks());
    }
    details.dedup();
    assert_eq!(details.len(), 1, "the answer does not change: {details:?}");
    assert_eq!(app.count_mailed(MessageKind::ChangeEmail, "victim@example.org").await, 3);
}

#[tokio::test]
async fn changes_of_address_are_counted_by_network_as_well() {
    let app = app().await;
    let office = app.browser().ip;
    for (at, status) in [200, 200, 200, 429].into_iter().enumerate() {
        let member = app.member(&format!("name{at}")).await.at(&office);
        let body = json!({ "new_email": format!("new{at}@example.org"), "password": PASSWORD });
        assert_eq!(member.post("/email/change-request", body).await.status, status, "{at}");
    }
    assert_eq!(app.count_mailed(MessageKind::ChangeEmail, "new3@example.org").await, 0);
}

#[tokio::test]
async fn a_network_of_ipv6_is_one_client() {
    let app = app().await;
    for at in 1..=5 {
        let browser = app.browser().at(&format!("2001:db8:1:2::{at}"));
        assert_eq!(ask_reset(&browser, "nobody").await.status, 200);
    }
    refused(&ask_reset(&app.browser().at("2001:db8:1:2:3:4:5:6"), "nobody").await);
    assert_eq!(ask_reset(&app.browser().at("2001:db8:1:3::1"), "nobody").await.status, 200);
}

#[tokio::test]
async fn an_allowance_of_no_times_is_switched_off() {
    let app = App::with(Kind::Sqlite, Unlimited).await;
    let ada = app.member("ada").await;
    for (path, times) in LIMITED.into_iter().filter(|(_, times)| *times < 30) {
        for at in 0..times + 2 {
            // A right change of password would end the next one's.
            let path = if path == "/change-password" { "/set-password" } else { path };
            let answer = use_of(&ada, path, at).await;
            assert_ne!(answer.status, 429, "{path}");
            assert_eq!(told(&answer), (None, None), "{path}");
        }
    }
    for _ in 0..7 {
        ask_reset(&app.browser(), "ada").await;
    }
    assert_eq!(app.count_mailed(MessageKind::ResetPassword, "ada@example.com").await, 7);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users_rate_limits").await, 0);
}

#[tokio::test]
async fn a_counter_is_forgotten_once_it_has_run_out_and_not_before() {
    let app = app().await;
    let browser = app.browser();
    for _ in 0..5 {
        ask_reset(&browser, "nobody").await;
    }
    app.auth.drained().await;
    turn(&app, 3599);
    app.auth.purge().await.unwrap();
    refused(&ask_reset(&browser, "nobody").await);
    turn(&app, 1);
    app.auth.purge().await.unwrap();
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users_rate_limits").await, 0);
}

on_every_database! {
    async fn of_twenty_uses_at_once_exactly_five_are_allowed(app: App) {
        let browser = app.browser();
        for round in 0..2 {
            let answers = at_once((0..20).map(|_| {
                let browser = browser.clone();
                async move { ask_reset(&browser, "nobody").await }
            }))
            .await;
            let counts = (count_of(&answers, 200), count_of(&answers, 429));
            assert_eq!(counts, (5, 15), "{round}: {answers:?}");
            let allowed = answers.iter().filter(|answer| answer.status == 200);
            let mut left: Vec<_> = allowed.map(|answer| told(answer).1.unwrap()).collect();
            left.sort_unstable();
            assert_eq!(left, ["0", "1", "2", "3", "4"]);
            turn(&app, 3600);
        }
    }

    async fn of_twenty_requests_at_once_for_one_address_five_are_mailed(app: App) {
        app.register("ada").await;
        at_once((0..20).map(|_| {
            let browser = app.browser();
            async move { ask_reset(&browser, "ada").await }
        }))
        .await;
        assert_eq!(app.count_mailed(MessageKind::ResetPassword, "ada@example.com").await, 5);
    }

    async fn what_was_used_stays_used_over_a_restart(app: App) {
        let browser = app.browser();
        for at in 0..5 {
            assert_eq!(browser.post("/register", sign_up(&format!("name{at}"))).await.status, 202);
        }
        let again = browser.to(&app.restarted().await);
        assert!(refused(&again.post("/register", sign_up("more")).await) > 3500);
    }

    async fn a_window_is_to_the_second_on_this_database(app: App) {
        let browser = app.browser();
        for _ in 0..5 {
            ask_reset(&browser, "nobody").await;
            turn(&app, 1);
        }
        turn(&app, 3594);
        assert_eq!(refused(&ask_reset(&browser, "nobody").await), 1);
        turn(&app, 1);
        assert_eq!(told(&ask_reset(&browser, "nobody").await).1, Some("0"));
        assert_eq!(refused(&ask_reset(&browser, "nobody").await), 1);
    }
}
