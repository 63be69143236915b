//! Unusual paths, methods, headers and cookies: they cause no server error and bypass no limit.

use std::time::Duration;

use crudauth_tests::{Answer, App, Kind, PASSWORD, on_every_database, sign_up};
use poem::http::Method;
use serde_json::json;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn app() -> App {
    App::on(Kind::Sqlite).await
}

/// Every route with its methods.
const ROUTES: [(&str, &str); 16] = [
    ("/register", "POST"),
    ("/me", "GET"),
    ("/change-password", "POST"),
    ("/set-password", "POST"),
    ("/login", "POST"),
    ("/logout", "POST"),
    ("/sessions", "GET"),
    ("/sessions/some-id", "DELETE"),
    ("/logout-all", "POST"),
    ("/csrf/refresh", "POST"),
    ("/email/verify-request", "POST"),
    ("/email/verify-confirm", "POST"),
    ("/password/reset-request", "POST"),
    ("/password/reset-confirm", "POST"),
    ("/email/change-request", "POST"),
    ("/email/change-confirm", "POST"),
];

/// Other spellings of the path of a route.
fn spellings(path: &str) -> Vec<String> {
    let (first, rest) = path[1..].split_at(1);
    vec![
        format!("/{path}"),
        format!("//{path}"),
        format!("{path}/"),
        format!("{path}//"),
        format!("/.{path}"),
        format!("/x/..{path}"),
        format!("{path}/."),
        format!("{path};x"),
        format!("{path}%20"),
        format!("{path}%00"),
        format!("{path}%2f"),
        format!("/%2f{}", &path[1..]),
        format!("/%{:02x}{rest}", first.as_bytes()[0]),
        format!("/%{:02X}{rest}", first.as_bytes()[0]),
        format!("/%25{:02x}{rest}", first.as_bytes()[0]),
        path.to_uppercase(),
        format!("{path}?x=1"),
        format!("{path}?"),
        format!("http://localhost{path}"),
        format!("http://elsewhere.example{path}"),
    ]
}

#[track_caller]
fn assert_problem(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
    assert_eq!(answer.json()["status"], status, "{what}");
}

#[tokio::test]
async fn a_wrong_method_is_answered_with_the_allowed_ones() {
    let app = app().await;
    let ada = app.member("ada").await;
    for (path, allowed) in ROUTES {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD", "X"] {
            if method == allowed || (method == "HEAD" && allowed == "GET") {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = ada.send(method.clone(), path, &[], Vec::new()).await;
            assert_problem(&answer, 405, &format!("{method} {path}"));
            assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
            assert_eq!(answer.detail(), "Method Not Allowed");
        }
    }
    assert!(ada.is_signed_in().await);
}

#[tokio::test]
async fn no_spelling_of_the_login_path_bypasses_the_lockout() {
    let app = app().await;
    app.register("ada").await;
    for path in spellings("/login") {
        let browser = app.browser();
        let mut answered = 0;
        for _ in 0..8 {
            let body = b"username=ada&password=not-the-password".to_vec();
            match browser.send(Method::POST, &path, &[FORM], body).await.status {
                401 => answered += 1,
                307 | 404 | 405 | 429 => {}
                status => panic!("{path}: {status}"),
            }
        }
        assert!(answered <= 5, "{path}");
        let there = browser.login("ada", PASSWORD).await.status;
        assert_eq!(there, if answered == 0 { 200 } else { 429 }, "{path}");
        app.clock.advance(Duration::from_secs(8 * 3600));
    }
}

#[tokio::test]
async fn no_spelling_of_a_limited_path_bypasses_its_rate_limit() {
    let app = app().await;
    for (at, path) in spellings("/register").into_iter().enumerate() {
        let browser = app.browser();
        let count = || app.database.number("SELECT COUNT(*) FROM users");
        let before = count().await;
        for n in 0..5 {
            let answer = browser.post(&path, sign_up(&format!("name{at}-{n}"))).await;
            assert!(matches!(answer.status, 202 | 307 | 404 | 405), "{path}: {answer:?}");
        }
        let added = count().await - before;
        browser.post(&path, sign_up(&format!("name{at}-one-more"))).await;
        assert_eq!(count().await - before, added, "{path}");
        let there = browser.post("/register", sign_up(&format!("there{at}"))).await.status;
        assert_eq!(there, if added == 0 { 202 } else { 429 }, "{path}");
    }
}

#[tokio::test]
async fn a_nonexistent_session_is_not_found_under_any_name() {
    let app = app().await;
    let ada = app.member("ada").await;
    let eve = app.member("eve").await;
    let hers = ada.get("/sessions").await.json()[0]["id"].as_str().unwrap().to_owned();
    let long = "0".repeat(10_000);
    for id in [
        "%C3%A9",
        "%00",
        "%ff",
        "%",
        "%zz",
        "*",
        ".",
        "..%2fme",
        "'%20OR%201=1",
        &long,
        &"0".repeat(64),
        &hers,
        &hers.to_uppercase(),
    ] {
        let answer = eve.delete(&format!("/sessions/{id}")).await;
        assert_problem(&answer, 404, id);
        assert_eq!(answer.detail(), "Session not found.", "{id}");
        assert!(!answer.text.contains(id) || id.len() < 3, "{id}");
    }
    assert!(ada.is_signed_in().await && eve.is_signed_in().await);
    assert_eq!(eve.delete("/sessions/").await.status, 307);
}

