//! The database goes away and comes back: nobody is let in meanwhile, and nothing is to be done
//! afterwards.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

use crudauth::email::MessageKind::ResetPassword;
use crudauth_tests::{Answer, App, Browser, Database, OwnPostgres, PASSWORD, at_once, sign_up};
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
async fn nobody_is_let_in_while_the_database_is_away() {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_again_once_the_database_is_back() {
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
async fn the_first_who_looks_at_a_page_after_a_restart_sees_it() {
    let (_server, answer) = first_after_a_restart(async |_, ada| ada.get("/dashboard").await).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_who_signs_in_after_a_restart_is_signed_in() {
    let sign_in = async |app: &App, _: &Browser| app.browser().login("ada", PASSWORD).await;
    let (_server, answer) = first_after_a_restart(sign_in).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_who_signs_up_after_a_restart_has_an_account() {
    let (_server, answer) = first_after_a_restart(async |app, _| app.register("bob").await).await;
    assert_eq!(answer.status, 202, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_who_asks_for_a_reset_after_a_restart_gets_a_link() {
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
async fn many_at_one_moment_after_a_restart_are_all_served() {
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
