//! Using keys: access, scopes and revocation.

use super::*;

on_every_database! {
    async fn a_key_is_shown_once_and_accepted_in_either_header(app: App) {
        let app = app.with_tokens().await;
        let ada = app.member("ada").await;
        let answer = create_key(&ada, json!({ "name": " cron ", "scopes": ["reports:read", "admin"] })).await;
        assert_eq!((answer.status, answer.header("cache-control")), (201, Some("no-store")));
        let body = answer.json();
        assert_eq!((&body["name"], &body["scopes"]), (&json!("cron"), &json!(["reports:read"])));
        assert_eq!((&body["expires_at"], &body["last_used_at"]), (&json!(null), &json!(null)));
        let key = body["key"].as_str().unwrap();
        assert!(key.starts_with("ca_live_") && key.ends_with(body["hint"].as_str().unwrap()));

        let by_key = keyed(&app, key, Method::GET, "/me").await.json();
        assert_eq!((&by_key["via"], &by_key["scopes"]), (&json!("api_key"), &json!(["reports:read"])));
        let by_bearer = app.browser().send_bearer(key, Method::GET, "/me").await.json();
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

    async fn a_key_ends_by_revocation_or_expiry_and_only_its_owner_revokes_it(app: App) {
        let app = app.with_tokens().await;
        let ada = app.member("ada").await;
        let bob = app.member("bob").await;
        let (key, id) = created_key(&ada, &[]).await;
        let (other, _) = created_key(&ada, &[]).await;
        let path = format!("/api-keys/{id}");
        let answer = bob.delete(&path).await;
        assert_eq!((answer.status, &*answer.detail()), (404, "API key not found."));
        assert!(app.browser().accepts(&key).await);
        assert_eq!(ada.delete(&path).await.status, 200);
        assert!(!app.browser().accepts(&key).await && app.browser().accepts(&other).await);
        assert_eq!(ada.delete(&path).await.status, 404);

        let answer = create_key(&ada, json!({ "name": "short", "expires_in": 3600 })).await.json();
        let short = answer["key"].as_str().unwrap();
        app.clock.advance(Duration::from_secs(1790));
        assert!(ada.is_signed_in().await && app.browser().accepts(short).await);
        app.clock.advance(Duration::from_secs(1790));
        assert!(app.browser().accepts(short).await);
        app.clock.advance(Duration::from_secs(20));
        let answer = keyed(&app, short, Method::GET, "/me").await;
        assert_eq!((answer.status, &*answer.detail()), (401, "Not authenticated"));
        assert!(answer.header("www-authenticate").unwrap().contains("invalid_token"));
        assert!(app.browser().accepts(&other).await);
    }

    async fn concurrent_requests_never_exceed_the_key_cap(app: App) {
        let mut setup = Setup::default();
        setup.api_keys.max_keys = 3;
        let (_, app) = app.all(setup).await;
        let ada = app.member("ada").await;
        let jobs: Vec<_> = (0..16).map(|n| {
            let ada = ada.clone();
            async move { create_key(&ada, json!({ "name": format!("key {n}") })).await }
        }).collect();
        let answers = concurrently(jobs).await;
        assert_eq!((count_status(&answers, 201), count_status(&answers, 409)), (3, 13), "{answers:?}");
        let answer = create_key(&ada, json!({ "name": "one more" })).await;
        assert_eq!(answer.code(), "too-many-api-keys");
        assert_eq!(ada.get("/api-keys").await.json().as_array().unwrap().len(), 3);
    }
}

#[tokio::test]
async fn a_key_cannot_create_or_revoke_credentials() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    let pair = app.pair("ada").await;
    let (key, id) = created_key(&ada, &["reports:read"]).await;
    let unauthenticated = "Not authenticated";
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
        assert_eq!((answer.status, &*answer.detail()), (401, unauthenticated), "{path}");
        assert_eq!(app.browser().send_bearer(&key, method, path).await.status, 401, "{path}");
    }
    assert_eq!(keyed(&app, &key, Method::POST, "/logout").await.status, 200);
    assert!(app.browser().accepts(&key).await, "a key cannot log out");
    assert!(ada.is_signed_in().await && app.browser().accepts(&pair.access).await);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users_api_keys").await, 1);
    assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn an_owner_revokes_all_keys_at_once() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    let bob = app.member("bob").await;
    let (mut keys, (kept, _)) = (Vec::new(), created_key(&bob, &[]).await);
    for _ in 0..3 {
        keys.push(created_key(&ada, &[]).await.0);
    }
    let answer = ada.delete("/api-keys").await;
    assert_eq!((answer.status, &answer.json()["revoked"]), (200, &json!(3)));
    for key in keys {
        assert!(!app.browser().accepts(&key).await);
    }
    assert!(app.browser().accepts(&kept).await);
}

