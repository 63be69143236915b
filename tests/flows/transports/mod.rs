//! Several transports on one request: which one decides.

mod cost;
mod own;
mod signed;
mod table;

use std::sync::Arc;
use std::time::Duration;

use crudauth::ManualClock;
use crudauth::{
    AuthRow, Backend, CurrentUser, EmailConfig, MaybeUser, Mounted, Principal, Refusal, Scope,
    Scoped, Scopes, Superuser, Transport, Via, slice,
};
use crudauth_tests::tokens::{TokensFirst, tokens_first_routes};
use crudauth_tests::{Answer, App, Browser, Database, FRONTEND, Kind, Log, PASSWORD, SECRET, User};
use poem::http::Method;
use poem::web::Json;
use poem::{EndpointExt, Request, Route, get, handler};
use serde_json::{Value, json};

crudauth::scopes! {
    /// Allows reading parts.
    pub PartsRead = "parts:read";
    pub PartsWrite = "parts:write";
}

#[crudauth::routes(user = User, session, sessions, email, transport = Badge, transport = Certificate)]
struct Shop;

/// A custom transport: a header set by a proxy in front.
struct Badge;

impl Transport<User> for Badge {
    const NAME: &'static str = "badge";

    async fn resolve(
        &self,
        auth: &Mounted<User>,
        request: &Request,
    ) -> Result<Option<Principal<User>>, Refusal> {
        let Some(badge) = request.header("x-badge") else { return Ok(None) };
        if badge == "junk" {
            return Err(Refusal::unauthorized("Badge", "bad-badge", "No such badge"));
        }
        let (name, scopes) = badge.split_once(' ').unwrap_or((badge, ""));
        let account = auth.accounts().find_by_identifier(name).await?;
        let principal =
            |account| Principal::new(account).with_scopes(Scopes::parse(scopes)).with_handle(name);
        Ok(account.map(principal))
    }

    fn scheme(&self) -> Option<&'static str> {
        Some("Badge")
    }

    fn is_sent(&self, _: &Mounted<User>, request: &Request) -> bool {
        request.header("x-badge").is_some()
    }

    fn acts_for_owner(&self) -> bool {
        true
    }
}

/// A second custom transport, for machines.
struct Certificate;

impl Transport<User> for Certificate {
    const NAME: &'static str = "certificate";

    async fn resolve(
        &self,
        auth: &Mounted<User>,
        request: &Request,
    ) -> Result<Option<Principal<User>>, Refusal> {
        let Some(name) = request.header("x-certificate") else { return Ok(None) };
        Ok(auth.accounts().find_by_identifier(name).await?.map(Principal::new))
    }
}

impl Scoped for Shop {}

fn identity(user: &Principal<User>) -> Json<Value> {
    Json(json!([user.user().username, user.method().as_str()]))
}

#[handler]
async fn whoami(user: CurrentUser<Shop>) -> Json<Value> {
    identity(user.principal())
}

#[handler]
async fn maybe(user: MaybeUser<Shop>) -> Json<Value> {
    user.principal().map_or(Json(Value::Null), identity)
}

#[handler]
async fn by_badge(user: CurrentUser<Shop, Via<Badge>>) -> Json<Value> {
    identity(user.principal())
}

#[handler]
async fn by_session(user: CurrentUser<Shop, (Via<slice::Session>,)>) -> Json<Value> {
    identity(user.principal())
}

#[handler]
async fn by_either(user: CurrentUser<Shop, Via<Badge, slice::Session>>) -> Json<Value> {
    identity(user.principal())
}

#[handler]
async fn by_neither(_: CurrentUser<Shop, (Via<slice::Session>, Via<Badge>)>) {}

#[handler]
async fn both(
    badge: CurrentUser<Shop, Via<Badge>>,
    session: CurrentUser<Shop, Via<slice::Session>>,
    any: CurrentUser<Shop>,
) -> Json<Value> {
    Json(json!([badge.username, session.username, any.username]))
}

#[handler]
async fn read(user: CurrentUser<Shop, Scope<PartsRead>>) -> Json<Value> {
    Json(json!(user.principal().scopes()))
}

#[handler]
async fn write(
    _: CurrentUser<Shop, (Superuser, Scope<PartsRead>, Scope<PartsWrite>)>,
) -> &'static str {
    "ok"
}

async fn app() -> App {
    app_on(Kind::Sqlite).await
}

async fn app_on(kind: Kind) -> App {
    let app = App::on(kind).await;
    let auth = match app.database.clone() {
        Database::Sqlite(pool) => shop(&app, pool).await,
        Database::Postgres(pool) => shop(&app, pool).await,
        Database::MySql(pool) => shop(&app, pool).await,
    };
    let routes = auth
        .mount(Route::new())
        .at("/whoami", get(whoami).post(whoami))
        .at("/maybe", get(maybe))
        .at("/by-badge", get(by_badge).post(by_badge))
        .at("/by-session", get(by_session).post(by_session))
        .at("/by-either", get(by_either))
        .at("/by-neither", get(by_neither))
        .at("/both", get(both))
        .at("/read", get(read))
        .at("/write", get(write));
    app.serving(routes.with(auth.clone()).map_to_response())
}

