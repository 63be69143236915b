//! Creating keys: rules, limits and scopes.

use super::*;

#[tokio::test]
async fn plain_calls_enforce_the_rules_of_the_routes() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    let (key, _) = created_key(&ada, &["reports:read", "reports:write"]).await;
    let token = app.pair("ada").await.access;
    let by_key = async || keyed(&app, &key, Method::POST, "/key-by-hand").await.text;
    let by_token =
        async || app.browser().send_bearer(&token, Method::POST, "/key-by-hand").await.text;
    let by_session = async || ada.post("/key-by-hand", json!({})).await.text;
    assert_eq!(by_key().await, "program credentials cannot create API keys");
    assert_eq!(by_token().await, "reports:read", "its own scopes only");
    assert_eq!(by_session().await, "reports:read reports:write");
    app.clock.advance(Duration::from_secs(601));
    assert_eq!([by_token().await, by_session().await], ["the sign-in is too old"; 2]);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users_api_keys").await, 3);
}

#[tokio::test]
async fn the_owner_is_notified_of_a_new_key() {
    let (auth, app) = App::on(Kind::Sqlite).await.all(Setup::default()).await;
    let ada = app.member("ada").await;
    let (key, _) = created_key(&ada, &[]).await;
    auth.drained().await;
    let mail = app.last_mail(MessageKind::ApiKeyMade, "ada@example.com").await;
    assert!(mail.link.is_none() && !mail.text.contains(&key));
    assert_eq!(create_key(&ada, json!({})).await.status, 422);
    assert_eq!(app.mail_count(MessageKind::ApiKeyMade, "ada@example.com").await, 1);
    for _ in 0..9 {
        created_key(&ada, &[]).await;
    }
    auth.drained().await;
    let mails = app.mail_count(MessageKind::ApiKeyMade, "ada@example.com").await;
    assert_eq!(mails, 9, "with the verification these are ten messages to an unproved address");
}

#[tokio::test]
async fn key_creation_is_rate_limited_and_expired_keys_are_deleted() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    let bob = app.member("bob").await;
    created_key(&bob, &[]).await;
    let short = json!({ "name": "short", "expires_in": 60 });
    for _ in 0..9 {
        assert_eq!(create_key(&ada, json!({})).await.status, 422, "a rejected form is not counted");
        assert_eq!(create_key(&ada, short.clone()).await.status, 201);
        assert_eq!(create_key(&ada, short.clone()).await.status, 201);
        app.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users_api_keys").await, 3);
    assert_eq!(create_key(&ada, short.clone()).await.status, 201);
    assert_eq!(create_key(&ada, short.clone()).await.status, 201);
    let answer = create_key(&ada, short).await;
    assert_eq!((answer.status, answer.header("x-ratelimit-limit")), (429, Some("20")));
}

on_every_database! {
    async fn a_credential_revoked_during_the_request_creates_no_key(app: App) {
        let mut setup = Setup::default();
        setup.bearer.trust_until_expiry = true;
        let (auth, app) = app.all(setup).await;
        let ada = app.member("ada").await;
        let pair = app.pair("ada").await;
        let keys = auth.accounts().api_keys();
        let wanted = NewApiKey::named("cron");
        assert!(app.browser().accepts(&pair.access).await);
        let body = json!({ "name": "cron" });
        let by_token = async || {
            let token = &pair.access;
            let browser = app.browser();
            browser.send_bearer_json(token, Method::POST, "/api-keys", &body).await.status
        };
        assert_eq!(by_token().await, 201);
        assert_eq!(ada.delete("/tokens").await.status, 200);
        assert_eq!(app.browser().send_bearer(&pair.access, Method::GET, "/tokens").await.status, 200);
        assert_eq!(by_token().await, 401, "still trusted, but it creates nothing");

        let cookie = SessionToken::parse(&ada.cookie("session_id").unwrap()).unwrap();
        let principal = auth.accounts().authenticate(&cookie).await.unwrap().unwrap();
        assert!(keys.create(&principal, &wanted).await.is_ok());
        assert_eq!(ada.post("/logout", json!({})).await.status, 200);
        let late = keys.create(&principal, &wanted).await;
        assert!(matches!(late, Err(ApiKeyError::Ended)), "{late:?}");
        assert_eq!(keys.list(&Principal::application(principal.account())).await.unwrap().len(), 2);
        app.clock.advance(Duration::from_secs(3600));
        assert!(keys.create(&Principal::application(principal.account()), &wanted).await.is_ok(), "the app may at any time");
    }
}

