//! The helpers in `crudauth::testing` for tests of an app.

use std::sync::Arc;
use std::time::Duration;

use crudauth::testing::{App, Client, ManualClock, MessageKind, RecordingSender, cheap_hashing};
use crudauth::{
    ApiKeyConfig, BearerConfig, CookieConfig, CurrentUser, EmailConfig, Scope, Scopes,
    SessionConfig, Verified,
};
use crudauth_tests::{AppBuilder, Auth, Database, FRONTEND, Kind, PASSWORD, SECRET, User, sign_up};
use poem::http::{Method, StatusCode};
use poem::test::TestClient;
use poem::web::Json;
use poem::{Body, EndpointExt, Request, Route, get, handler};
use serde_json::{Value, json};
use sqlx::{Sqlite, SqlitePool};

/// An app under test with its clock and database.
struct Tested {
    app: App<Auth>,
    clock: Arc<ManualClock>,
    pool: SqlitePool,
}

#[handler]
async fn whoami(user: CurrentUser<Auth>) -> Json<Value> {
    Json(json!({ "name": user.username }))
}

#[handler]
async fn billing(_: CurrentUser<Auth, Verified>) -> &'static str {
    "ok"
}

#[handler]
async fn echo(request: &Request, _: CurrentUser<Auth>, body: Body) -> String {
    let content_type = request.content_type().unwrap_or("-").to_owned();
    format!("{} {content_type} {}", request.method(), body.into_string().await.unwrap())
}

#[handler]
async fn cookies(request: &Request) -> String {
    request.header("cookie").unwrap_or("-").to_owned()
}

async fn tested() -> Tested {
    tested_with(|builder| builder).await
}

async fn tested_with(set: impl FnOnce(AppBuilder<Sqlite>) -> AppBuilder<Sqlite>) -> Tested {
    let (Database::Sqlite(pool), _) = Database::create(Kind::Sqlite).await else { unreachable!() };
    crudauth::migrations!(User).run(&pool).await.unwrap();
    let mails = RecordingSender::default();
    let clock = Arc::new(ManualClock::default());
    let builder = Auth::builder(pool.clone(), SECRET)
        .email(EmailConfig::new(mails.clone(), FRONTEND))
        .hashing(cheap_hashing())
        .clock(clock.clone());
    let auth = set(builder).build().await.unwrap();
    let routes = Route::new()
        .nest("/accounts", auth.routes())
        .at("/whoami", get(whoami))
        .at("/billing", get(billing))
        .at("/echo", get(echo).post(echo).put(echo).patch(echo).delete(echo))
        .at("/cookies", get(cookies))
        .with(auth.clone());
    Tested { app: App::new(&auth, routes).mails(&mails), clock, pool }
}

async fn login(client: &Client, name: &str, password: &str) -> u16 {
    let form = [("username", name), ("password", password)];
    client.post_form("/accounts/login", form).await.status
}

#[tokio::test]
async fn signed_up_signs_in_that_client_only() {
    let Tested { app, .. } = tested().await;
    let ada = app.signed_up(sign_up("ada")).await;
    assert_eq!(ada.get("/whoami").await.expect_status(200).json()["name"], "ada");
    app.client().get("/whoami").await.expect_status(401);
    let bob = app.signed_up(sign_up("bob")).await;
    assert_eq!(bob.get("/whoami").await.json()["name"], "bob");
    assert_eq!(ada.get("/whoami").await.json()["name"], "ada");
}

#[tokio::test]
async fn an_existing_account_signs_in_by_any_identifier() {
    let Tested { app, .. } = tested().await;
    app.signed_up(sign_up("ada")).await;
    for name in ["ada", "ada@example.com"] {
        app.signed_in(name, PASSWORD).await.get("/whoami").await.expect_status(200);
    }
    let by_hand = app.client();
    assert_eq!(login(&by_hand, "ada", "not-the-password").await, 401);
    assert_eq!(by_hand.session_cookie(), None);
    assert_eq!(login(&by_hand, "ada", PASSWORD).await, 200);
    by_hand.get("/whoami").await.expect_status(200);
}

#[tokio::test]
#[should_panic(expected = "invalid sign-up")]
async fn a_sign_up_with_field_errors_panics_and_names_them() {
    tested().await.app.signed_up(json!({ "email": "ada", "username": "ada" })).await;
}

#[tokio::test]
async fn the_csrf_token_is_sent_unless_disabled() {
    let Tested { app, .. } = tested().await;
    let ada = app.signed_up(sign_up("ada")).await;
    ada.post("/echo", "hello").await.expect_status(200);
    let from_another_site = ada.clone().without_csrf();
    assert_eq!(from_another_site.post("/echo", "hello").await.code(), "csrf-missing");
    from_another_site.get("/echo").await.expect_status(200);
    let forged = Request::builder()
        .method(Method::POST)
        .uri_str("/echo")
        .header("x-csrf-token", "forged")
        .finish();
    assert_eq!(ada.send(forged).await.code(), "csrf-invalid");
    ada.forget_cookie("csrf_token");
    assert_eq!(ada.post("/echo", "hello").await.code(), "csrf-missing");
}