#[tokio::test]
async fn an_invalid_query_flag_revokes_nothing() {
    let app = app().await;
    let ada = app.member("ada").await;
    for value in ["s3cr3t-m4rk", "", "%ff", "%", "2", "true&keep_current=s3cr3t-m4rk"] {
        let answer = ada.post(&format!("/logout-all?keep_current={value}"), json!({})).await;
        assert_problem(&answer, 422, value);
        assert_eq!(answer.json()["detail"][0]["loc"], json!(["query", "keep_current"]), "{value}");
        assert!(!answer.text.contains("s3cr3t-m4rk"));
    }
    assert!(ada.is_signed_in().await);
}

#[tokio::test]
async fn no_header_causes_a_server_error() {
    let app = app().await;
    app.register("ada").await;
    let values = [
        "\u{e9}".to_owned(),
        "\u{1f600}".repeat(1000),
        "x".repeat(5000),
        ";=,;==\"".to_owned(),
        "\t".to_owned(),
        String::new(),
        "%00%ff".to_owned(),
        "-1".to_owned(),
        "999999999999999999999999".to_owned(),
    ];
    let of_a_login = [
        "content-length",
        "content-type",
        "cookie",
        "host",
        "origin",
        "sec-fetch-site",
        "user-agent",
    ];
    let of_all = [
        "accept",
        "authorization",
        "forwarded",
        "if-none-match",
        "range",
        "referer",
        "transfer-encoding",
        "x-csrf-token",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-http-method-override",
    ];
    for name in of_all.into_iter().chain(of_a_login) {
        for value in &values {
            let browser = app.browser();
            let header = [(name, value.as_str())];
            let what = format!("{name}: {}", value.chars().take(9).collect::<String>());
            if of_a_login.contains(&name) {
                app.clock.advance(Duration::from_secs(60));
                let answer = browser.login_with("ada", PASSWORD, &[], &header).await;
                // The form is rejected if the header describes the body or names another site.
                assert!(matches!(answer.status, 200 | 403 | 413 | 422), "{what}: {answer:?}");
            }
            let answer = browser.send(Method::GET, "/me", &header, Vec::new()).await;
            assert!(matches!(answer.status, 200 | 401), "{what}: {answer:?}");
            let answer = browser.send(Method::GET, "/greeting", &header, Vec::new()).await;
            assert_eq!(answer.status, 200, "{what}");
            let headers = [header[0], ("content-type", "application/json")];
            let body = b"{\"token\":\"none\"}".to_vec();
            let answer = browser.send(Method::POST, "/email/verify-confirm", &headers, body).await;
            assert!(matches!(answer.status, 400 | 413 | 422), "{what}: {answer:?}");
        }
    }
}

on_every_database! {
    async fn a_long_user_agent_is_truncated_in_the_list(app: App) {
        app.register("ada").await;
        let agent = "Mozilla/5.0 ".repeat(500);
        let ada = app.browser();
        let headers = [("user-agent", &*agent), ("x-forwarded-for", "[2001:db8::1%eth0]:65535")];
        assert_eq!(ada.login_with("ada", PASSWORD, &[], &headers).await.status, 200);
        let stored = app.database.text("SELECT user_agent FROM users_sessions").await;
        assert_eq!(stored, agent[..512]);
        assert_eq!(ada.get("/sessions").await.json()[0]["current"], true);
        for junk in ["\u{e9}", "\u{1f600}", "", "'"] {
            let browser = app.browser().at(junk);
            let headers = [("user-agent", junk)];
            assert_eq!(browser.login_with("ada", PASSWORD, &[], &headers).await.status, 200);
            assert_eq!(browser.get("/sessions").await.status, 200, "{junk}");
            browser.post("/logout", json!({})).await;
        }
    }
}

#[tokio::test]
async fn the_session_cookie_is_found_among_others_by_its_exact_name() {
    let app = app().await;
    let ada = app.member("ada").await;
    let session = ada.cookie("session_id").unwrap();
    let is_in = async |lines: &[&str]| {
        let headers: Vec<_> = lines.iter().map(|line| ("cookie", *line)).collect();
        match app.browser().send(Method::GET, "/me", &headers, Vec::new()).await.status {
            200 => true,
            401 => false,
            status => panic!("{lines:?}: {status}"),
        }
    };
    let own = format!("session_id={session}");
    let long = format!("junk={}", "x".repeat(5000));
    for lines in [
        &[&*own][..],
        &["a=b", &own],
        &[&own, "a=b"],
        &["junk=\u{e9}", &own],
        &[&long, &own],
        &[&format!("{long}; {own}")],
        &[&format!("a=b;{own};c=d")],
        &[&format!("a; =; ;;{own}")],
        &[&format!("session_id=\"{session}\"")],
        &[&format!("xsession_id=1; {own}")],
    ] {
        assert!(is_in(lines).await, "{lines:?}");
    }
    for lines in [
        &[&*format!("Session_id={session}")][..],
        &[&format!("xsession_id={session}")],
        &[&format!("csrf_token={session}")],
        &[&format!("session_id={}", session.to_uppercase())],
        &[&format!("session_id={session}0")],
        &[&format!("session_id={}", &session[..63])],
        &[&format!("session_id={session}\u{e9}")],
        &[&format!("session_id={}", "x".repeat(5000))],
        &["session_id="],
        &["session_id"],
        &["session_id=' OR 1=1 --"],
    ] {
        assert!(!is_in(lines).await, "{lines:?}");
    }
    assert!(!is_in(&[]).await && ada.is_signed_in().await);
    for elsewhere in [
        ("authorization", format!("Bearer {session}")),
        ("x-session-id", session.clone()),
        ("session_id", session.clone()),
    ] {
        let headers = [(elsewhere.0, &*elsewhere.1)];
        let answer = app.browser().send(Method::GET, "/me", &headers, Vec::new()).await;
        assert_eq!(answer.status, 401, "{}", elsewhere.0);
    }
    let query = format!("/me?session_id={session}");
    assert_eq!(app.browser().get(&query).await.status, 401);
}
