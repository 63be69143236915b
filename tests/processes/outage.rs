//! Database outages: no request is authenticated during one, and every flow recovers without a
//! restart.

use crudauth::email::MessageKind::ResetPassword;
use crudauth_tests::tokens::Pair;
use crudauth_tests::{
    Answer, App, Browser, Database, PASSWORD, PostgresServer, concurrently, sign_up,
};
use poem::http::Method;
use serde_json::{Value, json};

const ADA: &str = "ada@example.com";

/// An app on its own server, in which ada is signed in.
async fn signed_in() -> (PostgresServer, App, Browser) {
    let server = PostgresServer::start();
    let app = App::over(Database::connect(&server.url()).await, ()).await;
    let ada = app.member("ada").await;
    app.auth.drained().await;
    // The pool is now full of open connections.
    let many = (0..8).map(|_| {
        let ada = ada.clone();
        async move { ada.is_signed_in().await }
    });
    assert!(concurrently(many).await.into_iter().all(|is_known| is_known));
    (server, app, ada)
}

/// Asserts a 503 with `Retry-After` and without details.
fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(wait > 0);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.code(), "unavailable");
    assert!(answer.set_cookies().is_empty());
    let text = format!("{} {:?}", answer.text, answer.headers).to_lowercase();
    for word in ["sql", "postgres", "database", "pool", "connect", "127.0.0.1", "users", "store"] {
        assert!(!text.replace("no-store", "").contains(word), "{word}: {text}");
    }
}

