//! Extractors and gates: access, cost and response headers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crudauth::email::MessageKind::VerifyEmail;
use crudauth::{
    CurrentUser, EmailConfig, Gate, MaybeUser, Principal, Refusal, Superuser, Verified,
};
use crudauth_tests::{
    App, Auth, Browser, Database, FRONTEND, Kind, Log, PASSWORD, SECRET, User, on_every_database,
};
use poem::http::Method;
use poem::listener::{Acceptor, Listener, TcpListener};
use poem::web::Json;
use poem::{EndpointExt, Request, Response, Route, Server, get, handler};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A custom gate that reads the request.
struct Staff;

impl Gate<Auth> for Staff {
    async fn check(_: &Auth, user: &Principal<User>, request: &Request) -> Result<(), Refusal> {
        let is_staff = user.user().email.ends_with("@example.com");
        if is_staff && request.header("x-badge").is_some() {
            Ok(())
        } else {
            Err(Refusal::denied())
        }
    }
}

#[handler]
async fn staff(user: CurrentUser<Auth, Staff>) -> String {
    format!("{} is {}", user.username, user.principal().account().user.id)
}

#[handler]
async fn checked_in_order(_: CurrentUser<Auth, (Superuser, Staff, Verified)>) -> &'static str {
    "ok"
}

#[handler]
async fn three_times(
    one: CurrentUser<Auth>,
    other: CurrentUser<Auth, Superuser>,
    third: MaybeUser<Auth>,
) -> Json<bool> {
    Json(one.id == other.id && third.user().is_some_and(|user| user.id == one.id))
}

#[handler]
async fn cached(_: CurrentUser<Auth>) -> Response {
    Response::builder().header("cache-control", "public, max-age=60").body("the same for all")
}

fn own_routes(auth: &Auth) -> Route {
    auth.mount(Route::new())
        .at("/staff", get(staff))
        .at("/ordered", get(checked_in_order))
        .at("/three", get(three_times))
        .at("/cached", get(cached))
}

/// The same app with the routes of this file.
fn with_own_routes(app: &App) -> App {
    app.serving(own_routes(&app.auth).with(app.auth.clone()).map_to_response())
}

async fn refusal(browser: &Browser, path: &str) -> (u16, String) {
    let answer = browser.get(path).await;
    (answer.status, answer.detail())
}

fn refused(status: u16, detail: &str) -> (u16, String) {
    (status, detail.to_owned())
}

on_every_database! {
    async fn a_gate_follows_the_row_at_once(app: App) {
        let ada = app.member("ada").await;
        let stranger = app.browser();
        let unauthenticated = refused(401, "Not authenticated");
        for path in ["/dashboard", "/billing", "/admin", "/twice"] {
            assert_eq!(refusal(&stranger, path).await, unauthenticated);
        }
        assert_eq!(ada.get("/dashboard").await.json()["plan"], "free");
        let unproved = refused(403, "Recovery factor not verified");
        for path in ["/billing", "/admin", "/twice"] {
            assert_eq!(refusal(&ada, path).await, unproved, "the first gate of two decides");
        }
        app.database.execute("UPDATE users SET email_verified = TRUE").await;
        assert_eq!(ada.get("/billing").await.status, 200);
        assert_eq!(ada.get("/twice").await.json(), true);
        assert_eq!(refusal(&ada, "/admin").await, refused(403, "Insufficient privileges"));
        app.database.execute("UPDATE users SET is_superuser = TRUE").await;
        assert_eq!(ada.get("/admin").await.status, 200);
        assert_eq!(ada.get("/me").await.json()["is_superuser"], true);
        app.database.execute("UPDATE users SET is_superuser = FALSE, email_verified = FALSE").await;
        assert_eq!(refusal(&ada, "/admin").await, unproved);
    }

    async fn an_optional_user_is_the_signed_in_user_or_none(app: App) {
        let ada = app.member("ada").await;
        let stranger = app.browser();
        assert_eq!(ada.get("/greeting").await.json(), "ada");
        assert_eq!(stranger.get("/greeting").await.json(), Value::Null);
        stranger.set_cookie("session_id", &"0".repeat(64));
        assert_eq!(stranger.get("/greeting").await.json(), Value::Null, "an invalid cookie is no user");
        assert_eq!(stranger.post("/greeting", json!({})).await.json(), Value::Null);
        let answer = ada.send(Method::POST, "/greeting", &[("x-csrf-token", "")], vec![]).await;
        assert_eq!((answer.status, &*answer.detail()), (403, "Missing CSRF token"), "the cookie is valid");
    }
}

