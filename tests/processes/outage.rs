//! The database goes away and comes back: nobody is let in meanwhile, and nothing is to be done
//! afterwards.

use crudauth::email::MessageKind::ResetPassword;
use crudauth_tests::tokens::Pair;
use crudauth_tests::{Answer, App, Browser, Database, OwnPostgres, PASSWORD, at_once, sign_up};
use poem::http::Method;
use serde_json::{Value, json};

const ADA: &str = "ada@example.com";

/// An app on a server of its own, in which Ada is signed in.
async fn signed_in() -> (OwnPostgres, App, Browser) {
    let server = OwnPostgres::start();
    let app = App::over(Database::connect(&server.url()).await, ()).await;
    let ada = app.member("ada").await;
    app.auth.drained().await;
    // Now every place of the pool holds a connection.
    let many = (0..8).map(|_| {
        let ada = ada.clone();
        async move { ada.is_signed_in().await }
    });
    assert!(at_once(many).await.into_iter().all(|is_known| is_known));
    (server, app, ada)
}

/// What is told while the store is away: that it is, for how long, and nothing of what it is.
fn is_unavailable(answer: &Answer) {
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

/// Each route that needs the database, and what to send there.
fn wishes() -> Vec<(&'static str, Value)> {
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
    // All at one moment, since each waits a while for a connection before it is told.
    let pages = ["/me", "/sessions", "/dashboard", "/billing", "/admin", "/greeting", "/twice"];
    let asked = pages.map(|path| (path, None)).into_iter();
    let jobs: Vec<_> = asked
        .chain(wishes().into_iter().map(|(path, body)| (path, Some(body))))
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
    at_once(jobs).await.iter().for_each(is_unavailable);
    is_unavailable(&app.browser().login("ada", PASSWORD).await);
    assert!(ada.cookie("session_id").is_some(), "nobody was signed out either");

    let stranger = app.browser();
    assert_eq!(ada.get("/open").await.status, 200, "who asks for nobody is served");
    assert_eq!(stranger.get("/open").await.status, 200);
    assert_eq!(stranger.get("/greeting").await.status, 200, "without a cookie there is nobody");
    assert_eq!(stranger.get("/dashboard").await.status, 401);
}

/// What programs and their owners ask for: by what, how, and where.
fn program_s_wishes() -> Vec<(By, Method, &'static str)> {
    let reading = [
        (By::Session, &["/tokens", "/api-keys"][..]),
        (
            By::Token,
            &["/me", "/tokens", "/api-keys", "/whoami", "/maybe", "/maybe-by-token", "/reports"],
        ),
        (By::Key, &["/me", "/by-key", "/maybe-by-key", "/by-superuser-s-key", "/reports"]),
    ];
    let posting = [
        (By::Nobody, &["/refresh"][..]),
        (By::Session, &["/api-keys"]),
        (By::Token, &["/api-keys", "/change-password", "/logout", "/whoami", "/reports"]),
        (By::Key, &["/by-key", "/reports"]),
    ];
    let ended = &["/tokens", "/tokens/x", "/api-keys", "/api-keys/x"][..];
    let ending = [(By::Session, ended), (By::Token, ended)];
    let all = |method: Method, wishes: &[(By, &[&'static str])]| -> Vec<_> {
        let each = wishes.iter().flat_map(|(by, paths)| paths.iter().map(|path| (*by, *path)));
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
    let (ada, pair) = (ada.to(&app), app.pair("ada").await);
    let wanted = json!({ "name": "cron", "scopes": ["reports:read"] });
    let made = ada.post("/api-keys", wanted.clone()).await.json();
    let key = made["key"].as_str().unwrap().to_owned();
    // All that any of the routes reads.
    let mut body = wanted;
    body["refresh_token"] = json!(pair.refresh);
    body["current_password"] = json!(PASSWORD);
    body["new_password"] = json!("another-strong-one");
    server.stop();
    let jobs: Vec<_> = program_s_wishes()
        .into_iter()
        .map(|(by, method, path)| {
            let (stranger, ada, body) = (app.browser(), ada.clone(), body.to_string());
            let (bearer, key) = (format!("Bearer {}", pair.access), key.clone());
            async move {
                let (who, proof) = match by {
                    By::Nobody => (stranger, ("accept", "*/*")),
                    By::Session => (ada, ("accept", "*/*")),
                    By::Token => (stranger, ("authorization", &*bearer)),
                    By::Key => (stranger, ("x-api-key", &*key)),
                };
                let headers = [proof, ("content-type", "application/json")];
                let wish = format!("{method} {path} by {by:?}");
                (wish, who.send(method, path, &headers, body.into_bytes()).await)
            }
        })
        .collect();
    for (wish, answer) in at_once(jobs).await {
        assert_eq!(answer.status, 503, "{wish}: {answer:?}");
        is_unavailable(&answer);
    }
    is_unavailable(&app.browser().ask_token("ada", PASSWORD, None).await);
    let junk = app.browser().bearing("junk", Method::GET, "/maybe").await;
    assert_eq!(junk.status, 401, "what is no token needs no looking up");

    server.start_again();
    assert!(app.browser().knows(&pair.access).await && app.browser().knows(&key).await);
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
    server.start_again();
    assert!(ada.is_signed_in().await, "the session lives on");
    assert_eq!(ada.post("/note", json!({})).await.status, 200);
    assert_eq!(app.register("bob").await.status, 202);
    assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200, "and no miss was counted");
    let body = json!({ "token": token, "new_password": "another-strong-one" });
    assert_eq!(app.browser().post("/password/reset-confirm", body).await.status, 200);
}

/// Stops and starts the server while nobody asks, and then sends one request: every connection of
/// the pool is broken, and none was noticed to be.
async fn first_after_a_restart(
    request: impl AsyncFnOnce(&App, &Browser) -> Answer,
) -> (OwnPostgres, Answer) {
    let (server, app, ada) = signed_in().await;
    server.stop();
    server.start_again();
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
        app.mailed(ResetPassword, ADA).await;
        answer
    };
    first_after_a_restart(ask).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_after_a_restart_all_succeed() {
    let (server, _app, ada) = signed_in().await;
    server.stop();
    server.start_again();
    let many = (0..32).map(|_| {
        let ada = ada.clone();
        async move { ada.get("/dashboard").await.status }
    });
    let statuses = at_once(many).await;
    assert_eq!(statuses, [200; 32]);
}
