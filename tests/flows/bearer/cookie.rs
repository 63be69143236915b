//! Refresh tokens in a cookie: where it is sent, and cross-site requests.

use std::time::Duration;

use crudauth_tests::tokens::{Pair, Setup, in_cookie};
use crudauth_tests::{
    App, Browser, Kind, Log, PASSWORD, concurrently, count_status, on_every_database,
};
use poem::http::Method;
use poem::{EndpointExt, Route};
use serde_json::json;

const CROSS_SITE: [(&str, &str); 1] = [("sec-fetch-site", "cross-site")];

async fn granted(app: &App) -> (Browser, Pair) {
    app.register("ada").await;
    let browser = app.browser();
    let answer = browser.request_token("ada", PASSWORD, None).await;
    assert_eq!(answer.json()["refresh_token"], json!(null));
    let pair = Pair::of(&answer);
    (browser, pair)
}

on_every_database! {
    async fn a_browser_refreshes_repeatedly_by_its_cookie(app: App) {
        let (_, app) = app.all(in_cookie()).await;
        let (browser, _) = granted(&app).await;
        let first = browser.cookie("refresh_token").unwrap();
        for _ in 0..3 {
            let answer = browser.post("/refresh", json!({})).await;
            assert_eq!(answer.json()["refresh_token"], json!(null), "scripts do not see it");
            assert!(browser.accepts(&Pair::of(&answer).access).await);
        }
        assert_ne!(browser.cookie("refresh_token").unwrap(), first);
        browser.set_cookie("refresh_token", &first);
        let answer = browser.post("/refresh", json!({})).await;
        assert_eq!((answer.status, &*answer.code()), (401, "invalid-refresh-token"));
    }

    async fn two_tabs_that_refresh_at_once_stay_signed_in(app: App) {
        let (_, app) = app.all(in_cookie()).await;
        let (browser, first) = granted(&app).await;
        let tabs = [browser.stolen(), browser.stolen(), browser.stolen()];
        let answers = concurrently(tabs.iter().cloned().map(|tab| async move {
            tab.post("/refresh", json!({})).await
        }))
        .await;
        assert_eq!(count_status(&answers, 200), 3, "{answers:?}");
        let successors: Vec<_> = tabs.iter().map(|tab| tab.cookie("refresh_token").unwrap()).collect();
        assert!(successors.iter().all(|one| *one == successors[0]), "one successor");
        assert_eq!(app.database.count("users_token_families").await, 1);
        for access in [first.access, Pair::of(&answers[0]).access, Pair::of(&answers[2]).access] {
            assert!(browser.accepts(&access).await);
        }
        app.clock.advance(Duration::from_secs(10));
        let answer = browser.stolen().post("/refresh", json!({})).await;
        assert_eq!((answer.status, &*answer.code()), (401, "invalid-refresh-token"));
        assert_eq!(tabs[0].post("/refresh", json!({})).await.status, 401, "the family has ended");
        assert_eq!(app.database.count("users_token_families").await, 0);
    }
}

#[tokio::test]
async fn the_refresh_cookie_is_http_only_and_limited_to_its_routes() {
    let (auth, app) = App::on(Kind::Sqlite).await.all(in_cookie()).await;
    app.register("ada").await;
    let answer = app.browser().request_token("ada", PASSWORD, None).await;
    let cookies = |lines: Vec<String>| -> Vec<String> {
        let ours = lines.into_iter().filter(|line| line.starts_with("refresh_token"));
        let of = |line: String| {
            let (pair, attributes) = line.split_once("; ").unwrap();
            format!("{}: {attributes}", pair.split_once('=').unwrap().0)
        };
        ours.map(of).collect()
    };
    let both = |mount: &str, attributes: &str| {
        let of = |name: &str, route: &str| {
            format!("{name}: HttpOnly; {attributes}; Path={mount}/{route}; SameSite=strict; Secure")
        };
        [of("refresh_token", "refresh"), of("refresh_token_logout", "logout")]
    };
    assert_eq!(cookies(answer.set_cookies()), both("", "Max-Age=2592000"));
    let answer = app.browser().post("/logout", json!({})).await;
    let gone = "expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0";
    assert_eq!(cookies(answer.set_cookies()), both("", gone));

    let nested = Route::new().nest("/accounts", auth.routes()).with(auth.clone());
    let nested = app.serving(nested.map_to_response());
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = format!("username=ada&password={PASSWORD}").into_bytes();
    let answer = nested.browser().send(Method::POST, "/accounts/token", &form, body).await;
    assert_eq!(cookies(answer.set_cookies()), both("/accounts", "Max-Age=2592000"));
}