#[tokio::test]
async fn a_custom_gate_sees_account_and_request() {
    let app = with_own_routes(&App::on(Kind::Sqlite).await);
    let ada = app.member("ada").await;
    assert_eq!(refusal(&ada, "/staff").await, refused(403, "Access denied"));
    let answer = ada.send(Method::GET, "/staff", &[("x-badge", "7")], vec![]).await;
    assert_eq!((answer.status, &*answer.text), (200, "ada is 1"));
    app.database.execute("UPDATE users SET email = 'ada@elsewhere.example'").await;
    let answer = ada.send(Method::GET, "/staff", &[("x-badge", "7")], vec![]).await;
    assert_eq!((answer.status, &*answer.code()), (403, "access-denied"));
}

#[tokio::test]
async fn gates_in_a_tuple_are_checked_from_left_to_right() {
    let app = with_own_routes(&App::on(Kind::Sqlite).await);
    let ada = app.member("ada").await;
    assert_eq!(refusal(&ada, "/ordered").await, refused(403, "Insufficient privileges"));
    app.database.execute("UPDATE users SET is_superuser = TRUE").await;
    assert_eq!(refusal(&ada, "/ordered").await, refused(403, "Access denied"));
    let badge = [("x-badge", "7")];
    let answer = ada.send(Method::GET, "/ordered", &badge, vec![]).await;
    assert_eq!((answer.status, &*answer.detail()), (403, "Recovery factor not verified"));
    app.database.execute("UPDATE users SET email_verified = TRUE").await;
    assert_eq!(ada.send(Method::GET, "/ordered", &badge, vec![]).await.status, 200);
}

/// Counts statements in the log of sqlx. On PostgreSQL, because its driver runs on this thread.
#[tokio::test]
async fn any_number_of_extractors_cost_one_statement_and_none_costs_zero() {
    let app = App::on(Kind::Postgres).await;
    let ada = with_own_routes(&app).member("ada").await;
    app.database.execute("UPDATE users SET is_superuser = TRUE").await;
    app.auth.drained().await;
    let log = Log::listen();
    let statements = || log.count("sqlx::query");
    for (path, cost) in [("/dashboard", 1), ("/greeting", 1), ("/open", 0)] {
        let before = statements();
        assert_eq!(ada.clone().to(&app).get(path).await.status, 200);
        assert_eq!(statements() - before, cost, "{path}: {}", log.text());
    }
    let before = statements();
    assert_eq!(ada.get("/three").await.json(), true);
    assert_eq!(statements() - before, 1, "three arguments: {}", log.text());
    let before = statements();
    assert_eq!(app.browser().get("/dashboard").await.status, 401);
    assert_eq!(statements() - before, 0, "no lookup without a cookie");
}

#[tokio::test]
async fn a_public_handler_does_not_need_the_tables() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    app.database.execute("ALTER TABLE users_sessions RENAME TO gone").await;
    assert_eq!(ada.get("/open").await.text, "ok");
    let answer = ada.get("/dashboard").await;
    assert_eq!((answer.status, &*answer.code()), (500, "internal-error"));
    assert!(!answer.text.contains("users_sessions"), "the answer hides the missing table");
}

