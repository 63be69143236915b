//! Refresh tokens: each is valid once, and reuse revokes the family.

use std::time::Duration;

use crudauth_tests::tokens::{Pair, Setup, in_cookie};
use crudauth_tests::{
    Answer, App, Kind, Log, PASSWORD, concurrently, count_status, on_every_database,
};
use poem::http::Method;
use serde_json::json;

const MANY: usize = 64;

fn assert_rejected(answer: &Answer) {
    let outcome = (answer.status, &*answer.detail());
    assert_eq!(outcome, (401, "Invalid or expired refresh token"), "{answer:?}");
}

/// Sends the same token from many addresses at once.
async fn from_many(app: &App, token: &str) -> Vec<Answer> {
    let jobs: Vec<_> = (0..MANY)
        .map(|_| {
            let browser = app.browser();
            let token = token.to_owned();
            async move { browser.refresh(&token).await }
        })
        .collect();
    concurrently(jobs).await
}

on_every_database! {
    async fn a_refresh_token_is_exchanged_once_for_a_new_pair(app: App) {
        let app = app.with_tokens().await;
        let first = app.program("ada").await;
        let answer = app.browser().refresh(&first.refresh).await;
        assert_eq!((answer.header("cache-control"), answer.set_cookies()), (Some("no-store"), vec![]));
        let next = Pair::of(&answer);
        assert!(next.refresh != first.refresh && next.access != first.access);
        assert!(app.browser().accepts(&next.access).await);
        assert!(app.browser().accepts(&first.access).await, "it works on until it expires");
        let third = Pair::of(&app.browser().refresh(&next.refresh).await);
        assert!(app.browser().accepts(&third.access).await);
    }

    async fn a_stolen_token_used_first_is_revoked_at_the_owners_next_use(app: App) {
        let app = app.with_tokens().await;
        let owner = app.program("ada").await;
        let thief = Pair::of(&app.browser().refresh(&owner.refresh).await);
        assert!(app.browser().accepts(&thief.access).await);
        assert_rejected(&app.browser().refresh(&owner.refresh).await);
        assert!(!app.browser().accepts(&thief.access).await, "the thief is out at once");
        assert_rejected(&app.browser().refresh(&thief.refresh).await);
        assert!(!app.browser().accepts(&owner.access).await);
    }

    async fn a_stolen_token_used_second_gains_nothing(app: App) {
        let app = app.with_tokens().await;
        let stolen = app.program("ada").await;
        let owner = Pair::of(&app.browser().refresh(&stolen.refresh).await);
        let other = app.pair("ada").await;
        assert_rejected(&app.browser().refresh(&stolen.refresh).await);
        assert!(!app.browser().accepts(&owner.access).await, "the family is revoked");
        assert_rejected(&app.browser().refresh(&owner.refresh).await);
        assert!(app.browser().accepts(&other.access).await, "other sign-ins are unaffected");
        Pair::of(&app.browser().refresh(&other.refresh).await);
    }

    async fn concurrent_refreshes_succeed_once(app: App) {
        let app = app.with_tokens().await;
        let pair = app.program("ada").await;
        let answers = from_many(&app, &pair.refresh).await;
        assert_eq!((count_status(&answers, 200), count_status(&answers, 401)), (1, MANY - 1), "{answers:?}");
    }

    async fn a_retry_within_the_leeway_gets_the_same_successor(app: App) {
        let mut setup = Setup::default();
        setup.bearer.grace = Some(Duration::from_secs(10));
        let app = app.all(setup).await.1;
        let pair = app.program("ada").await;
        let answers = from_many(&app, &pair.refresh).await;
        assert_eq!(count_status(&answers, 200), MANY, "{answers:?}");
        let successors: Vec<_> = answers.iter().map(|answer| Pair::of(answer).refresh).collect();
        assert!(successors.windows(2).all(|pair| pair[0] == pair[1]));
        app.clock.advance(Duration::from_secs(9));
        assert_eq!(Pair::of(&app.browser().refresh(&pair.refresh).await).refresh, successors[0]);
        app.clock.advance(Duration::from_secs(1));
        assert_rejected(&app.browser().refresh(&pair.refresh).await);
        assert_rejected(&app.browser().refresh(&successors[0]).await);
    }

    async fn each_use_extends_up_to_the_absolute_timeout(app: App) {
        let day = Duration::from_secs(86400);
        let mut setup = Setup::default();
        setup.bearer.absolute_timeout = Some(40 * day);
        let app = app.all(setup).await.1;
        let mut pair = app.program("ada").await;
        app.clock.advance(29 * day);
        pair = Pair::of(&app.browser().refresh(&pair.refresh).await);
        app.clock.advance(10 * day);
        pair = Pair::of(&app.browser().refresh(&pair.refresh).await);
        app.clock.advance(day);
        assert!(!app.browser().accepts(&pair.access).await);
        assert_rejected(&app.browser().refresh(&pair.refresh).await);

        let unused = app.pair("ada").await;
        app.clock.advance(30 * day);
        assert_rejected(&app.browser().refresh(&unused.refresh).await);
    }
}