/// Each route that needs the database, with a body.
fn requests() -> Vec<(&'static str, Value)> {
    let change = json!({ "current_password": PASSWORD, "new_password": "another-strong-one" });
    let token = json!({ "token": "0".repeat(64), "new_password": "another-strong-one" });
    let mail = json!({ "email": ADA, "new_email": "new@example.com", "password": PASSWORD });
    vec![
        ("/register", sign_up("bob")),
        ("/change-password", change.clone()),
        ("/set-password", change),
        ("/logout", json!({})),
        ("/logout-all", json!({})),
        ("/csrf/refresh", json!({})),
        ("/email/verify-request", mail.clone()),
        ("/email/verify-confirm", token.clone()),
        ("/password/reset-request", mail.clone()),
        ("/password/reset-confirm", token.clone()),
        ("/email/change-request", mail),
        ("/email/change-confirm", token),
        ("/note", json!({})),
        ("/greeting", json!({})),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_authenticated_during_an_outage() {
    let (server, app, ada) = signed_in().await;
    server.stop();
    // All at once, because each waits for a connection before it fails.
    let pages = ["/me", "/sessions", "/dashboard", "/billing", "/admin", "/greeting", "/twice"];
    let asked = pages.map(|path| (path, None)).into_iter();
    let jobs: Vec<_> = asked
        .chain(requests().into_iter().map(|(path, body)| (path, Some(body))))
        .map(|(path, body)| {
            let ada = ada.clone();
            async move {
                match body {
                    Some(body) => ada.post(path, body).await,
                    None => ada.get(path).await,
                }
            }
        })
        .collect();
    concurrently(jobs).await.iter().for_each(assert_unavailable);
    assert_unavailable(&app.browser().login("ada", PASSWORD).await);
    assert!(ada.cookie("session_id").is_some(), "the cookie is kept");

    let stranger = app.browser();
    assert_eq!(ada.get("/open").await.status, 200, "a public handler works");
    assert_eq!(stranger.get("/open").await.status, 200);
    assert_eq!(stranger.get("/greeting").await.status, 200, "no lookup without a cookie");
    assert_eq!(stranger.get("/dashboard").await.status, 401);
}

/// Requests of programs and their owners: credential, method and path.
fn program_requests() -> Vec<(By, Method, &'static str)> {
    let reading = [
        (By::Session, &["/tokens", "/api-keys"][..]),
        (
            By::Token,
            &["/me", "/tokens", "/api-keys", "/whoami", "/maybe", "/maybe-by-token", "/reports"],
        ),
        (By::Key, &["/me", "/by-key", "/maybe-by-key", "/by-superuser-key", "/reports"]),
    ];
    let posting = [
        (By::Nobody, &["/refresh"][..]),
        (By::Session, &["/api-keys"]),
        (By::Token, &["/api-keys", "/change-password", "/logout", "/whoami", "/reports"]),
        (By::Key, &["/by-key", "/reports"]),
    ];
    let ended = &["/tokens", "/tokens/x", "/api-keys", "/api-keys/x"][..];
    let ending = [(By::Session, ended), (By::Token, ended)];
    let all = |method: Method, requests: &[(By, &[&'static str])]| -> Vec<_> {
        let each = requests.iter().flat_map(|(by, paths)| paths.iter().map(|path| (*by, *path)));
        each.map(|(by, path)| (by, method.clone(), path)).collect()
    };
    [all(Method::GET, &reading), all(Method::POST, &posting), all(Method::DELETE, &ending)].concat()
}

#[derive(Clone, Copy, Debug)]
enum By {
    Nobody,
    Session,
    Token,
    Key,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_and_keys_neither_authenticate_nor_end_during_an_outage() {
    let (server, app, ada) = signed_in().await;
    let app = app.with_tokens().await;
    let ada = ada.to(&app);
    let pair = app.pair("ada").await;
    let wanted = json!({ "name": "cron", "scopes": ["reports:read"] });
    let made = ada.post("/api-keys", wanted.clone()).await.json();
    let key = made["key"].as_str().unwrap().to_owned();
    // Every field that any of the routes reads.
    let mut body = wanted;
    body["refresh_token"] = json!(pair.refresh);
    body["current_password"] = json!(PASSWORD);
    body["new_password"] = json!("another-strong-one");
    server.stop();
    let jobs: Vec<_> = program_requests()
        .into_iter()
        .map(|(by, method, path)| {
            let stranger = app.browser();
            let ada = ada.clone();
            let body = body.to_string();
            let bearer = format!("Bearer {}", pair.access);
            let key = key.clone();
            async move {
                let (browser, proof) = match by {
                    By::Nobody => (stranger, ("accept", "*/*")),
                    By::Session => (ada, ("accept", "*/*")),
                    By::Token => (stranger, ("authorization", &*bearer)),
                    By::Key => (stranger, ("x-api-key", &*key)),
                };
                let headers = [proof, ("content-type", "application/json")];
                let request = format!("{method} {path} by {by:?}");
                (request, browser.send(method, path, &headers, body.into_bytes()).await)
            }
        })
        .collect();
    for (request, answer) in concurrently(jobs).await {
        assert_eq!(answer.status, 503, "{request}: {answer:?}");
        assert_unavailable(&answer);
    }
    assert_unavailable(&app.browser().request_token("ada", PASSWORD, None).await);
    let junk = app.browser().send_bearer("junk", Method::GET, "/maybe").await;
    assert_eq!(junk.status, 401, "a malformed token needs no lookup");

    server.restart();
    assert!(app.browser().accepts(&pair.access).await && app.browser().accepts(&key).await);
    Pair::of(&app.browser().refresh(&pair.refresh).await);
    assert_eq!(app.database.count("users_api_keys").await, 1);
    assert!(ada.is_signed_in().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_flow_recovers_with_the_database() {
    let (server, app, ada) = signed_in().await;
    let token = app.reset_token(ADA).await;
    server.stop();
    let stranger = app.browser();
    let (me, page, login) =
        tokio::join!(ada.get("/me"), ada.get("/dashboard"), stranger.login("ada", PASSWORD));
    assert_eq!([me.status, page.status, login.status], [503; 3]);
    server.restart();
    assert!(ada.is_signed_in().await, "the session lives on");
    assert_eq!(ada.post("/note", json!({})).await.status, 200);
    assert_eq!(app.register("bob").await.status, 202);
    assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200, "no failure was counted");
    let body = json!({ "token": token, "new_password": "another-strong-one" });
    assert_eq!(app.browser().post("/password/reset-confirm", body).await.status, 200);
}

/// Restarts the server between requests, then sends one: every connection of the pool is broken,
/// and the pool does not know.
async fn first_after_a_restart(
    request: impl AsyncFnOnce(&App, &Browser) -> Answer,
) -> (PostgresServer, Answer) {
    let (server, app, ada) = signed_in().await;
    server.stop();
    server.restart();
    let answer = request(&app, &ada).await;
    (server, answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_page_view_after_a_restart_succeeds() {
    let (_server, answer) = first_after_a_restart(async |_, ada| ada.get("/dashboard").await).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_sign_in_after_a_restart_succeeds() {
    let sign_in = async |app: &App, _: &Browser| app.browser().login("ada", PASSWORD).await;
    let (_server, answer) = first_after_a_restart(sign_in).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_sign_up_after_a_restart_succeeds() {
    let (_server, answer) = first_after_a_restart(async |app, _| app.register("bob").await).await;
    assert_eq!(answer.status, 202, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_reset_request_after_a_restart_sends_a_link() {
    let ask = async |app: &App, _: &Browser| {
        let body = json!({ "email": ADA });
        let answer = app.browser().post("/password/reset-request", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        app.last_mail(ResetPassword, ADA).await;
        answer
    };
    first_after_a_restart(ask).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_after_a_restart_all_succeed() {
    let (server, _app, ada) = signed_in().await;
    server.stop();
    server.restart();
    let many = (0..32).map(|_| {
        let ada = ada.clone();
        async move { ada.get("/dashboard").await.status }
    });
    let statuses = concurrently(many).await;
    assert_eq!(statuses, [200; 32]);
}
