//! API keys over HTTP: people make them, programs use them, and neither can do what the other may.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

use std::time::Duration;

use crudauth::email::MessageKind;
use crudauth::flow::{ApiKeyError, WantedKey};
use crudauth::{Account, Scopes, Token};
use crudauth_tests::tokens::{Pair, ReportsRead, Setup};
use crudauth_tests::{
    Answer, App, Browser, Kind, Log, PASSWORD, User, at_once, count_of, on_every_database,
};
use poem::http::Method;
use serde_json::{Value, json};

async fn make(who: &Browser, body: Value) -> Answer {
    who.post("/api-keys", body).await
}

async fn made(who: &Browser, scopes: &[&str]) -> (String, String) {
    let answer = make(who, json!({ "name": "cron", "scopes": scopes })).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
    (text("key"), text("id"))
}

/// Sends a request with a key in its own header.
async fn keyed(app: &App, key: &str, method: Method, path: &str) -> Answer {
    app.browser().send(method, path, &[("x-api-key", key)], vec![]).await
}

on_every_database! {
    async fn a_key_is_shown_once_and_known_in_either_header(app: App) {
        let app = app.with_tokens().await;
        let ada = app.member("ada").await;
        let answer = make(&ada, json!({ "name": " cron ", "scopes": ["reports:read", "admin"] })).await;
        assert_eq!((answer.status, answer.header("cache-control")), (201, Some("no-store")));
        let body = answer.json();
        assert_eq!((&body["name"], &body["scopes"]), (&json!("cron"), &json!(["reports:read"])));
        assert_eq!((&body["expires_at"], &body["last_used_at"]), (&json!(null), &json!(null)));
        let key = body["key"].as_str().unwrap();
        assert!(key.starts_with("ca_live_") && key.ends_with(body["hint"].as_str().unwrap()));

        let by_key = keyed(&app, key, Method::GET, "/me").await.json();
        assert_eq!((&by_key["via"], &by_key["scopes"]), (&json!("api_key"), &json!(["reports:read"])));
        let by_bearer = app.browser().bearing(key, Method::GET, "/me").await.json();
        assert_eq!(by_key, by_bearer);
        assert_eq!(keyed(&app, key, Method::POST, "/by-key").await.status, 200, "without CSRF");
        assert_eq!(keyed(&app, key, Method::GET, "/reports").await.status, 200);
        assert_eq!(keyed(&app, key, Method::POST, "/reports").await.code(), "insufficient-scope");
        assert_eq!(keyed(&app, key, Method::GET, "/by-key").await.status, 200);
        assert_eq!(keyed(&app, key, Method::GET, "/by-token").await.status, 401);

        let listed = ada.get("/api-keys").await;
        assert!(!listed.text.contains(key), "it is not shown again");
        let listed = listed.json();
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &body["id"]));
        assert!(listed[0]["last_used_at"].is_string());
    }

    async fn a_key_ends_when_it_is_revoked_or_expires_and_is_its_owner_s_to_end(app: App) {
        let app = app.with_tokens().await;
        let (ada, bob) = (app.member("ada").await, app.member("bob").await);
        let (key, id) = made(&ada, &[]).await;
        let (other, _) = made(&ada, &[]).await;
        let path = format!("/api-keys/{id}");
        let answer = bob.delete(&path).await;
        assert_eq!((answer.status, &*answer.detail()), (404, "API key not found."));
        assert!(app.browser().knows(&key).await);
        assert_eq!(ada.delete(&path).await.status, 200);
        assert!(!app.browser().knows(&key).await && app.browser().knows(&other).await);
        assert_eq!(ada.delete(&path).await.status, 404);

        let answer = make(&ada, json!({ "name": "short", "expires_in": 3600 })).await.json();
        let short = answer["key"].as_str().unwrap();
        app.clock.advance(Duration::from_secs(1790));
        assert!(ada.is_signed_in().await && app.browser().knows(short).await);
        app.clock.advance(Duration::from_secs(1790));
        assert!(app.browser().knows(short).await);
        app.clock.advance(Duration::from_secs(20));
        let answer = keyed(&app, short, Method::GET, "/me").await;
        assert_eq!((answer.status, &*answer.detail()), (401, "Not authenticated"));
        assert!(answer.header("www-authenticate").unwrap().contains("invalid_token"));
        assert!(app.browser().knows(&other).await);
    }

    async fn nobody_gets_more_keys_than_may_be_however_many_are_asked_for_at_once(app: App) {
        let mut setup = Setup::default();
        setup.api_keys.cap = 3;
        let (_, app) = app.all(setup).await;
        let ada = app.member("ada").await;
        let jobs: Vec<_> = (0..16).map(|n| {
            let ada = ada.clone();
            async move { make(&ada, json!({ "name": format!("key {n}") })).await }
        }).collect();
        let answers = at_once(jobs).await;
        assert_eq!((count_of(&answers, 201), count_of(&answers, 409)), (3, 13), "{answers:?}");
        let answer = make(&ada, json!({ "name": "one more" })).await;
        assert_eq!(answer.code(), "too-many-api-keys");
        assert_eq!(ada.get("/api-keys").await.json().as_array().unwrap().len(), 3);
    }
}