#[tokio::test]
async fn personal_responses_are_private_unless_the_app_sets_cache_control() {
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    let stranger = app.browser();
    let own = ada.clone().to(&with_own_routes(&app));
    let others = "cache-control";
    assert_eq!(ada.get("/dashboard").await.header(others), Some("private"));
    assert_eq!(ada.get("/greeting").await.header(others), Some("private"));
    assert_eq!(own.get("/cached").await.header(others), Some("public, max-age=60"));
    assert_eq!(stranger.get("/greeting").await.header(others), None, "it holds no user data");
    assert_eq!(ada.get("/open").await.header(others), None);
    for path in ["/me", "/sessions"] {
        assert_eq!(ada.get(path).await.header(others), Some("no-store"), "{path}");
        assert_eq!(stranger.get(path).await.header(others), Some("no-store"), "refused {path}");
    }
    let sign_in = stranger.login("ada", PASSWORD).await;
    assert_eq!(sign_in.header(others), Some("no-store"));
}

#[tokio::test]
async fn a_route_outside_the_middleware_fails_with_a_logged_reason() {
    let log = Log::listen();
    let app = App::on(Kind::Sqlite).await;
    let bare = app.serving(own_routes(&app.auth).map_to_response());
    let ada = bare.member("ada").await;
    let answer = ada.get("/staff").await;
    assert_eq!((answer.status, &*answer.code()), (500, "internal-error"));
    assert!(log.text().contains("not behind `.with(auth)`"));
    assert_eq!(ada.get("/me").await.status, 200, "the library's own routes do without");
}