#[tokio::test]
async fn a_session_needs_its_csrf_token_to_create_keys() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    let headers = [("content-type", "application/json"), ("x-csrf-token", "")];
    let body = json!({ "name": "cron" }).to_string().into_bytes();
    assert_eq!(ada.send(Method::POST, "/api-keys", &headers, body).await.code(), "csrf-missing");
    let (_, id) = created_key(&ada, &[]).await;
    let path = format!("/api-keys/{id}");
    assert_eq!(ada.send(Method::DELETE, &path, &headers[1..], vec![]).await.status, 403);
    assert_eq!(app.browser().get("/api-keys").await.status, 401);
}

#[tokio::test]
async fn a_token_creates_no_key_with_more_scopes_than_its_own() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let pair = app.program("ada").await;
    let body = json!({ "name": "cron", "scopes": ["reports:write", "reports:read"] });
    let answer =
        app.browser().send_bearer_json(&pair.access, Method::POST, "/api-keys", &body).await;
    assert_eq!((answer.status, &answer.json()["scopes"]), (201, &json!(["reports:read"])));
    let ada = app.signed_in("ada", PASSWORD).await;
    let answer = create_key(&ada, body).await;
    assert_eq!(answer.json()["scopes"], json!(["reports:write", "reports:read"]));
}

#[tokio::test]
async fn a_session_creates_keys_only_after_a_recent_sign_in() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    app.clock.advance(Duration::from_secs(600));
    assert_eq!(create_key(&ada, json!({ "name": "cron" })).await.status, 201);
    app.clock.advance(Duration::from_secs(1));
    let answer = create_key(&ada, json!({ "name": "cron" })).await;
    assert_eq!((answer.status, &*answer.code()), (403, "sign-in-too-old"));
    assert!(ada.is_signed_in().await);
}

#[tokio::test]
async fn a_token_creates_keys_only_after_a_recent_sign_in() {
    let mut trusting = Setup::default();
    trusting.bearer.trust_until_expiry = true;
    for setup in [Setup::default(), trusting] {
        let (_, app) = App::on(Kind::Sqlite).await.all(setup).await;
        let pair = app.program("ada").await;
        let body = json!({ "name": "cron" });
        let create = async |token: &str| {
            let made =
                app.browser().send_bearer_json(token, Method::POST, "/api-keys", &body).await;
            (made.status, made.code())
        };
        app.clock.advance(Duration::from_secs(600));
        assert_eq!(create(&pair.access).await.0, 201);
        app.clock.advance(Duration::from_secs(1));
        let late = (403, "sign-in-too-old".to_owned());
        assert_eq!(create(&pair.access).await, late);
        let refreshed = Pair::of(&app.browser().refresh(&pair.refresh).await);
        assert_eq!(create(&refreshed.access).await, late, "refreshing is no sign-in");
        assert_eq!(
            app.browser().send_bearer(&refreshed.access, Method::GET, "/api-keys").await.status,
            200
        );
    }
}

#[tokio::test]
async fn all_field_errors_of_a_new_key_are_reported_at_once() {
    let mut setup = Setup::default();
    setup.api_keys.max_lifetime = Some(Duration::from_secs(86400));
    let (_, app) = App::on(Kind::Sqlite).await.all(setup).await;
    let ada = app.member("ada").await;
    let fields = async |body: Value| -> Vec<String> {
        let answer = create_key(&ada, body).await;
        assert_eq!(answer.status, 422, "{answer:?}");
        let errors = answer.json()["detail"].as_array().unwrap().clone();
        errors.iter().map(|one| one["loc"][1].as_str().unwrap().to_owned()).collect()
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
    let mut many_fields = json!({ "name": "x" });
    (0..1000).for_each(|n| many_fields[format!("x{n}")] = json!(0));
    assert_eq!(fields(many_fields).await.len(), 8, "the answer is no larger than what was sent");
    let answer = create_key(&ada, json!({ "name": "x" })).await;
    assert!(answer.json()["expires_at"].is_string(), "the longest lifetime");
    let answer = ada.post("/api-keys/x", json!({})).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("DELETE")));
}