#[tokio::test]
async fn a_key_makes_and_ends_nothing_of_its_owner_s() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    let pair = app.pair("ada").await;
    let (key, id) = made(&ada, &["reports:read"]).await;
    let nobody = "Not authenticated";
    for (method, path) in [
        (Method::GET, "/api-keys"),
        (Method::POST, "/api-keys"),
        (Method::DELETE, "/api-keys"),
        (Method::DELETE, &*format!("/api-keys/{id}")),
        (Method::GET, "/tokens"),
        (Method::DELETE, "/tokens"),
        (Method::GET, "/sessions"),
        (Method::POST, "/logout-all"),
        (Method::POST, "/change-password"),
        (Method::POST, "/set-password"),
        (Method::POST, "/email/change-request"),
    ] {
        let answer = keyed(&app, &key, method.clone(), path).await;
        assert_eq!((answer.status, &*answer.detail()), (401, nobody), "{path}");
        assert_eq!(app.browser().bearing(&key, method, path).await.status, 401, "{path}");
    }
    assert_eq!(keyed(&app, &key, Method::POST, "/logout").await.status, 200);
    assert!(app.browser().knows(&key).await, "logging out is no business of a key");
    assert!(ada.is_signed_in().await && app.browser().knows(&pair.access).await);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users_api_keys").await, 1);
    assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn what_holds_for_keys_holds_without_the_route() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    let (key, _) = made(&ada, &["reports:read", "reports:write"]).await;
    let token = app.pair("ada").await.access;
    let by_key = async || keyed(&app, &key, Method::POST, "/key-by-hand").await.text;
    let by_token = async || app.browser().bearing(&token, Method::POST, "/key-by-hand").await.text;
    let by_session = async || ada.post("/key-by-hand", json!({})).await.text;
    assert_eq!(by_key().await, "a program makes no keys");
    assert_eq!(by_token().await, "reports:read", "no more than it may itself");
    assert_eq!(by_session().await, "reports:read reports:write");
    app.clock.advance(Duration::from_secs(601));
    assert_eq!([by_token().await, by_session().await], ["the sign-in is too long ago"; 2]);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users_api_keys").await, 3);
}

#[tokio::test]
async fn an_owner_ends_all_keys_at_once() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let (mut keys, (kept, _)) = (Vec::new(), made(&bob, &[]).await);
    for _ in 0..3 {
        keys.push(made(&ada, &[]).await.0);
    }
    let answer = ada.delete("/api-keys").await;
    assert_eq!((answer.status, &answer.json()["revoked"]), (200, &json!(3)));
    for key in keys {
        assert!(!app.browser().knows(&key).await);
    }
    assert!(app.browser().knows(&kept).await);
}

#[tokio::test]
async fn a_key_opens_only_what_asks_for_it() {
    let log = Log::listen();
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    app.database.execute("UPDATE users SET is_superuser = TRUE").await;
    let (key, _) = made(&ada, &["reports:read"]).await;
    let status = async |path: &str| keyed(&app, &key, Method::GET, path).await.status;
    assert_eq!(status("/reports").await, 200, "its scope");
    assert_eq!(status("/by-key").await, 200, "its transport");
    assert_eq!(status("/by-superuser-s-key").await, 200, "both gates say so");
    for path in ["/whoami", "/by-superuser"] {
        assert_eq!(status(path).await, 401, "{path}");
        assert_eq!(ada.get(path).await.status, 200, "{path}");
    }
    assert!(log.text().contains("does not look at credentials of that kind"), "{}", log.text());
    assert_eq!(keyed(&app, &key, Method::GET, "/maybe").await.json(), json!(null));
    let token = app.pair("ada").await.access;
    assert_eq!(app.browser().bearing(&token, Method::GET, "/by-superuser").await.status, 200);
}