#[tokio::test]
async fn routes_work_under_a_prefix_and_unknown_paths_answer_json() {
    let app = App::on(Kind::Sqlite).await;
    let routes = Route::new().nest("/accounts", app.auth.routes()).at("/staff", get(staff));
    let nested = app.serving(routes.with(app.auth.clone()).map_to_response());
    let ada = app.member("ada").await.to(&nested);
    assert_eq!(ada.get("/accounts/me").await.json()["username"], "ada");
    let listed = ada.get("/accounts/sessions").await.json();
    let handle = listed[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(ada.get("/me").await.status, 404);
    for path in ["/accounts/nothing", "/accounts/me/x", "/accounts/sessions/a/b"] {
        let answer = ada.get(path).await;
        assert_eq!((answer.status, &*answer.detail()), (404, "Not Found"), "{path}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    let answer = ada.get("/accounts/login").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    assert_eq!(answer.detail(), "Method Not Allowed");
    assert_eq!(ada.delete(&format!("/accounts/sessions/{handle}")).await.status, 200);
    assert_eq!(ada.get("/accounts/me").await.status, 401);
}

/// Another mount on the database of the app.
async fn mount(app: &App, secret: &str, previous: &[&str], is_hardened: bool) -> App {
    let Database::Sqlite(pool) = app.database.clone() else { unreachable!() };
    let builder = Auth::builder(pool, secret)
        .previous_secrets(previous.iter().copied())
        .email(EmailConfig::new(app.outbox.clone(), FRONTEND))
        .trusted_proxy_hops(1)
        .clock(Arc::clone(&app.clock) as _);
    let builder = if is_hardened { builder.hardened() } else { builder };
    app.around(builder.build().await.unwrap())
}

#[tokio::test]
async fn sessions_survive_a_new_secret_while_the_old_one_is_listed() {
    const NEW: &str = "another-secret-for-tests-of-32-bytes-or-more";
    let app = App::on(Kind::Sqlite).await;
    let old = app.member("ada").await;
    let verify = app.token(VerifyEmail, "ada@example.com").await;
    let reset = app.reset_token("ada@example.com").await;
    let rotated = mount(&app, NEW, &[SECRET], false).await;
    let ada = old.clone().to(&rotated);
    assert!(ada.is_signed_in().await);
    assert_eq!(ada.post("/note", json!({})).await.status, 200, "with its CSRF token");
    let confirm = rotated.browser().post("/email/verify-confirm", json!({ "token": verify })).await;
    assert_eq!(confirm.status, 200);
    let new = rotated.signed_in("ada", PASSWORD).await;

    let forgetful = mount(&app, NEW, &[], false).await;
    assert!(!old.clone().to(&forgetful).is_signed_in().await);
    assert!(new.clone().to(&forgetful).is_signed_in().await, "created with the new secret");
    let body = json!({ "token": reset, "new_password": "another-strong-one" });
    assert_eq!(forgetful.browser().post("/password/reset-confirm", body).await.status, 400);
    assert!(!new.to(&app).is_signed_in().await, "the old secret alone does not verify it");
}

#[tokio::test]
async fn a_session_of_the_old_secret_is_replaced_at_the_next_sign_in() {
    const NEW: &str = "another-secret-for-tests-of-32-bytes-or-more";
    let app = App::on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    let thief = ada.stolen();
    let rotated = mount(&app, NEW, &[SECRET], false).await;
    let ada = ada.to(&rotated);
    assert_eq!(ada.login("ada", PASSWORD).await.status, 200);
    assert!(ada.is_signed_in().await);
    assert!(!thief.to(&rotated).is_signed_in().await, "the browser has a new session");
}

#[tokio::test]
async fn hardened_cookies_have_the_host_prefix() {
    let app = mount(&App::on(Kind::Sqlite).await, SECRET, &[], true).await;
    let sign_up = |password: &str| json!({ "email": "ada@example.com", "username": "ada", "password": password });
    assert_eq!(app.browser().post("/register", sign_up("fourteen-chars")).await.status, 422);
    assert_eq!(app.browser().post("/register", sign_up("fifteen-chars-1")).await.status, 202);
    let ada = app.signed_in("ada", "fifteen-chars-1").await;
    let names: Vec<_> = ada.cookies().into_keys().collect();
    assert_eq!(names, ["__Host-csrf_token", "__Host-known_device", "__Host-session_id"]);
    let again = app.browser().login("ada", "fifteen-chars-1").await;
    for cookie in again.set_cookies() {
        assert!(cookie.contains("; Path=/;") && cookie.ends_with("; Secure"), "{cookie}");
        assert!(!cookie.to_lowercase().contains("domain"), "{cookie}");
    }
    assert!(ada.is_signed_in().await);
    let csrf = ada.cookie("__Host-csrf_token").unwrap();
    let sent = [("x-csrf-token", &*csrf)];
    assert_eq!(ada.send(Method::POST, "/note", &sent, vec![]).await.status, 200);
    let plain = app.browser();
    plain.set_cookie("session_id", &ada.cookie("__Host-session_id").unwrap());
    assert!(!plain.is_signed_in().await, "the plain name is not read");
}

/// Sends two requests over one socket, the body of the first in a separate packet.
async fn refused_twice(address: SocketAddr) -> Vec<String> {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    let mut statuses = Vec::new();
    let head = "POST /whoami HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\n";
    for _ in 0..2 {
        socket.write_all(head.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        socket.write_all(b"hello").await.unwrap();
        let mut answer = String::new();
        while !answer.contains('}') {
            let mut some = [0; 1024];
            let read = socket.read(&mut some).await.unwrap();
            assert!(read > 0, "the connection was closed behind {answer:?}");
            answer.push_str(std::str::from_utf8(&some[..read]).unwrap());
        }
        statuses.push(answer.lines().next().unwrap().to_owned());
    }
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejection_before_the_body_keeps_the_connection() {
    let app = App::on(Kind::Sqlite).await;
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
    let address = *acceptor.local_addr().remove(0).as_socket_addr().unwrap();
    #[handler]
    async fn whoami(_: CurrentUser<Auth>, body: String) -> String {
        body
    }
    let routes = Route::new().at("/whoami", poem::post(whoami)).with(app.auth.clone());
    let server = tokio::spawn(Server::new_with_acceptor(acceptor).run(routes));
    assert_eq!(refused_twice(address).await, ["HTTP/1.1 401 Unauthorized"; 2]);
    server.abort();
}