#[tokio::test]
async fn every_method_arrives_with_its_body() {
    let Tested { app, .. } = tested().await;
    let ada = app.signed_up(sign_up("ada")).await;
    assert_eq!(ada.get("/echo?page=2").await.text(), "GET - ");
    let body = json!({ "a": 1 });
    let json = "application/json";
    let form = "application/x-www-form-urlencoded";
    assert_eq!(ada.post("/echo", &body).await.text(), format!("POST {json} {body}"));
    assert_eq!(ada.put("/echo", &body).await.text(), format!("PUT {json} {body}"));
    assert_eq!(ada.patch("/echo", &body).await.text(), format!("PATCH {json} {body}"));
    assert_eq!(ada.delete("/echo").await.text(), "DELETE - ");
    let answer = ada.post_form("/echo", [("a", "b c")]).await;
    assert_eq!(answer.text(), format!("POST {form} a=b+c"));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.bytes(), answer.text().as_bytes());
}

#[tokio::test]
async fn a_logout_clears_the_cookies_and_keeps_the_device_known() {
    let Tested { app, .. } = tested().await;
    let ada = app.signed_up(sign_up("ada")).await;
    assert!(ada.session_cookie().is_some());
    ada.post("/accounts/logout", ()).await.expect_status(200);
    assert_eq!((ada.session_cookie(), ada.cookie("csrf_token")), (None, None));
    assert!(ada.cookie("known_device").is_some());
    ada.get("/whoami").await.expect_status(401);
}

#[tokio::test]
async fn a_session_ends_by_the_manual_clock() {
    let Tested { app, clock, .. } = tested().await;
    let ada = app.signed_up(sign_up("ada")).await;
    let idle = SessionConfig::default().idle_timeout;
    clock.advance(idle - Duration::from_secs(1));
    ada.get("/whoami").await.expect_status(200);
    clock.advance(idle + Duration::from_secs(1));
    ada.get("/whoami").await.expect_status(401);
    assert!(ada.session_cookie().is_some(), "the browser does not know yet");
}

#[tokio::test]
async fn a_verified_address_passes_the_verified_gate() {
    let Tested { app, .. } = tested().await;
    let ada = app.signed_up(sign_up("ada")).await;
    assert_eq!(ada.get("/billing").await.code(), "not-verified");
    app.verified(sign_up("bob")).await.get("/billing").await.expect_status(200);
    let token = app.last_token(MessageKind::VerifyEmail, "ada@example.com").await;
    let body = json!({ "token": token });
    ada.post("/accounts/email/verify-confirm", &body).await.expect_status(200);
    ada.get("/billing").await.expect_status(200);
}

#[tokio::test]
async fn mails_are_available_immediately() {
    let Tested { app, .. } = tested().await;
    app.signed_up(sign_up("ada")).await;
    let visitor = app.client();
    let body = json!({ "email": "ada@example.com" });
    visitor.post("/accounts/password/reset-request", &body).await.expect_status(200);
    let kind = MessageKind::ResetPassword;
    let to = "ada@example.com";
    let link = app.last_link(kind, to).await;
    assert!(link.starts_with(&format!("{FRONTEND}/reset-password?token=")), "{link}");
    assert_eq!(app.last_mail(kind, to).await.link, Some(link));
    let body =
        json!({ "token": app.last_token(kind, to).await, "new_password": "third-strong-one" });
    visitor.post("/accounts/password/reset-confirm", &body).await.expect_status(200);
    app.signed_in("ada", "third-strong-one").await.get("/whoami").await.expect_status(200);
}

#[tokio::test]
#[should_panic(expected = "no ResetPassword to ada@example.com")]
async fn a_missing_mail_panics() {
    tested().await.app.last_mail(MessageKind::ResetPassword, "ada@example.com").await;
}

#[tokio::test]
async fn cookies_follow_the_cookie_config() {
    let renamed = |builder: AppBuilder<Sqlite>| {
        builder.cookies(CookieConfig::default().hardened().csrf("__Host-guard"))
    };
    let Tested { app, .. } = tested_with(renamed).await;
    let ada = app.signed_up(sign_up("ada")).await;
    assert!(ada.cookie("__Host-session_id").is_some());
    ada.post("/echo", "hello").await.expect_status(200);
    ada.post("/accounts/logout", ()).await.expect_status(200);
    assert_eq!(ada.session_cookie(), None);

    let below =
        |builder: AppBuilder<Sqlite>| builder.cookies(CookieConfig::default().path("/accounts"));
    let Tested { app, .. } = tested_with(below).await;
    let ada = app.signed_up(sign_up("ada")).await;
    ada.get("/accounts/me").await.expect_status(200);
    assert_eq!(ada.get("/cookies").await.text(), "-", "the path of the cookies does not match");
    ada.set_cookie("theme", "dark");
    assert_eq!(ada.get("/cookies").await.text(), "theme=dark");
}