#[tokio::test]
async fn the_owner_is_told_of_a_key_that_is_made() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    let (key, _) = made(&ada, &[]).await;
    let mail = app.mailed(MessageKind::ApiKeyMade, "ada@example.com").await;
    assert!(mail.link.is_none() && !mail.text.contains(&key));
    assert_eq!(make(&ada, json!({})).await.status, 422);
    assert_eq!(app.count_mailed(MessageKind::ApiKeyMade, "ada@example.com").await, 1);
    for _ in 0..9 {
        made(&ada, &[]).await;
    }
    let told = app.count_mailed(MessageKind::ApiKeyMade, "ada@example.com").await;
    assert_eq!(told, 5, "an address may be a stranger's: it is not flooded");
}

#[tokio::test]
async fn keys_are_made_as_often_as_is_allowed_and_expired_ones_do_not_pile_up() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    let bob = app.member("bob").await;
    made(&bob, &[]).await;
    let short = json!({ "name": "short", "expires_in": 60 });
    for _ in 0..9 {
        assert_eq!(make(&ada, json!({})).await.status, 422, "counts for nothing");
        assert_eq!(make(&ada, short.clone()).await.status, 201);
        assert_eq!(make(&ada, short.clone()).await.status, 201);
        app.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users_api_keys").await, 3);
    assert_eq!(make(&ada, short.clone()).await.status, 201);
    assert_eq!(make(&ada, short.clone()).await.status, 201);
    let answer = make(&ada, short).await;
    assert_eq!((answer.status, answer.header("x-ratelimit-limit")), (429, Some("20")));
}

on_every_database! {
    async fn what_has_ended_while_it_asked_makes_no_key(app: App) {
        let mut setup = Setup::default();
        setup.bearer.trust_until_expiry = true;
        let (auth, app) = app.all(setup).await;
        let ada = app.member("ada").await;
        let pair = app.pair("ada").await;
        let (keys, wanted) = (auth.accounts().api_keys(), WantedKey::named("cron"));
        assert!(app.browser().knows(&pair.access).await);
        let body = json!({ "name": "cron" });
        let by_token = async || {
            let (token, browser) = (&pair.access, app.browser());
            browser.bearing_json(token, Method::POST, "/api-keys", &body).await.status
        };
        assert_eq!(by_token().await, 201);
        assert_eq!(ada.delete("/tokens").await.status, 200);
        assert_eq!(app.browser().bearing(&pair.access, Method::GET, "/tokens").await.status, 200);
        assert_eq!(by_token().await, 401, "it is still trusted, and makes nothing that lasts");

        let cookie = Token::parse(&ada.cookie("session_id").unwrap()).unwrap();
        let visit = auth.accounts().authenticate(&cookie).await.unwrap().unwrap();
        assert!(keys.create(&visit, &wanted).await.is_ok());
        assert_eq!(ada.post("/logout", json!({})).await.status, 200);
        let late = keys.create(&visit, &wanted).await;
        assert!(matches!(late, Err(ApiKeyError::Moved)), "{late:?}");
        assert_eq!(keys.list(&visit.account).await.unwrap().len(), 2);
        app.clock.advance(Duration::from_secs(3600));
        assert!(keys.create(&visit.account, &wanted).await.is_ok(), "the app may at any time");
    }
}

#[tokio::test]
async fn a_session_makes_keys_with_its_csrf_token_only() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    let headers = [("content-type", "application/json"), ("x-csrf-token", "")];
    let body = json!({ "name": "cron" }).to_string().into_bytes();
    assert_eq!(ada.send(Method::POST, "/api-keys", &headers, body).await.code(), "csrf-missing");
    let (_, id) = made(&ada, &[]).await;
    let path = format!("/api-keys/{id}");
    assert_eq!(ada.send(Method::DELETE, &path, &headers[1..], vec![]).await.status, 403);
    assert_eq!(app.browser().get("/api-keys").await.status, 401);
}

#[tokio::test]
async fn a_token_makes_no_key_that_may_do_more_than_itself() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let pair = app.program("ada").await;
    let body = json!({ "name": "cron", "scopes": ["reports:write", "reports:read"] });
    let answer = app.browser().bearing_json(&pair.access, Method::POST, "/api-keys", &body).await;
    assert_eq!((answer.status, &answer.json()["scopes"]), (201, &json!(["reports:read"])));
    let ada = app.signed_in("ada", PASSWORD).await;
    let answer = make(&ada, body).await;
    assert_eq!(answer.json()["scopes"], json!(["reports:write", "reports:read"]));
}