#[tokio::test]
async fn token_reuse_is_logged() {
    let log = Log::listen();
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let pair = app.program("ada").await;
    app.browser().refresh(&pair.refresh).await;
    assert_eq!(log.count("WARN"), 0, "{}", log.text());
    app.browser().refresh(&pair.refresh).await;
    assert_eq!(log.count("refresh token reused"), 1, "{}", log.text());
}

#[tokio::test]
async fn a_second_refresh_within_the_grace_period_is_logged() {
    let log = Log::listen();
    let (_, app) = App::on(Kind::Sqlite).await.all(in_cookie()).await;
    app.register("ada").await;
    let browser = app.browser();
    Pair::of(&browser.request_token("ada", PASSWORD, None).await);
    let tab = browser.stolen();
    Pair::of(&browser.post("/refresh", json!({})).await);
    assert_eq!(log.count("sent again within the grace period"), 0);
    app.clock.advance(Duration::from_secs(9));
    Pair::of(&tab.post("/refresh", json!({})).await);
    assert_eq!(log.count("sent again within the grace period"), 1, "{}", log.text());
    assert_eq!(log.count("WARN"), 0, "{}", log.text());
}

#[tokio::test]
async fn any_body_is_answered() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let pair = app.program("ada").await;
    let json = [("content-type", "application/json")];
    let send = async |body: &[u8]| {
        let answer = app.browser().send(Method::POST, "/refresh", &json, body.to_vec()).await;
        (answer.status, answer.detail())
    };
    let missing = "Refresh token missing";
    let invalid = "Invalid or expired refresh token";
    for body in [
        &b""[..],
        b"{}",
        b"[]",
        b"null",
        b"\"x\"",
        b"{",
        b"\xff",
        br#"{"refresh_token":null}"#,
        br#"{"refresh_token":""}"#,
        br#"{"Refresh_Token":"x"}"#,
        b"refresh_token=x",
    ] {
        assert_eq!(send(body).await, (401, missing.to_owned()), "{body:?}");
    }
    let upper = pair.refresh.to_uppercase();
    for value in [
        "\"junk\"",
        "3",
        "true",
        "[\"x\"]",
        r#""\ud800""#,
        r#""\u0000""#,
        &json!(pair.access).to_string(),
        &json!(upper).to_string(),
        &json!(format!("{} ", pair.refresh)).to_string(),
        &json!("x".repeat(60_000)).to_string(),
    ] {
        let body = format!(r#"{{"refresh_token":{value}}}"#);
        assert_eq!(send(body.as_bytes()).await, (401, invalid.to_owned()), "{value:.80}");
    }
    let twice = format!(r#"{{"refresh_token":"x","refresh_token":"{}"}}"#, pair.refresh);
    assert_eq!(send(twice.as_bytes()).await.0, 401);
    assert_eq!(send(&vec![b' '; 20 << 20]).await.0, 413);
    let body = json!({ "refresh_token": pair.refresh }).to_string().into_bytes();
    let answer = app.browser().send(Method::POST, "/refresh", &[], body).await;
    assert_eq!(answer.status, 200, "any content type: {answer:?}");
}

#[tokio::test]
async fn body_mode_reads_the_body_only() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let pair = app.program("ada").await;
    let browser = app.browser();
    browser.set_cookie("refresh_token", &pair.refresh);
    let answer = browser.post("/refresh", json!({})).await;
    assert_eq!(answer.detail(), "Refresh token missing");
    let answer = browser.post(&format!("/refresh?refresh_token={}", pair.refresh), json!({})).await;
    assert_eq!(answer.detail(), "Refresh token missing");
    browser.set_cookie("refresh_token", "junk");
    assert_eq!(browser.refresh(&pair.refresh).await.status, 200, "a cookie is ignored");
}

