//! Rate limits: each limit, the client or account it counts, and its headers.

use std::time::Duration;

use crudauth::Clock;
use crudauth::email::MessageKind;
use crudauth_tests::{
    Answer, App, Browser, FRONTEND, Kind, PASSWORD, Unlimited, concurrently, count_status,
    on_every_database, sign_up,
};
use poem::http::Method;
use serde_json::json;

const NEW: &str = "another-strong-one";

async fn app() -> App {
    App::on(Kind::Sqlite).await
}

fn advance(app: &App, seconds: u64) {
    app.clock.advance(Duration::from_secs(seconds));
}

async fn request_reset(browser: &Browser, name: &str) -> Answer {
    browser.post("/password/reset-request", json!({ "email": format!("{name}@example.com") })).await
}

/// The `X-RateLimit-Limit` and `X-RateLimit-Remaining` headers.
fn limit_headers(answer: &Answer) -> (Option<&str>, Option<&str>) {
    (answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining"))
}

/// Asserts a 429 and returns its `Retry-After` in seconds.
fn retry_after(answer: &Answer) -> u64 {
    assert_eq!((answer.status, answer.code().as_str()), (429, "too-many-requests"), "{answer:?}");
    assert_eq!(answer.detail(), "Too many requests. Try again later.");
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"));
    answer.header("retry-after").unwrap().parse().unwrap()
}

/// The limited routes with their limits.
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

async fn use_route(browser: &Browser, path: &str, at: usize) -> Answer {
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
async fn every_limited_route_reports_the_remainder_and_then_rejects_for_an_hour() {
    for (path, times) in LIMITED {
        let app = app().await;
        let ada = app.member("ada").await;
        let has_headers = !path.ends_with("-confirm");
        for at in 0..times {
            let answer = use_route(&ada, path, at).await;
            assert_ne!(answer.status, 429, "{path}, use {}", at + 1);
            if has_headers {
                let limit = times.to_string();
                let left = (times - at - 1).to_string();
                assert_eq!(
                    limit_headers(&answer),
                    (Some(&*limit), Some(&*left)),
                    "{path}: {answer:?}"
                );
            }
        }
        let late = use_route(&ada, path, times).await;
        assert_eq!(retry_after(&late), 3600, "{path}");
        assert_eq!(late.header("x-ratelimit-limit"), Some(&*times.to_string()), "{path}");
        let elsewhere = app.browser();
        assert_ne!(
            use_route(&elsewhere, path, times + 1).await.status,
            429,
            "{path}: another client"
        );
    }
}

#[tokio::test]
async fn account_limits_hold_across_sessions_and_addresses_but_not_accounts() {
    for (path, times) in
        [("/change-password", 5), ("/set-password", 5), ("/email/change-request", 3)]
    {
        let app = app().await;
        let ada = app.member("ada").await;
        let eve = app.member("eve").await;
        // Rejected requests count as well.
        let wrong = json!({ "current_password": "wrong", "new_password": NEW,
            "new_email": "x@example.com", "password": "wrong" });
        for _ in 0..times {
            let phone = app.signed_in("ada", PASSWORD).await;
            assert_ne!(phone.post(path, wrong.clone()).await.status, 429, "{path}");
            phone.post("/logout", json!({})).await;
        }
        assert_eq!(retry_after(&use_route(&ada, path, 0).await), 3600, "{path}");
        assert_ne!(use_route(&eve, path, 0).await.status, 429, "{path}");
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200, "nothing changed");
    }
}

#[tokio::test]
async fn an_account_with_a_reused_key_has_limits_of_its_own() {
    let app = app().await;
    let ada = app.member("ada").await;
    let id = ada.id().await;
    for _ in 0..5 {
        assert_eq!(ada.change_password("wrong", NEW).await.status, 401);
    }
    assert_eq!(ada.change_password("wrong", NEW).await.status, 429);
    app.auth.accounts().delete(&id).await.unwrap();
    app.register("eve").await;
    app.database.execute(&format!("UPDATE users SET id = {id}")).await;
    let eve = app.signed_in("eve", PASSWORD).await;
    assert_eq!(eve.change_password("wrong", NEW).await.status, 401);
}

#[tokio::test]
async fn cross_site_requests_consume_no_limit() {
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
async fn malformed_forms_consume_no_account_limit() {
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
async fn a_sign_up_counts_when_valid_and_a_mail_request_before_it_is_read() {
    let app = app().await;
    let browser = app.browser();
    for _ in 0..6 {
        let mut form = sign_up("ada");
        form["password"] = json!("short");
        let answer = browser.post("/register", form).await;
        assert_eq!((answer.status, limit_headers(&answer)), (422, (None, None)));
        assert_eq!(browser.post("/register", json!({ "email": "x" })).await.status, 422);
    }
    app.register("ada").await;
    for left in ["4", "3", "2", "1", "0"] {
        let mut taken = sign_up("eve");
        taken["username"] = json!("ada");
        let answer = browser.post("/register", taken).await;
        assert_eq!(
            (answer.status, limit_headers(&answer).1),
            (422, Some(left)),
            "a taken name counts"
        );
    }
    retry_after(&browser.post("/register", sign_up("bob")).await);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 1);
    for left in ["4", "3", "2", "1", "0"] {
        let answer = browser.post("/email/verify-request", json!({})).await;
        assert_eq!((answer.status, limit_headers(&answer).1), (422, Some(left)));
    }
    retry_after(&browser.post("/email/verify-request", json!({})).await);
}

#[tokio::test]
async fn one_address_gets_five_links_an_hour_and_the_answer_hides_it() {
    let app = app().await;
    app.register("ada").await;
    let first = request_reset(&app.browser(), "ada").await;
    for _ in 0..6 {
        let answer = request_reset(&app.browser(), "ADA").await;
        assert_eq!(answer.comparable(), first.comparable());
    }
    let count = async |kind| app.mail_count(kind, "ada@example.com").await;
    assert_eq!(count(MessageKind::ResetPassword).await, 5);
    // The mail of the sign-up counts.
    for _ in 0..6 {
        let body = json!({ "email": "ada@example.com" });
        assert_eq!(app.browser().post("/email/verify-request", body).await.status, 200);
    }
    assert_eq!(count(MessageKind::VerifyEmail).await, 5);
    advance(&app, 3600);
    request_reset(&app.browser(), "ada").await;
    assert_eq!(count(MessageKind::ResetPassword).await, 6);
}

/// Messages of every kind to this address.
async fn mails_to(app: &App, address: &str) -> usize {
    app.auth.drained().await;
    app.outbox.messages().iter().filter(|mail| mail.to.as_str() == address).count()
}

#[tokio::test]
async fn an_unproved_address_has_one_budget_over_all_kinds_of_messages() {
    let app = app().await;
    let address = "ada@example.com";
    // A stranger signs up with the address, and makes it get what an account can make it get.
    let stranger = app.member("ada").await;
    for at in 0..7 {
        for path in ["/email/verify-request", "/password/reset-request"] {
            app.browser().post(path, json!({ "email": address })).await;
        }
        app.register("ada").await;
        let new = json!({ "new_email": format!("new{at}@example.com"), "password": PASSWORD });
        stranger.post("/email/change-request", new).await;
        stranger.change_password(PASSWORD, PASSWORD).await;
    }
    // Ten, and one link of each kind beyond them, so that an owner is not kept from it.
    assert_eq!(mails_to(&app, address).await, 12);
    app.clock.advance(Duration::from_secs(3600));
    app.browser().post("/email/verify-request", json!({ "email": address })).await;
    assert_eq!(mails_to(&app, address).await, 13);
}

/// Signs up with an address under a new name.
async fn sign_up_with(app: &App, address: &str, n: u32) {
    let body = json!({ "email": address, "username": format!("name{n}"), "password": PASSWORD });
    assert_eq!(app.browser().post("/register", body).await.status, 202);
}

#[tokio::test]
async fn other_messages_keep_no_reset_link_from_an_owner() {
    let app = app().await;
    let address = "ada@example.com";
    app.register("ada").await;
    for n in 0..7 {
        app.browser().post("/email/verify-request", json!({ "email": address })).await;
        sign_up_with(&app, address, n).await;
    }
    assert_eq!(mails_to(&app, address).await, 10);
    let token = app.reset_token(address).await;
    app.browser().post("/password/reset-request", json!({ "email": address })).await;
    assert_eq!(mails_to(&app, address).await, 11, "the owner has a link that lives");
    let body = json!({ "token": token, "new_password": NEW });
    assert_eq!(app.browser().post("/password/reset-confirm", body).await.status, 200);
}

#[tokio::test]
async fn a_proved_address_gets_every_notice_of_a_change() {
    let app = app().await;
    let address = "ada@example.com";
    app.register("ada").await;
    let token = app.token(MessageKind::VerifyEmail, address).await;
    let body = json!({ "token": token });
    assert_eq!(app.browser().post("/email/verify-confirm", body).await.status, 200);
    let ada = app.signed_in("ada", PASSWORD).await;
    for n in 0..7 {
        app.browser().post("/password/reset-request", json!({ "email": address })).await;
        sign_up_with(&app, address, n).await;
    }
    assert!(mails_to(&app, address).await >= 10);
    assert_eq!(ada.change_password(PASSWORD, NEW).await.status, 200);
    assert_eq!(app.mail_count(MessageKind::PasswordChanged, address).await, 1);
}

#[tokio::test]
async fn one_new_address_gets_three_links_an_hour_from_all_accounts_together() {
    let app = app().await;
    let mut details = Vec::new();
    for at in 0..5 {
        let member = app.member(&format!("name{at}")).await;
        let body = json!({ "new_email": "victim@example.org", "password": PASSWORD });
        details.push(member.post("/email/change-request", body).await.comparable());
    }
    details.dedup();
    assert_eq!(details.len(), 1, "the answer does not change: {details:?}");
    assert_eq!(app.mail_count(MessageKind::ChangeEmail, "victim@example.org").await, 3);
}

#[tokio::test]
async fn address_changes_are_also_counted_by_network() {
    let app = app().await;
    let office = app.browser().ip;
    for (at, status) in [200, 200, 200, 429].into_iter().enumerate() {
        let member = app.member(&format!("name{at}")).await.at(&office);
        let body = json!({ "new_email": format!("new{at}@example.org"), "password": PASSWORD });
        assert_eq!(member.post("/email/change-request", body).await.status, status, "{at}");
    }
    assert_eq!(app.mail_count(MessageKind::ChangeEmail, "new3@example.org").await, 0);
}

#[tokio::test]
async fn an_ipv6_network_is_one_client() {
    let app = app().await;
    for at in 1..=5 {
        let browser = app.browser().at(&format!("2001:db8:1:2::{at}"));
        assert_eq!(request_reset(&browser, "unknown").await.status, 200);
    }
    retry_after(&request_reset(&app.browser().at("2001:db8:1:2:3:4:5:6"), "unknown").await);
    assert_eq!(request_reset(&app.browser().at("2001:db8:1:3::1"), "unknown").await.status, 200);
}

#[tokio::test]
async fn a_limit_of_zero_is_off() {
    let app = App::with(Kind::Sqlite, Unlimited).await;
    let ada = app.member("ada").await;
    for (path, times) in LIMITED.into_iter().filter(|(_, times)| *times < 30) {
        for at in 0..times + 2 {
            // A successful password change would revoke the next session.
            let path = if path == "/change-password" { "/set-password" } else { path };
            let answer = use_route(&ada, path, at).await;
            assert_ne!(answer.status, 429, "{path}");
            assert_eq!(limit_headers(&answer), (None, None), "{path}");
        }
    }
    for _ in 0..7 {
        request_reset(&app.browser(), "ada").await;
    }
    assert_eq!(app.mail_count(MessageKind::ResetPassword, "ada@example.com").await, 7);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users_rate_limits").await, 0);
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

    async fn twenty_concurrent_requests_for_one_address_send_five_mails(app: App) {
        app.register("ada").await;
        concurrently((0..20).map(|_| {
            let browser = app.browser();
            async move { request_reset(&browser, "ada").await }
        }))
        .await;
        assert_eq!(app.mail_count(MessageKind::ResetPassword, "ada@example.com").await, 5);
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

#[tokio::test]
async fn csrf_refreshes_without_a_session_do_not_count_for_the_network() {
    let app = app().await;
    let ada = app.member("ada").await;
    let neighbour = app.browser().at(&ada.ip);
    for _ in 0..31 {
        assert_eq!(neighbour.post("/csrf/refresh", json!({})).await.status, 401);
    }
    let answer = ada.post("/csrf/refresh", json!({})).await;
    assert_eq!((answer.status, limit_headers(&answer).1), (200, Some("29")));
}