async fn shop<DB>(app: &App, pool: sqlx::Pool<DB>) -> Shop
where
    DB: Backend,
    User: AuthRow<DB>,
{
    let shop = Shop::builder(pool, SECRET)
        .email(EmailConfig::new(app.outbox.clone(), FRONTEND))
        .transport(Certificate)
        .transport(Badge)
        .trusted_proxy_hops(1)
        .clock(Arc::clone(&app.clock) as _);
    shop.build().await.unwrap()
}

async fn request(browser: &Browser, method: Method, path: &str, badge: &str) -> Answer {
    let mut headers = vec![];
    if !badge.is_empty() {
        headers.push(("x-badge", badge));
    }
    browser.send(method, path, &headers, vec![]).await
}

async fn outcome(browser: &Browser, path: &str, badge: &str) -> Value {
    let answer = request(browser, Method::GET, path, badge).await;
    if answer.status == 200 { answer.json() } else { json!([answer.status, answer.code()]) }
}

#[tokio::test]
async fn the_first_transport_that_authenticates_decides() {
    let app = app().await;
    let ada = app.member("ada").await;
    let stranger = app.browser();
    assert_eq!(app.register("bob").await.status, 202);
    for path in ["/whoami", "/maybe"] {
        assert_eq!(outcome(&ada, path, "").await, json!(["ada", "session"]));
        assert_eq!(outcome(&stranger, path, "bob").await, json!(["bob", "badge"]));
        assert_eq!(outcome(&ada, path, "bob").await, json!(["ada", "session"]), "the first of two");
        assert_eq!(outcome(&ada, path, "junk").await, json!(["ada", "session"]), "unseen");
        let junk = json!([401, "bad-badge"]);
        assert_eq!(outcome(&stranger, path, "junk").await, junk, "for an optional user too");
        stranger.set_cookie("session_id", &"0".repeat(64));
        assert_eq!(
            outcome(&stranger, path, "bob").await,
            json!(["bob", "badge"]),
            "an invalid cookie"
        );
        assert_eq!(outcome(&stranger, path, "junk").await, junk);
        stranger.drop_cookie("session_id");
    }
    assert_eq!(outcome(&stranger, "/maybe", "").await, Value::Null);
    assert_eq!(outcome(&stranger, "/maybe", "unknown").await, Value::Null);
    assert_eq!(outcome(&stranger, "/whoami", "unknown").await, json!([401, "not-authenticated"]));
    let me = request(&stranger, Method::GET, "/me", "bob parts:read").await.json();
    assert_eq!((&me["via"], &me["scopes"]), (&json!("badge"), &json!(["parts:read"])));
}

#[tokio::test]
async fn a_custom_transport_cannot_admit_a_disabled_account() {
    let app = app().await;
    app.register("ada").await;
    let stranger = app.browser();
    assert_eq!(outcome(&stranger, "/whoami", "ada").await, json!(["ada", "badge"]));
    app.database.execute("UPDATE users SET is_active = FALSE").await;
    assert_eq!(outcome(&stranger, "/whoami", "ada").await, json!([401, "not-authenticated"]));
    assert_eq!(outcome(&stranger, "/maybe", "ada").await, Value::Null);
}