#[tokio::test]
async fn junk_is_rate_limited_and_a_valid_token_is_not() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let mut pair = app.program("ada").await;
    let browser = app.browser();
    for _ in 0..30 {
        assert_rejected(&browser.refresh("junk").await);
        pair = Pair::of(&browser.refresh(&pair.refresh).await);
    }
    let answer = browser.refresh("junk").await;
    assert_eq!((answer.status, &*answer.code()), (429, "too-many-requests"));
    assert!(answer.header("retry-after").is_some());
    Pair::of(&browser.refresh(&pair.refresh).await);
    assert_rejected(&app.browser().refresh("junk").await);
}

#[tokio::test]
async fn a_token_of_another_user_table_is_invalid() {
    const OTHER: &str = "another-secret-for-tests-of-32-bytes-or-more";
    let app = App::on(Kind::Sqlite).await;
    let here = app.with_tokens().await;
    let there = app.all(Setup { secret: OTHER, ..Setup::default() }).await.1;
    let pair = here.program("ada").await;
    assert_rejected(&there.browser().refresh(&pair.refresh).await);
    assert!(!there.browser().accepts(&pair.access).await);
    Pair::of(&here.browser().refresh(&pair.refresh).await);
}

#[tokio::test]
async fn refreshing_does_not_extend_the_absolute_timeout() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let mut pair = app.program("ada").await;
    for _ in 0..4 {
        app.clock.advance(20 * DAY);
        pair = Pair::of(&app.browser().refresh(&pair.refresh).await);
    }
    app.clock.advance(10 * DAY - Duration::from_secs(1));
    let last = app.browser().refresh(&pair.refresh).await;
    assert_eq!(last.json()["expires_in"], 1);
    app.clock.advance(Duration::from_secs(1));
    assert_rejected(&app.browser().refresh(&Pair::of(&last).refresh).await);
}

#[tokio::test]
async fn a_new_absolute_timeout_applies_to_existing_sign_ins() {
    let mut endless = Setup::default();
    endless.bearer = endless.bearer.absolute_timeout(None);
    let (_, before) = App::on(Kind::Sqlite).await.all(endless).await;
    let hundred_days = Duration::from_secs(100 * 24 * 3600 / 5);
    let (mut pair, other) = (before.program("ada").await, before.pair("ada").await);
    let mut third = before.pair("ada").await;
    for _ in 0..5 {
        before.clock.advance(hundred_days);
        pair = Pair::of(&before.browser().refresh(&pair.refresh).await);
        third = Pair::of(&before.browser().refresh(&third.refresh).await);
    }
    let third = Pair::of(&before.browser().refresh(&third.refresh).await);
    let after = before.with_tokens().await;
    assert!(!after.browser().accepts(&third.access).await, "its sign-in has ended");
    assert_eq!(after.database.number("SELECT COUNT(*) FROM users_token_families").await, 2);
    assert_rejected(&after.browser().refresh(&pair.refresh).await);
    assert_rejected(&after.browser().refresh(&other.refresh).await);
}

#[tokio::test]
async fn a_cross_site_page_cannot_use_up_the_refreshes_of_its_visitors() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let visitor = app.browser();
    let refresh = async |headers: &[(&str, &str)]| {
        let headers = [&[("content-type", "application/json")], headers].concat();
        let body = json!({ "refresh_token": "unknown" }).to_string().into_bytes();
        visitor.send(Method::POST, "/refresh", &headers, body).await
    };
    let stranger = [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")];
    for _ in 0..30 {
        assert_rejected(&refresh(&stranger).await);
    }
    assert_eq!(refresh(&stranger).await.status, 429);
    for _ in 0..30 {
        assert_rejected(&refresh(&[]).await);
    }
    assert_eq!(refresh(&[]).await.status, 429, "the limit is the same");
}