#[tokio::test]
async fn the_hardened_refresh_cookie_has_the_host_prefix() {
    let setup = Setup { is_hardened: true, ..in_cookie() };
    let (_, app) = App::on(Kind::Sqlite).await.all(setup).await;
    let sign_up =
        json!({ "email": "ada@example.com", "username": "ada", "password": "fifteen-chars-1" });
    assert_eq!(app.browser().post("/register", sign_up).await.status, 202);
    let browser = app.browser();
    let answer = browser.request_token("ada", "fifteen-chars-1", None).await;
    let lines = answer.set_cookies();
    let ours: Vec<_> =
        lines.iter().filter(|line| line.starts_with("__Host-refresh_token=")).collect();
    assert_eq!(ours.len(), 1, "{lines:?}");
    assert!(ours[0].contains("; Path=/;") && ours[0].ends_with("; Secure"), "{lines:?}");
    Pair::of(&browser.post("/refresh", json!({})).await);
}

#[tokio::test]
async fn a_cross_site_page_cannot_use_the_refresh_cookie() {
    let (_, app) = App::on(Kind::Sqlite).await.all(in_cookie()).await;
    let (browser, _) = granted(&app).await;
    let before = browser.cookies();
    for path in ["/refresh", "/logout"] {
        let answer = browser.send(Method::POST, path, &CROSS_SITE, vec![]).await;
        assert_eq!(
            (answer.status, &*answer.code(), answer.set_cookies()),
            (403, "cross-site", vec![])
        );
        let foreign = [("origin", "https://evil.example")];
        assert_eq!(browser.send(Method::POST, path, &foreign, vec![]).await.status, 403);
    }
    let form = [("username", "ada"), ("password", PASSWORD)];
    let answer = app.browser().request_token_with(&form, &CROSS_SITE).await;
    assert_eq!((answer.status, answer.set_cookies()), (403, vec![]));
    assert_eq!(browser.cookies(), before);
    Pair::of(&browser.post("/refresh", json!({})).await);
}

#[tokio::test]
async fn tokens_in_the_body_are_accepted_from_any_origin() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    app.register("ada").await;
    let form = [("username", "ada"), ("password", PASSWORD)];
    let pair = Pair::of(&app.browser().request_token_with(&form, &CROSS_SITE).await);
    let body = json!({ "refresh_token": pair.refresh }).to_string().into_bytes();
    let answer = app.browser().send(Method::POST, "/refresh", &CROSS_SITE, body).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn cookie_mode_reads_the_cookie_only() {
    let (_, app) = App::on(Kind::Sqlite).await.all(in_cookie()).await;
    let (browser, _) = granted(&app).await;
    let token = browser.cookie("refresh_token").unwrap();
    let answer = app.browser().refresh(&token).await;
    assert_eq!((answer.status, &*answer.detail()), (401, "Refresh token missing"));
    let neighbour = [("cookie", &*format!("refresh_token=planted; refresh_token={token}"))];
    let stranger = app.browser();
    let answer = stranger.send(Method::POST, "/refresh", &neighbour, vec![]).await;
    assert_eq!(answer.status, 200, "what a neighbouring site has put before it: {answer:?}");
}

#[tokio::test]
async fn a_browser_with_tokens_is_a_known_device_during_a_lock() {
    let (_, app) = App::on(Kind::Sqlite).await.all(in_cookie()).await;
    let (browser, _) = granted(&app).await;
    for _ in 0..10 {
        app.browser().request_token("ada", "not-the-password", None).await;
    }
    assert_eq!(app.browser().request_token("ada", PASSWORD, None).await.status, 429);
    assert_eq!(browser.request_token("ada", PASSWORD, None).await.status, 200);
}

#[tokio::test]
async fn a_program_with_its_device_token_is_known_during_a_lock() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    app.register("ada").await;
    let first = app.browser().request_token("ada", PASSWORD, None).await;
    assert!(first.set_cookies().is_empty());
    let device = first.json()["device"].as_str().unwrap().to_owned();
    let again = app.browser().refresh(&Pair::of(&first).refresh).await;
    assert_eq!(again.json()["device"], json!(null), "it is issued at sign-in");
    for _ in 0..10 {
        app.browser().request_token("ada", "not-the-password", None).await;
    }
    let ask = async |device: &str, password: &str| {
        let form = [("username", "ada"), ("password", password), ("device", device)];
        app.browser().request_token_with(&form, &[]).await.status
    };
    assert_eq!([ask("", PASSWORD).await, ask("junk", PASSWORD).await], [429, 429]);
    assert_eq!(ask(&device, PASSWORD).await, 200);
    for _ in 0..10 {
        ask(&device, "not-the-password").await;
    }
    assert_eq!(ask(&device, PASSWORD).await, 429, "it allows no more failures than any client");
}

