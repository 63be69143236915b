//! Several processes on one database, and killed processes: answered requests persist.

use std::sync::Arc;

use crudauth_tests::{Database, Kind, PASSWORD, Program, concurrently, count_status, session};
use serde_json::json;

const NEW: &str = "another-strong-one";
const ADA: &str = "ada@example.com";
const MANY: usize = 64;

/// Runs each promise on each kind of database.
macro_rules! on_every_kind {
    ($($(#[$attribute:meta])* async fn $name:ident($url:ident: String) $body:block)*) => {$(
        mod $name {
            use super::*;

            $(#[$attribute])*
            async fn promise(kind: Kind) {
                let $url = Database::create_empty(kind).await;
                $body
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                promise(Kind::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                promise(Kind::Postgres).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn mysql() {
                promise(Kind::MySql).await;
            }
        }
    )*};
}

/// Two processes on one database.
async fn two_processes(url: &str) -> [Arc<Program>; 2] {
    [Arc::new(Program::start(url).await), Arc::new(Program::start(url).await)]
}

/// Sends the request many times at once, half of them to each process.
async fn to_both(
    programs: &[Arc<Program>; 2],
    path: &'static str,
    body: serde_json::Value,
) -> Vec<crudauth_tests::Answer> {
    let jobs: Vec<_> = (0..MANY)
        .map(|n| {
            let program = Arc::clone(&programs[n % 2]);
            let body = body.clone();
            let ip = format!("198.51.{}.{n}", 100 + n % 2);
            async move { program.post(path, &[("x-forwarded-for", &ip)], body).await }
        })
        .collect();
    concurrently(jobs).await
}

/// Reaches the failure limit of the account, each time from another address.
async fn miss(program: &Program, name: &str) {
    for n in 0..5 {
        let answer = program.login(&format!("192.0.2.{n}"), name, "not-the-password").await;
        assert_eq!(answer.status, 401, "{answer:?}");
    }
}

on_every_kind! {
    async fn a_link_works_once_across_processes(url: String) {
        let programs = two_processes(&url).await;
        programs[0].member("ada").await;
        let verification = programs[0].token("verify_email", ADA).await;
        programs[1].post("/password/reset-request", &[], json!({ "email": ADA })).await;
        let reset = programs[1].token("reset_password", ADA).await;
        let database = Database::connect(&url).await;

        let body = json!({ "token": verification });
        let answers = to_both(&programs, "/email/verify-confirm", body).await;
        assert_eq!((count_status(&answers, 200), count_status(&answers, 400)), (1, MANY - 1), "{answers:?}");
        assert_eq!(database.count("users WHERE email_verified").await, 1);

        let body = json!({ "token": reset, "new_password": NEW });
        let answers = to_both(&programs, "/password/reset-confirm", body).await;
        assert_eq!((count_status(&answers, 200), count_status(&answers, 400)), (1, MANY - 1), "{answers:?}");
        assert_eq!(database.count("users WHERE token_version = 1").await, 1);
        assert_eq!(programs[0].login("203.0.113.1", "ada", NEW).await.status, 200);
    }

    async fn processes_share_all_state(url: String) {
        let [one, other] = two_processes(&url).await;
        let cookie = one.member("ada").await;
        assert!(other.accepts(&cookie).await, "a session");

        miss(&one, "ada").await;
        let answer = other.login("203.0.113.2", "ada", PASSWORD).await;
        assert_eq!(answer.status, 429, "a lockout: {answer:?}");
        assert!(answer.header("retry-after").is_some());

        for n in 0..4 {
            let program = if n % 2 == 0 { &one } else { &other };
            let body = crudauth_tests::sign_up(&format!("bob{n}"));
            assert_eq!(program.post("/register", &[], body).await.status, 202);
        }
        let answer = other.post("/register", &[], crudauth_tests::sign_up("eve")).await;
        assert_eq!(answer.status, 429, "an allowance, of which Ada had one: {answer:?}");

        one.post("/password/reset-request", &[], json!({ "email": ADA })).await;
        let token = one.token("reset_password", ADA).await;
        let body = json!({ "token": token, "new_password": NEW });
        assert_eq!(other.post("/password/reset-confirm", &[], body).await.status, 200);
        assert!(!one.accepts(&cookie).await && !other.accepts(&cookie).await, "the end of a session");
    }

    async fn answered_requests_survive_a_kill(url: String) {
        let program = Program::start(&url).await;
        let cookie = program.member("ada").await;
        let used = program.token("verify_email", ADA).await;
        let body = json!({ "token": used });
        assert_eq!(program.post("/email/verify-confirm", &[], body.clone()).await.status, 200);
        program.post("/password/reset-request", &[], json!({ "email": ADA })).await;
        let unused = program.token("reset_password", ADA).await;
        program.post("/register", &[], crudauth_tests::sign_up("bob")).await;
        miss(&program, "bob").await;
        assert_eq!(program.login("203.0.113.2", "bob", PASSWORD).await.status, 429);
        program.kill();

        let program = Program::start(&url).await;
        assert!(program.accepts(&cookie).await, "the session");
        let answer = program.post("/email/verify-confirm", &[], body).await;
        assert_eq!((answer.status, &*answer.detail()), (400, "Token already used"));
        assert_eq!(program.login("203.0.113.3", "bob", PASSWORD).await.status, 429, "the lock");
        assert_eq!(program.get("/billing", &[("cookie", &cookie)]).await.status, 200, "the flag");
        let body = json!({ "token": unused, "new_password": NEW });
        assert_eq!(program.post("/password/reset-confirm", &[], body).await.status, 200);
        program.kill();

        let program = Program::start(&url).await;
        assert!(!program.accepts(&cookie).await, "revoked sessions stay revoked");
        assert_eq!(program.login("203.0.113.4", "ada", PASSWORD).await.status, 401);
        assert!(program.accepts(&session(&program.login("203.0.113.4", "ada", NEW).await)).await);
    }

    async fn a_kill_during_a_reset_leaves_all_or_nothing(url: String) {
        let program = Arc::new(Program::start(&url).await);
        let cookie = program.member("ada").await;
        program.post("/password/reset-request", &[], json!({ "email": ADA })).await;
        let token = program.token("reset_password", ADA).await;
        let body = json!({ "token": token, "new_password": NEW });
        let asked = Arc::clone(&program);
        let request = body.clone();
        let reset = tokio::spawn(async move { asked.try_post("/password/reset-confirm", request).await });
        tokio::time::sleep(std::time::Duration::from_millis(15)).await;
        program.kill_now();
        drop(reset.await.unwrap());

        let program = Program::start(&url).await;
        let is_old = program.login("203.0.113.2", "ada", PASSWORD).await.status == 200;
        let is_new = program.login("203.0.113.2", "ada", NEW).await.status == 200;
        assert!(is_old != is_new, "one password, old or new");
        assert_eq!(program.accepts(&cookie).await, is_old, "sessions go with the old one");
        let again = program.post("/password/reset-confirm", &[], body).await;
        assert_eq!(again.status, if is_old { 200 } else { 400 }, "{again:?}");
    }

    async fn four_processes_start_at_once_on_an_empty_database(url: String) {
        let mut programs: Vec<_> = (0..4).map(|_| Program::begin(&url)).collect();
        for program in &mut programs {
            program.wait().await;
        }
        let cookie = programs[0].member("ada").await;
        for program in &programs {
            assert!(program.accepts(&cookie).await);
        }
    }
}
