//! Requesting tokens and using one.

use std::time::Duration;

use crudauth_tests::tokens::{Pair, Setup};
use crudauth_tests::{App, FRONTEND, Kind, Log, PASSWORD, on_every_database};
use poem::http::Method;
use serde_json::json;

on_every_database! {
    async fn a_program_gets_tokens_and_authenticates_with_them(app: App) {
        let app = app.with_tokens().await;
        app.register("ada").await;
        let answer = app.browser().request_token("ada", PASSWORD, None).await;
        assert_eq!((answer.status, answer.set_cookies()), (200, vec![]));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let body = answer.json();
        assert_eq!(body["token_type"], "bearer");
        assert_eq!((&body["expires_in"], &body["scope"]), (&json!(900), &json!("reports:read")));
        let pair = Pair::of(&answer);
        let me = app.browser().send_bearer(&pair.access, Method::GET, "/me").await.json();
        assert_eq!((&me["username"], &me["via"]), (&json!("ada"), &json!("bearer")));
        assert_eq!(me["scopes"], json!(["reports:read"]));
        assert!(!app.browser().accepts(&pair.refresh).await, "a refresh token opens nothing");
    }

    async fn an_access_token_works_for_its_lifetime(app: App) {
        let app = app.with_tokens().await;
        let pair = app.program("ada").await;
        app.clock.advance(Duration::from_secs(899));
        assert!(app.browser().accepts(&pair.access).await);
        app.clock.advance(Duration::from_secs(1));
        let answer = app.browser().send_bearer(&pair.access, Method::GET, "/me").await;
        assert_eq!((answer.status, &*answer.detail()), (401, "Not authenticated"));
        let challenge = r#"Bearer realm="accounts", error="invalid_token""#;
        assert_eq!(answer.header("www-authenticate"), Some(challenge));
    }
}

#[tokio::test]
async fn a_cross_site_page_cannot_lock_out_its_visitors() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    app.register("ada").await;
    let visitor = app.browser();
    let request = async |name: &str, headers: &[(&str, &str)]| {
        let form = [("username", name), ("password", PASSWORD)];
        visitor.request_token_with(&form, headers).await
    };
    let stranger = [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")];
    for n in 0..20 {
        request(&format!("unknown{n}"), &stranger).await;
    }
    assert_eq!(request("ada", &[]).await.status, 200, "their network is not locked");
    assert_eq!(request("ada", &stranger).await.status, 429, "the header grants no more attempts");
    let own = [("sec-fetch-site", "cross-site"), ("origin", FRONTEND)];
    for n in 0..20 {
        request(&format!("unknown{n}"), &own).await;
    }
    assert_eq!(
        request("ada", &[]).await.status,
        429,
        "requests of trusted pages count for their network"
    );
}

#[tokio::test]
async fn an_optional_user_must_still_pass_the_gates() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let ada = app.member("ada").await;
    assert_eq!(ada.get("/maybe-by-token").await.json(), json!(null), "the session is ignored");
    let seen = async |scope: &str| {
        let asked = app.browser().request_token("ada", PASSWORD, Some(scope)).await;
        let token = Pair::of(&asked).access;
        app.browser().send_bearer(&token, Method::GET, "/maybe-by-token").await
    };
    assert_eq!(seen("reports:read").await.json(), json!("ada"));
    assert_eq!(seen("reports:write").await.code(), "insufficient-scope");
}

#[tokio::test]
async fn a_rejected_sign_in_gets_no_token_and_the_answer_of_login() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    app.register("ada").await;
    app.register("bob").await;
    app.database.execute("UPDATE users SET is_active = FALSE WHERE username = 'bob'").await;
    let mut looks = Vec::new();
    for (name, password) in [("ada", "wrong-one"), ("unknown", PASSWORD), ("bob", PASSWORD)] {
        let answer = app.browser().request_token(name, password, None).await;
        assert_eq!((answer.status, &*answer.detail()), (401, "Incorrect username or password"));
        looks.push(answer.comparable());
    }
    assert!(looks.windows(2).all(|pair| pair[0] == pair[1]));
    let (status, body, mut headers) = looks.remove(0);
    headers.retain(|(name, _)| name != "www-authenticate");
    assert_eq!(
        (status, body, headers),
        app.browser().login("unknown", PASSWORD).await.comparable()
    );
    let missing = app.browser().post("/refresh", json!({})).await;
    for answer in [missing, app.browser().refresh("junk").await] {
        let challenge = answer.header("www-authenticate");
        assert_eq!((answer.status, challenge), (401, Some("Bearer realm=\"accounts\"")));
    }
}