#[tokio::test]
async fn only_the_session_cookie_needs_a_csrf_token() {
    let app = app().await;
    let ada = app.member("ada").await;
    let stranger = app.browser();
    app.register("bob").await;
    let badge = ("x-badge", "bob");
    let none = ("x-csrf-token", "");
    let post = async |browser: &Browser, path: &str, headers: &[(&str, &str)]| {
        let answer = browser.send(Method::POST, path, headers, vec![]).await;
        if answer.status == 200 { answer.text } else { answer.code() }
    };
    let (by_ada, by_bob) = (r#"["ada","session"]"#, r#"["bob","badge"]"#);
    assert_eq!(post(&stranger, "/whoami", &[badge]).await, by_bob);
    assert_eq!(post(&ada, "/whoami", &[badge]).await, by_ada, "with its token");
    assert_eq!(post(&ada, "/whoami", &[badge, none]).await, "csrf-missing");
    assert_eq!(post(&ada, "/whoami", &[badge, ("x-csrf-token", "x")]).await, "csrf-invalid");
    assert_eq!(post(&ada, "/by-badge", &[badge, none]).await, by_bob, "the cookie is ignored");
    assert_eq!(post(&ada, "/by-session", &[badge, none]).await, "csrf-missing");
    // The account is checked first: an invalid session needs no token.
    app.database.execute("UPDATE users SET token_version = 7 WHERE username = 'ada'").await;
    assert_eq!(post(&ada, "/whoami", &[badge, none]).await, by_bob);
    assert_eq!(post(&ada, "/whoami", &[none]).await, "not-authenticated");
}

#[tokio::test]
async fn a_narrowed_route_ignores_other_transports() {
    let app = app().await;
    let ada = app.member("ada").await;
    let stranger = app.browser();
    app.register("bob").await;
    let unauthenticated = json!([401, "not-authenticated"]);
    assert_eq!(outcome(&ada, "/by-badge", "").await, unauthenticated, "a session alone");
    assert_eq!(outcome(&ada, "/by-badge", "bob").await, json!(["bob", "badge"]));
    assert_eq!(outcome(&ada, "/by-badge", "junk").await, json!([401, "bad-badge"]));
    assert_eq!(outcome(&stranger, "/by-session", "bob").await, unauthenticated);
    assert_eq!(
        outcome(&stranger, "/by-session", "junk").await,
        unauthenticated,
        "the junk is ignored"
    );
    assert_eq!(outcome(&ada, "/by-session", "junk").await, json!(["ada", "session"]));
    assert_eq!(outcome(&ada, "/by-either", "").await, json!(["ada", "session"]));
    assert_eq!(outcome(&stranger, "/by-either", "bob").await, json!(["bob", "badge"]));
    assert_eq!(
        outcome(&ada, "/by-either", "bob").await,
        json!(["ada", "session"]),
        "mounted first"
    );
    assert_eq!(outcome(&ada, "/by-neither", "bob").await, unauthenticated, "no transport is both");
    assert_eq!(outcome(&ada, "/both", "bob").await, json!(["bob", "ada", "ada"]), "resolved apart");
}

#[tokio::test]
async fn session_routes_require_a_session() {
    let app = app().await;
    let stranger = app.browser();
    app.register("bob").await;
    for (method, path) in [
        (Method::GET, "/sessions"),
        (Method::DELETE, "/sessions/abc"),
        (Method::POST, "/logout-all"),
        (Method::POST, "/csrf/refresh"),
    ] {
        let answer = request(&stranger, method, path, "bob").await;
        assert_eq!((answer.status, &*answer.detail()), (401, "Not authenticated"), "{path}");
    }
    assert_eq!(request(&stranger, Method::POST, "/logout", "junk").await.status, 200);
    app.database.execute("UPDATE users SET hashed_password = '!'").await;
    let headers = [("x-badge", "bob"), ("content-type", "application/json")];
    let body = json!({ "new_password": "another-strong-one" }).to_string();
    let answer = stranger.send(Method::POST, "/set-password", &headers, body.into_bytes()).await;
    let detail = "Sign in again to continue: this needs a recent sign-in.";
    assert_eq!((answer.status, &*answer.detail()), (403, detail));
}

#[tokio::test]
async fn a_scope_gate_requires_all_scopes_after_earlier_gates() {
    let app = app().await;
    let ada = app.member("ada").await;
    let stranger = app.browser();
    let refused = json!([403, "insufficient-scope"]);
    assert_eq!(outcome(&stranger, "/read", "").await, json!([401, "not-authenticated"]));
    assert_eq!(outcome(&stranger, "/read", "ada").await, refused);
    assert_eq!(outcome(&stranger, "/read", "ada parts:readers").await, refused, "compared exactly");
    assert_eq!(outcome(&stranger, "/read", "ada parts:read").await, json!(["parts:read"]));
    let all = "ada parts:read parts:write";
    assert_eq!(outcome(&stranger, "/write", all).await, json!([403, "insufficient-privileges"]));
    app.database.execute("UPDATE users SET is_superuser = TRUE").await;
    assert_eq!(request(&stranger, Method::GET, "/write", all).await.text, "ok");
    assert_eq!(outcome(&stranger, "/write", "ada parts:read").await, refused);
    assert_eq!(outcome(&ada, "/read", "").await, refused, "a session has none, superuser or not");
    let answer = request(&stranger, Method::GET, "/write", "ada parts:read").await;
    let challenge = r#"Bearer realm="accounts", error="insufficient_scope", scope="parts:write""#;
    assert_eq!(answer.header("www-authenticate"), Some(challenge));
    assert_eq!(answer.detail(), "Insufficient scope");
}

#[tokio::test]
async fn a_401_lists_the_schemes_that_would_authenticate() {
    let app = app().await;
    let stranger = app.browser();
    let scheme = async |path: &str, badge: &str| {
        let answer = request(&stranger, Method::GET, path, badge).await;
        assert_eq!(answer.status, 401);
        answer.header("www-authenticate").map(str::to_owned)
    };
    assert_eq!(scheme("/whoami", "").await.unwrap(), r#"Badge realm="accounts""#);
    let sent = scheme("/whoami", "unknown").await.unwrap();
    assert_eq!(sent, r#"Badge realm="accounts", error="invalid_token""#);
    assert_eq!(
        scheme("/by-session", "unknown").await,
        None,
        "another scheme would not authenticate here"
    );
}

#[tokio::test]
async fn a_second_credential_is_logged() {
    let log = Log::listen();
    let app = app().await;
    let ada = app.member("ada").await;
    let line = "a second credential on the request does not count";
    outcome(&ada, "/whoami", "").await;
    outcome(&ada, "/by-session", "bob").await;
    assert_eq!(log.count(line), 0, "an ignored credential is not logged");
    outcome(&ada, "/whoami", "bob").await;
    assert_eq!(log.count(line), 1, "{}", log.text());
}