#[tokio::test]
async fn every_client_has_its_own_address_and_rate_limits() {
    let Tested { app, .. } = tested().await;
    for n in 0..30 {
        let member = app.signed_up(sign_up(&format!("member{n}"))).await;
        let address = member.address().to_string();
        let sessions = member.get("/accounts/sessions").await.expect_status(200);
        assert!(sessions.text().contains(&address), "{sessions:?}");
        let visitor = app.client();
        visitor
            .post("/accounts/register", sign_up(&format!("visitor{n}")))
            .await
            .expect_status(202);
    }
    let at = app.client().address();
    let mut refused = 0;
    for n in 0..30 {
        let visitor = app.client().at(at);
        let answer = visitor.post("/accounts/register", sign_up(&format!("bot{n}"))).await;
        refused += u32::from(answer.status == 429);
    }
    assert!(refused > 0, "an address is limited");
}

#[tokio::test]
async fn the_client_address_is_sent_through_trusted_proxies() {
    let Tested { app, .. } = tested_with(|builder| builder.trusted_proxy_hops(2)).await;
    app.signed_up(sign_up("ada")).await;
    let by_hand = app.client();
    assert_eq!(login(&by_hand, "ada", PASSWORD).await, 200);
    let sessions = by_hand.get("/accounts/sessions").await;
    assert!(sessions.text().contains(&by_hand.address().to_string()), "{sessions:?}");
}

#[tokio::test]
async fn poems_test_client_shares_the_cookies() {
    let Tested { app, .. } = tested().await;
    let ada = app.signed_up(sign_up("ada")).await;
    let client = TestClient::new(ada.clone());
    client.post("/echo").body("hello").send().await.assert_text("POST - hello").await;
    client.post("/accounts/logout").send().await.assert_status(StatusCode::OK);
    assert_eq!(ada.session_cookie(), None);
}

#[tokio::test]
async fn hashing_is_cheap_in_a_debug_build_and_nowhere_else() {
    let Tested { app, pool, .. } = tested().await;
    app.signed_up(sign_up("ada")).await;
    let hash: String =
        sqlx::query_scalar("SELECT hashed_password FROM users").fetch_one(&pool).await.unwrap();
    assert_eq!(hash.contains("m=64,t=1,p=1"), cfg!(debug_assertions), "{hash}");
    assert_eq!(hash.contains("m=19456,t=2,p=1"), !cfg!(debug_assertions), "{hash}");
}

#[crudauth::routes(user = User, bearer, api_keys)]
struct Tokens;

crudauth::scopes! {
    Read = "read";
}

#[handler]
async fn read(user: CurrentUser<Tokens, Scope<Read>>) -> Json<Value> {
    Json(json!(user.username))
}

#[tokio::test]
async fn a_program_gets_a_token_that_ends_by_the_manual_clock() {
    let (Database::Sqlite(pool), _) = Database::create(Kind::Sqlite).await else { unreachable!() };
    crudauth::migrations!(User).run(&pool).await.unwrap();
    let clock = Arc::new(ManualClock::default());
    let builder = Tokens::builder(pool, SECRET)
        .bearer(BearerConfig::default().grantable_scopes(Read))
        .api_keys(ApiKeyConfig::default().grantable_scopes(Read))
        .hashing(cheap_hashing())
        .clock(clock.clone());
    let auth = builder.build().await.unwrap();
    let routes = auth.mount(Route::new()).at("/read", get(read)).with(auth.clone());
    let app = App::new(&auth, routes);

    let ada = app.registered(sign_up("ada")).await;
    ada.get("/read").await.expect_status(401);
    let program = app.granted("ada", PASSWORD, Read).await;
    assert_eq!(program.get("/read").await.json(), json!("ada"));
    let idle = app.granted("ada", PASSWORD, Scopes::default()).await;
    idle.get("/read").await.expect_status(403);
    let keyed = app.keyed("ada", Read).await;
    clock.advance(Duration::from_secs(15 * 60));
    program.get("/read").await.expect_status(401);
    assert_eq!(keyed.get("/read").await.json(), json!("ada"));
}

#[tokio::test]
#[should_panic(expected = "only `` of `write` granted to ada")]
async fn a_missing_scope_panics() {
    let (Database::Sqlite(pool), _) = Database::create(Kind::Sqlite).await else { unreachable!() };
    crudauth::migrations!(User).run(&pool).await.unwrap();
    let auth = Tokens::builder(pool, SECRET).hashing(cheap_hashing()).build().await.unwrap();
    let app = App::new(&auth, auth.routes());
    app.registered(sign_up("ada")).await;
    app.granted("ada", PASSWORD, Scopes::parse("write")).await;
}