#[tokio::test]
async fn a_key_opens_only_routes_that_accept_keys() {
    let log = Log::listen();
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    app.database.execute("UPDATE users SET is_superuser = TRUE").await;
    let (key, _) = created_key(&ada, &["reports:read"]).await;
    let status = async |path: &str| keyed(&app, &key, Method::GET, path).await.status;
    assert_eq!(status("/reports").await, 200, "its scope");
    assert_eq!(status("/by-key").await, 200, "its transport");
    assert_eq!(status("/by-superuser-key").await, 200, "both gates pass");
    for path in ["/whoami", "/by-superuser"] {
        assert_eq!(status(path).await, 401, "{path}");
        assert_eq!(ada.get(path).await.status, 200, "{path}");
    }
    assert!(log.text().contains("does not accept credentials of that kind"), "{}", log.text());
    assert_eq!(keyed(&app, &key, Method::GET, "/maybe").await.json(), json!(null));
    let token = app.pair("ada").await.access;
    assert_eq!(app.browser().send_bearer(&token, Method::GET, "/by-superuser").await.status, 200);
}

#[tokio::test]
async fn withdrawn_privileges_end_for_keys_and_tokens_at_once() {
    let policy: fn(&Account<User>, &Scopes) -> Scopes =
        |account, asked| if account.is_superuser() { asked.clone() } else { ReportsRead.into() };
    let (_, app) = App::on(Kind::Sqlite).await.all(Setup { policy, ..Setup::default() }).await;
    let ada = app.member("ada").await;
    app.database.execute("UPDATE users SET is_superuser = TRUE").await;
    let (key, _) = created_key(&ada, &["reports:read", "reports:write"]).await;
    let asked = Some("reports:read reports:write");
    let token = Pair::of(&app.browser().request_token("ada", PASSWORD, asked).await).access;
    let status = async |method: Method| {
        let by_key = keyed(&app, &key, method.clone(), "/reports").await.status;
        [by_key, app.browser().send_bearer(&token, method, "/reports").await.status]
    };
    assert_eq!(status(Method::POST).await, [200, 200]);
    app.database.execute("UPDATE users SET is_superuser = FALSE").await;
    assert_eq!(status(Method::POST).await, [403, 403]);
    assert_eq!(status(Method::GET).await, [200, 200], "what is still granted");
}

#[tokio::test]
async fn a_malformed_key_is_an_error_and_an_unknown_key_authenticates_no_one() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    let (key, _) = created_key(&ada, &[]).await;
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
    let answer = app.browser().send_bearer(&wrong, Method::GET, "/me").await;
    assert_eq!(answer.detail(), "Invalid token", "a value without the form of a key is a token");
}

#[tokio::test]
async fn a_key_beside_other_credentials() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    let bob = app.program("bob").await;
    let (key, _) = created_key(&ada, &[]).await;
    let bearer = format!("Bearer {}", bob.access);
    let seen = async |browser: &Browser, headers: &[(&str, &str)], path: &str| {
        let answer = browser.send(Method::GET, path, headers, vec![]).await;
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
async fn a_key_is_neither_stored_nor_logged() {
    let log = Log::listen();
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    let (key, _) = created_key(&ada, &[]).await;
    app.browser().accepts(&key).await;
    let file = "SELECT file FROM pragma_database_list WHERE name = 'main'";
    let path = app.database.text(file).await;
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(std::fs::read(format!("{path}-wal")).unwrap());
    let holds = |what: &str| bytes.windows(what.len()).any(|window| window == what.as_bytes());
    assert!(holds("cron"), "the log has the request");
    assert!(!holds(&key) && !holds(&key[8..40]) && !log.text().contains(&key[8..40]));
}

#[tokio::test]
async fn a_request_with_a_key_costs_one_statement() {
    let app = App::on(Kind::Postgres).await.with_tokens().await;
    let ada = app.member("ada").await;
    let (key, _) = created_key(&ada, &[]).await;
    app.browser().accepts(&key).await;
    app.auth.drained().await;
    let log = Log::listen();
    assert_eq!(keyed(&app, &key, Method::GET, "/by-key").await.status, 200);
    assert_eq!(log.count("sqlx::query"), 1, "{}", log.text());
}