#[tokio::test]
async fn the_form_is_validated_before_the_account_lookup() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    app.register("ada").await;
    let browser = app.browser();
    let right = [("username", "ada"), ("password", PASSWORD)];
    let with = |more: &[(&'static str, &'static str)]| [&right[..], more].concat();
    for fine in [
        with(&[("grant_type", "password")]),
        with(&[("grant_type", "")]),
        with(&[("remember_me", "perhaps"), ("client_id", "x"), ("client_secret", "y")]),
    ] {
        assert_eq!(browser.request_token_with(&fine, &[]).await.status, 200, "{fine:?}");
    }
    let answer = browser.request_token_with(&with(&[("grant_type", "refresh_token")]), &[]).await;
    assert_eq!(
        (answer.status, answer.json()["detail"][0]["loc"][1].clone()),
        (422, json!("grant_type"))
    );
    assert_eq!(answer.json()["detail"][0]["type"], "string_pattern_mismatch");
    let answer = browser.post("/token", json!({ "username": "ada", "password": PASSWORD })).await;
    assert_eq!(
        (answer.status, answer.json()["detail"][0]["type"].clone()),
        (422, json!("missing"))
    );
    let answer = browser.get("/token").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
}

#[tokio::test]
async fn a_header_is_the_scheme_one_space_and_a_token() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let access = app.program("ada").await.access;
    let browser = app.browser();
    let seen = async |line: &str| {
        let answer = browser.send(Method::GET, "/me", &[("authorization", line)], vec![]).await;
        (answer.status, if answer.status == 200 { String::new() } else { answer.detail() })
    };
    for line in
        [format!("Bearer {access}"), format!("bEARER {access}"), format!("Bearer {access}  ")]
    {
        assert_eq!(seen(&line).await.0, 200, "{line}");
    }
    for line in [
        format!("Bearer  {access}"),
        format!("Bearer {access}, {access}"),
        format!("Bearer {access} x"),
        format!("Bearer \"{access}\""),
        "Bearer x".to_owned(),
        "Bearer \u{e9}".to_owned(),
    ] {
        assert_eq!(seen(&line).await, (401, "Invalid token".to_owned()), "{line}");
    }
    for line in ["", "Bearer", "bearer\tx", "Basic YTpi", &access, &format!("JWT {access}")] {
        assert_eq!(seen(line).await, (401, "Not authenticated".to_owned()), "{line}");
    }
    let answer = browser.get(&format!("/me?access_token={access}&token={access}")).await;
    assert_eq!(answer.status, 401, "credentials in a URL are ignored");
    let lines = [("authorization", "Basic YTpi"), ("authorization", &*format!("Bearer {access}"))];
    assert_eq!(
        browser.send(Method::GET, "/me", &lines, vec![]).await.status,
        401,
        "the first of two"
    );
}

#[tokio::test]
async fn a_token_request_costs_one_statement_or_none_if_trusted() {
    let app = App::on(Kind::Postgres).await;
    let mut trusting = Setup::default();
    trusting.bearer.trust_until_expiry = true;
    let checking = app.with_tokens().await;
    let trusting = app.all(trusting).await.1;
    let access = checking.program("ada").await.access;
    app.auth.drained().await;
    let log = Log::listen();
    let cost = async |app: &App| {
        let before = log.count("sqlx::query");
        assert_eq!(app.browser().send_bearer(&access, Method::GET, "/whoami").await.status, 200);
        log.count("sqlx::query") - before
    };
    assert_eq!((cost(&checking).await, cost(&checking).await), (1, 1));
    assert_eq!((cost(&trusting).await, cost(&trusting).await), (1, 0));
    app.database.execute("UPDATE users SET is_active = FALSE").await;
    assert!(!checking.browser().accepts(&access).await);
    assert!(trusting.browser().accepts(&access).await, "the cost with a lookup");
    app.clock.advance(Duration::from_secs(900));
    assert!(!trusting.browser().accepts(&access).await);
}

#[tokio::test]
async fn tokens_are_neither_stored_nor_logged() {
    let log = Log::listen();
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let pair = app.program("ada").await;
    let next = Pair::of(&app.browser().refresh(&pair.refresh).await);
    app.browser().refresh(&pair.refresh).await;
    app.browser().accepts(&next.access).await;
    let file = "SELECT file FROM pragma_database_list WHERE name = 'main'";
    let path = app.database.text(file).await;
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(std::fs::read(format!("{path}-wal")).unwrap());
    let holds = |what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
    assert!(holds(b"reports:read"), "the log has the request");
    for secret in [&pair.access, &pair.refresh, &next.access, &next.refresh] {
        assert!(!holds(secret.as_bytes()) && !log.text().contains(&**secret));
        // A part of a token must not appear either.
        let tail = &secret[secret.len() - 20..];
        assert!(!holds(tail.as_bytes()) && !log.text().contains(tail));
    }
}