#[tokio::test]
async fn a_cross_site_page_cannot_sign_out() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let browser = app.browser();
    let answer = browser.send(Method::POST, "/logout", &CROSS_SITE, vec![]).await;
    assert_eq!((answer.status, answer.set_cookies()), (200, vec![]));
    let pair = app.program("ada").await;
    let token = format!("Bearer {}", pair.access);
    let headers = [CROSS_SITE[0], ("authorization", &token)];
    let answer = browser.send(Method::POST, "/logout", &headers, vec![]).await;
    assert_eq!((answer.status, answer.set_cookies()), (200, vec![]));
    assert!(!browser.accepts(&pair.access).await, "a page with the token is trusted");
    assert_eq!(browser.send(Method::POST, "/logout", &[], vec![]).await.set_cookies().len(), 2);
}

#[tokio::test]
async fn signing_in_again_revokes_the_previous_tokens() {
    // With the path `/` the cookie is sent to `/token` too.
    let (_, app) =
        App::on(Kind::Sqlite).await.all(Setup { is_hardened: true, ..in_cookie() }).await;
    let strong = "a-strong-one-of-fifteen";
    let form = json!({ "username": "ada", "email": "ada@example.com", "password": strong });
    assert_eq!(app.browser().post("/register", form).await.status, 202);
    let (browser, other) = (app.browser(), app.browser());
    let first = Pair::of(&browser.request_token("ada", strong, None).await);
    let others = Pair::of(&other.request_token("ada", strong, None).await);
    let stolen = browser.stolen();
    assert_eq!(browser.request_token("ada", "wrong", None).await.status, 401);
    assert!(app.browser().accepts(&first.access).await, "not by a failed request");
    let second = Pair::of(&browser.request_token("ada", strong, None).await);
    assert!(!app.browser().accepts(&first.access).await);
    assert_eq!(stolen.post("/refresh", json!({})).await.status, 401);
    assert!(
        app.browser().accepts(&second.access).await && app.browser().accepts(&others.access).await
    );
}

#[tokio::test]
async fn a_planted_expired_token_does_not_hide_the_valid_one() {
    let (_, app) = App::on(Kind::Sqlite).await.all(in_cookie()).await;
    let (browser, _) = granted(&app).await;
    let stranger = app.browser();
    stranger.request_token("ada", PASSWORD, None).await;
    let dead = stranger.cookie("refresh_token").unwrap();
    let used = app.browser();
    assert_eq!(stranger.post("/logout", json!({})).await.status, 200);
    used.request_token("ada", PASSWORD, None).await;
    let reused = used.cookie("refresh_token").unwrap();
    assert_eq!(used.post("/refresh", json!({})).await.status, 200);
    app.clock.advance(Duration::from_secs(10));
    let good = browser.cookie("refresh_token").unwrap();
    let line = format!("refresh_token={dead}; refresh_token={reused}; refresh_token={good}");
    let sender = app.browser();
    let answer = sender.send(Method::POST, "/refresh", &[("cookie", &line)], vec![]).await;
    assert!(sender.accepts(&Pair::of(&answer).access).await);
    assert_eq!(used.post("/refresh", json!({})).await.status, 401, "its family has ended");
}

#[tokio::test]
async fn a_token_sent_repeatedly_is_revoked_once() {
    let log = Log::listen();
    let (_, app) = App::on(Kind::Sqlite).await.all(in_cookie()).await;
    let (browser, _) = granted(&app).await;
    let one = format!("refresh_token={}", browser.cookie("refresh_token").unwrap());
    let line = vec![one; 50].join("; ");
    let answer = app.browser().send(Method::POST, "/logout", &[("cookie", &line)], vec![]).await;
    assert_eq!((answer.status, log.count("signed out")), (200, 1), "{}", log.text());
}

#[tokio::test]
async fn only_the_first_sixty_four_tokens_are_read() {
    let (_, app) = App::on(Kind::Sqlite).await.all(in_cookie()).await;
    let (browser, _) = granted(&app).await;
    let good = browser.cookie("refresh_token").unwrap();
    let behind = async |planted: Vec<String>| {
        let pairs: Vec<_> =
            planted.iter().chain([&good]).map(|one| format!("refresh_token={one}")).collect();
        let line = pairs.join("; ");
        app.browser().send(Method::POST, "/refresh", &[("cookie", &line)], vec![]).await.status
    };
    let planted = |many| -> Vec<String> { (0..many).map(|n| format!("planted-{n}")).collect() };
    assert_eq!(behind(planted(64)).await, 401, "no more are read");
    assert_eq!(
        behind([planted(63), planted(63)].concat()).await,
        200,
        "repeated tokens count once"
    );
}

#[tokio::test]
async fn planted_cookies_do_not_prevent_signing_out() {
    let (_, app) = App::on(Kind::Sqlite).await.all(in_cookie()).await;
    let (browser, _) = granted(&app).await;
    let good = browser.cookie("refresh_token_logout").unwrap();
    let mut line: String = (0..20).map(|n| format!("refresh_token_logout=x{n}; ")).collect();
    line.push_str(&format!("refresh_token_logout={good}"));
    let answer = app.browser().send(Method::POST, "/logout", &[("cookie", &line)], vec![]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(browser.post("/refresh", json!({})).await.status, 401);
}