#[tokio::test]
async fn what_is_withdrawn_from_its_owner_is_gone_from_a_key_and_a_token_at_once() {
    let policy: fn(&Account<User>, &Scopes) -> Scopes =
        |account, asked| if account.is_superuser() { asked.clone() } else { ReportsRead.into() };
    let (_, app) = App::on(Kind::Sqlite).await.all(Setup { policy, ..Setup::default() }).await;
    let ada = app.member("ada").await;
    app.database.execute("UPDATE users SET is_superuser = TRUE").await;
    let (key, _) = made(&ada, &["reports:read", "reports:write"]).await;
    let asked = Some("reports:read reports:write");
    let token = Pair::of(&app.browser().ask_token("ada", PASSWORD, asked).await).access;
    let status = async |method: Method| {
        let by_key = keyed(&app, &key, method.clone(), "/reports").await.status;
        [by_key, app.browser().bearing(&token, method, "/reports").await.status]
    };
    assert_eq!(status(Method::POST).await, [200, 200]);
    app.database.execute("UPDATE users SET is_superuser = FALSE").await;
    assert_eq!(status(Method::POST).await, [403, 403]);
    assert_eq!(status(Method::GET).await, [200, 200], "what is still granted");
}

#[tokio::test]
async fn a_session_makes_keys_only_shortly_after_its_owner_has_signed_in() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    app.clock.advance(Duration::from_secs(600));
    assert_eq!(make(&ada, json!({ "name": "cron" })).await.status, 201);
    app.clock.advance(Duration::from_secs(1));
    let answer = make(&ada, json!({ "name": "cron" })).await;
    assert_eq!((answer.status, &*answer.code()), (403, "sign-in-too-old"));
    assert!(ada.is_signed_in().await);
}

#[tokio::test]
async fn a_token_makes_keys_only_shortly_after_its_owner_has_signed_in() {
    let mut trusting = Setup::default();
    trusting.bearer.trust_until_expiry = true;
    for setup in [Setup::default(), trusting] {
        let (_, app) = App::on(Kind::Sqlite).await.all(setup).await;
        let pair = app.program("ada").await;
        let body = json!({ "name": "cron" });
        let make = async |token: &str| {
            let made = app.browser().bearing_json(token, Method::POST, "/api-keys", &body).await;
            (made.status, made.code())
        };
        app.clock.advance(Duration::from_secs(600));
        assert_eq!(make(&pair.access).await.0, 201);
        app.clock.advance(Duration::from_secs(1));
        let late = (403, "sign-in-too-old".to_owned());
        assert_eq!(make(&pair.access).await, late);
        let refreshed = Pair::of(&app.browser().refresh(&pair.refresh).await);
        assert_eq!(make(&refreshed.access).await, late, "refreshing is no sign-in");
        assert_eq!(
            app.browser().bearing(&refreshed.access, Method::GET, "/api-keys").await.status,
            200
        );
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_wish_is_told_at_once() {
    let mut setup = Setup::default();
    setup.api_keys.longest = Some(Duration::from_secs(86400));
    let (_, app) = App::on(Kind::Sqlite).await.all(setup).await;
    let ada = app.member("ada").await;
    let fields = async |body: Value| -> Vec<String> {
        let answer = make(&ada, body).await;
        assert_eq!(answer.status, 422, "{answer:?}");
        let told = answer.json()["detail"].as_array().unwrap().clone();
        told.iter().map(|one| one["loc"][1].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(fields(json!({})).await, ["name"]);
    assert_eq!(
        fields(json!({ "name": 3, "scopes": "x", "expires_in": -1 })).await,
        ["name", "scopes", "expires_in"]
    );
    assert_eq!(fields(json!({ "name": "x", "scopes": ["a b"] })).await, ["scopes"]);
    let many: Vec<_> = (0..=64).map(|n| format!("scope{n}")).collect();
    assert_eq!(fields(json!({ "name": "x", "scopes": many })).await, ["scopes"]);
    for name in ["", "  ", &"x".repeat(65), "a\tb", "a\u{202e}b", "a\u{0}b"] {
        assert_eq!(fields(json!({ "name": name })).await, ["name"], "{name:?}");
    }
    for seconds in [json!(0), json!(59), json!(86401), json!(u64::MAX), json!(1.5), json!("60")] {
        assert_eq!(fields(json!({ "name": "x", "expires_in": seconds })).await, ["expires_in"]);
    }
    let misspelt = json!({ "name": "x", "expires_in_days": 3 });
    assert_eq!(fields(misspelt).await, ["expires_in_days"], "it would never expire");
    let mut crowd = json!({ "name": "x" });
    (0..1000).for_each(|n| crowd[format!("x{n}")] = json!(0));
    assert_eq!(fields(crowd).await.len(), 8, "the answer is no larger than what was sent");
    let answer = make(&ada, json!({ "name": "x" })).await;
    assert!(answer.json()["expires_at"].is_string(), "as long as may be");
    let answer = ada.post("/api-keys/x", json!({})).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("DELETE")));
}

#[tokio::test]
async fn a_key_that_is_none_is_told_so_and_one_that_nobody_has_is_nobody_s() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    let (key, _) = made(&ada, &[]).await;
    let junk = async |key: &str| {
        let answer = keyed(&app, key, Method::GET, "/me").await;
        assert_eq!(answer.status, 401, "{answer:?}");
        assert!(answer.header("www-authenticate").unwrap().contains("invalid_token"));
        answer.detail()
    };
    let wrong = format!("{}{}", &key[..key.len() - 1], if key.ends_with('0') { "1" } else { "0" });
    for text in [
        "junk",
        "",
        &wrong,
        &key[1..],
        &format!("{key}0"),
        &key.to_uppercase(),
        "\u{e9}",
        &"x".repeat(20_000),
    ] {
        assert_eq!(junk(text).await, "Invalid API key", "{text:.80}");
    }
    assert_eq!(keyed(&app, &format!(" {key} "), Method::GET, "/me").await.status, 200);
    app.database.execute("DELETE FROM users_api_keys").await;
    assert_eq!(junk(&key).await, "Not authenticated");
    let answer = app.browser().bearing(&wrong, Method::GET, "/me").await;
    assert_eq!(answer.detail(), "Invalid token", "what has not the form of a key is to be a token");
}

#[tokio::test]
async fn a_key_beside_other_credentials() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let (ada, bob) = (app.member("ada").await, app.program("bob").await);
    let (key, _) = made(&ada, &[]).await;
    let bearer = format!("Bearer {}", bob.access);
    let seen = async |who: &Browser, headers: &[(&str, &str)], path: &str| {
        let answer = who.send(Method::GET, path, headers, vec![]).await;
        if answer.status == 200 { answer.json() } else { json!(answer.detail()) }
    };
    let stranger = app.browser();
    let both = [("x-api-key", &*key), ("authorization", &*bearer)];
    assert_eq!(
        seen(&stranger, &both, "/whoami").await,
        json!(["bob", "bearer"]),
        "as they are named"
    );
    assert_eq!(seen(&stranger, &both, "/by-key").await, json!(["ada", "api_key"]));
    assert_eq!(seen(&stranger, &both, "/by-token").await, json!(["bob", "bearer"]));
    assert_eq!(seen(&ada, &both, "/whoami").await, json!(["ada", "session"]));
    let junk = [("x-api-key", "junk"), ("authorization", &*bearer)];
    assert_eq!(seen(&stranger, &junk, "/whoami").await, json!(["bob", "bearer"]), "unseen");
    let junk = [("x-api-key", &*key), ("authorization", "Bearer junk")];
    assert_eq!(seen(&stranger, &junk, "/whoami").await, json!("Invalid token"));
    assert_eq!(seen(&stranger, &junk, "/by-key").await, json!(["ada", "api_key"]));
}

#[tokio::test]
async fn a_key_may_be_trusted_to_no_store_and_no_log() {
    let log = Log::listen();
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    let (key, _) = made(&ada, &[]).await;
    app.browser().knows(&key).await;
    let file = "SELECT file FROM pragma_database_list WHERE name = 'main'";
    let path = app.database.text(file).await;
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(std::fs::read(format!("{path}-wal")).unwrap());
    let holds = |what: &str| bytes.windows(what.len()).any(|window| window == what.as_bytes());
    assert!(holds("cron"), "this is where it would be");
    assert!(!holds(&key) && !holds(&key[8..40]) && !log.text().contains(&key[8..40]));
}

#[tokio::test]
async fn a_request_with_a_key_costs_one_statement() {
    let app = App::on(Kind::Postgres).await.with_tokens().await;
    let ada = app.member("ada").await;
    let (key, _) = made(&ada, &[]).await;
    app.browser().knows(&key).await;
    app.auth.drained().await;
    let log = Log::listen();
    assert_eq!(keyed(&app, &key, Method::GET, "/by-key").await.status, 200);
    assert_eq!(log.count("sqlx::query"), 1, "{}", log.text());
}
