//! Several transports on one request: which of them decides, and what the others are to it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

use std::sync::Arc;
use std::time::Duration;

use crudauth::email::RecordingSender;
use crudauth::ports::ManualClock;
use crudauth::{
    CurrentUser, EmailConfig, MaybeUser, Mounted, Mounts, Principal, Refusal, Scope, Scoped,
    Scopes, Superuser, Transport, Via, slice,
};
use crudauth_tests::tokens::{TokensFirst, tokens_first_routes};
use crudauth_tests::{Answer, App, Browser, Database, FRONTEND, Kind, Log, PASSWORD, SECRET, User};
use poem::http::Method;
use poem::web::Json;
use poem::{EndpointExt, Request, Route, get, handler};
use serde_json::{Value, json};

crudauth::scopes! {
    /// May see the parts.
    pub PartsRead = "parts:read";
    pub PartsWrite = "parts:write";
}

#[crudauth::routes(user = User, session, sessions, email)]
struct Shop;

/// A transport of an app's own: a header that a proxy in front has set.
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

/// Another one, for machines.
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

impl Mounts<Badge> for Shop {}
impl Scoped for Shop {}

fn told(who: &Principal<User>) -> Json<Value> {
    Json(json!([who.user().username, who.proof().as_str()]))
}

#[handler]
async fn whoami(who: CurrentUser<Shop>) -> Json<Value> {
    told(who.principal())
}

#[handler]
async fn maybe(who: MaybeUser<Shop>) -> Json<Value> {
    who.principal().map_or(Json(Value::Null), told)
}

#[handler]
async fn by_badge(who: CurrentUser<Shop, Via<Badge>>) -> Json<Value> {
    told(who.principal())
}

#[handler]
async fn by_session(who: CurrentUser<Shop, (Via<slice::Session>,)>) -> Json<Value> {
    told(who.principal())
}

#[handler]
async fn by_either(who: CurrentUser<Shop, Via<Badge, slice::Session>>) -> Json<Value> {
    told(who.principal())
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
async fn read(who: CurrentUser<Shop, Scope<PartsRead>>) -> Json<Value> {
    Json(json!(who.principal().scopes()))
}

#[handler]
async fn write(
    _: CurrentUser<Shop, (Superuser, Scope<PartsRead>, Scope<PartsWrite>)>,
) -> &'static str {
    "ok"
}

async fn app() -> App {
    let app = App::on(Kind::Sqlite).await;
    let Database::Sqlite(pool) = app.database.clone() else { unreachable!() };
    let auth = Shop::builder(pool, SECRET)
        .email(EmailConfig::new(app.outbox.clone(), FRONTEND))
        .transport(Badge)
        .transport(Certificate)
        .trusted_proxy_hops(1)
        .clock(Arc::clone(&app.clock) as _)
        .build()
        .await
        .unwrap();
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

async fn ask(browser: &Browser, method: Method, path: &str, badge: &str) -> Answer {
    let mut headers = vec![];
    if !badge.is_empty() {
        headers.push(("x-badge", badge));
    }
    browser.send(method, path, &headers, vec![]).await
}

async fn seen(browser: &Browser, path: &str, badge: &str) -> Value {
    let answer = ask(browser, Method::GET, path, badge).await;
    if answer.status == 200 { answer.json() } else { json!([answer.status, answer.code()]) }
}

#[tokio::test]
async fn the_first_transport_that_finds_somebody_decides() {
    let app = app().await;
    let (ada, stranger) = (app.member("ada").await, app.browser());
    assert_eq!(app.register("bob").await.status, 202);
    for path in ["/whoami", "/maybe"] {
        assert_eq!(seen(&ada, path, "").await, json!(["ada", "session"]));
        assert_eq!(seen(&stranger, path, "bob").await, json!(["bob", "badge"]));
        assert_eq!(seen(&ada, path, "bob").await, json!(["ada", "session"]), "the first of two");
        assert_eq!(seen(&ada, path, "junk").await, json!(["ada", "session"]), "unseen");
        let junk = json!([401, "bad-badge"]);
        assert_eq!(seen(&stranger, path, "junk").await, junk, "also where nobody would do");
        stranger.set_cookie("session_id", &"0".repeat(64));
        assert_eq!(seen(&stranger, path, "bob").await, json!(["bob", "badge"]), "a dead cookie");
        assert_eq!(seen(&stranger, path, "junk").await, junk);
        stranger.drop_cookie("session_id");
    }
    assert_eq!(seen(&stranger, "/maybe", "").await, Value::Null);
    assert_eq!(seen(&stranger, "/maybe", "nobody").await, Value::Null);
    assert_eq!(seen(&stranger, "/whoami", "nobody").await, json!([401, "not-authenticated"]));
    let me = ask(&stranger, Method::GET, "/me", "bob parts:read").await.json();
    assert_eq!((&me["via"], &me["scopes"]), (&json!("badge"), &json!(["parts:read"])));
}

#[tokio::test]
async fn a_transport_of_the_app_s_own_cannot_let_a_disabled_account_in() {
    let app = app().await;
    app.register("ada").await;
    let stranger = app.browser();
    assert_eq!(seen(&stranger, "/whoami", "ada").await, json!(["ada", "badge"]));
    app.database.execute("UPDATE users SET is_active = FALSE").await;
    assert_eq!(seen(&stranger, "/whoami", "ada").await, json!([401, "not-authenticated"]));
    assert_eq!(seen(&stranger, "/maybe", "ada").await, Value::Null);
}

#[tokio::test]
async fn only_the_cookie_is_asked_for_a_csrf_token() {
    let app = app().await;
    let (ada, stranger) = (app.member("ada").await, app.browser());
    app.register("bob").await;
    let badge = ("x-badge", "bob");
    let none = ("x-csrf-token", "");
    let post = async |who: &Browser, path: &str, headers: &[(&str, &str)]| {
        let answer = who.send(Method::POST, path, headers, vec![]).await;
        if answer.status == 200 { answer.text } else { answer.code() }
    };
    let (by_ada, by_bob) = (r#"["ada","session"]"#, r#"["bob","badge"]"#);
    assert_eq!(post(&stranger, "/whoami", &[badge]).await, by_bob);
    assert_eq!(post(&ada, "/whoami", &[badge]).await, by_ada, "with its token");
    assert_eq!(post(&ada, "/whoami", &[badge, none]).await, "csrf-missing");
    assert_eq!(post(&ada, "/whoami", &[badge, ("x-csrf-token", "x")]).await, "csrf-invalid");
    assert_eq!(post(&ada, "/by-badge", &[badge, none]).await, by_bob, "the cookie is not seen");
    assert_eq!(post(&ada, "/by-session", &[badge, none]).await, "csrf-missing");
    // The account is looked at first: a session that is none any more wants no token.
    app.database.execute("UPDATE users SET token_version = 7 WHERE username = 'ada'").await;
    assert_eq!(post(&ada, "/whoami", &[badge, none]).await, by_bob);
    assert_eq!(post(&ada, "/whoami", &[none]).await, "not-authenticated");
}

#[tokio::test]
async fn a_narrowed_route_does_not_see_the_others() {
    let app = app().await;
    let (ada, stranger) = (app.member("ada").await, app.browser());
    app.register("bob").await;
    let nobody = json!([401, "not-authenticated"]);
    assert_eq!(seen(&ada, "/by-badge", "").await, nobody, "a session alone");
    assert_eq!(seen(&ada, "/by-badge", "bob").await, json!(["bob", "badge"]));
    assert_eq!(seen(&ada, "/by-badge", "junk").await, json!([401, "bad-badge"]));
    assert_eq!(seen(&stranger, "/by-session", "bob").await, nobody);
    assert_eq!(seen(&stranger, "/by-session", "junk").await, nobody, "no notice of the junk");
    assert_eq!(seen(&ada, "/by-session", "junk").await, json!(["ada", "session"]));
    assert_eq!(seen(&ada, "/by-either", "").await, json!(["ada", "session"]));
    assert_eq!(seen(&stranger, "/by-either", "bob").await, json!(["bob", "badge"]));
    assert_eq!(seen(&ada, "/by-either", "bob").await, json!(["ada", "session"]), "mounted first");
    assert_eq!(seen(&ada, "/by-neither", "bob").await, nobody, "no transport is both");
    assert_eq!(seen(&ada, "/both", "bob").await, json!(["bob", "ada", "ada"]), "resolved apart");
}

#[tokio::test]
async fn routes_about_sessions_want_a_session() {
    let app = app().await;
    let stranger = app.browser();
    app.register("bob").await;
    for (method, path) in [
        (Method::GET, "/sessions"),
        (Method::DELETE, "/sessions/abc"),
        (Method::POST, "/logout-all"),
        (Method::POST, "/csrf/refresh"),
    ] {
        let answer = ask(&stranger, method, path, "bob").await;
        assert_eq!((answer.status, &*answer.detail()), (401, "Not authenticated"), "{path}");
    }
    assert_eq!(ask(&stranger, Method::POST, "/logout", "junk").await.status, 200);
    app.database.execute("UPDATE users SET hashed_password = '!'").await;
    let headers = [("x-badge", "bob"), ("content-type", "application/json")];
    let body = json!({ "new_password": "another-strong-one" }).to_string();
    let answer = stranger.send(Method::POST, "/set-password", &headers, body.into_bytes()).await;
    let told = "Sign in again to continue: this needs a recent sign-in.";
    assert_eq!((answer.status, &*answer.detail()), (403, told));
}

/// Asks the session's transport, as an app would that looks at more than the cookie.
struct Wrapped;

impl Transport<User> for Wrapped {
    const NAME: &'static str = "wrapped";

    async fn resolve(
        &self,
        auth: &Mounted<User>,
        request: &Request,
    ) -> Result<Option<Principal<User>>, Refusal> {
        Transport::resolve(&slice::Session, auth, request).await
    }

    fn acts_for_owner(&self) -> bool {
        true
    }
}

#[crudauth::routes(user = User, bearer)]
struct Wrapping;

#[handler]
async fn wrapped(who: CurrentUser<Wrapping>) -> Json<Value> {
    told(who.principal())
}

#[tokio::test]
async fn a_session_behind_a_transport_of_the_app_s_own_wants_its_csrf_token_too() {
    let app = app().await;
    let ada = app.member("ada").await;
    let Database::Sqlite(pool) = app.database.clone() else { unreachable!() };
    let auth = Wrapping::builder(pool, SECRET)
        .transport(Wrapped)
        .clock(Arc::clone(&app.clock) as _)
        .build()
        .await
        .unwrap();
    let routes = Route::new().at("/whoami", get(wrapped).post(wrapped));
    let app = app.serving(routes.with(auth).map_to_response());
    let other = app.browser();
    let cookie = ada.cookie("session_id").unwrap();
    other.set_cookie("session_id", &cookie);
    let get = other.send(Method::GET, "/whoami", &[], vec![]).await;
    assert_eq!(get.json(), json!(["ada", "wrapped"]));
    let post = other.send(Method::POST, "/whoami", &[], vec![]).await;
    assert_eq!((post.status, &*post.code()), (403, "csrf-missing"));
}

#[tokio::test]
async fn a_transport_changes_no_account_unless_it_says_that_it_acts_for_the_owner() {
    let app = app().await;
    let machine = app.browser();
    app.register("bob").await;
    let certificate = ("x-certificate", "bob");
    let me = machine.send(Method::GET, "/me", &[certificate], vec![]).await;
    assert_eq!((me.status, &me.json()["via"]), (200, &json!("certificate")));
    let body = json!({
        "current_password": "a-strong-one",
        "new_password": "another-strong-one",
        "new_email": "eve@example.com",
    });
    for path in ["/change-password", "/set-password", "/email/change-request"] {
        let headers = [certificate, ("content-type", "application/json")];
        let answer =
            machine.send(Method::POST, path, &headers, body.to_string().into_bytes()).await;
        assert_eq!((answer.status, &*answer.code()), (401, "not-authenticated"), "{path}");
    }
    assert_eq!(app.browser().login("bob", "a-strong-one").await.status, 200);
}

#[tokio::test]
async fn a_password_changed_without_a_session_ends_every_session() {
    let app = app().await;
    let (ada, stranger) = (app.member("ada").await, app.browser());
    let body = json!({ "current_password": "a-strong-one", "new_password": "another-strong-one" });
    let headers = [("x-badge", "ada"), ("content-type", "application/json")];
    let body = body.to_string().into_bytes();
    let answer = stranger.send(Method::POST, "/change-password", &headers, body).await;
    assert_eq!((answer.status, answer.set_cookies()), (200, vec![]), "{answer:?}");
    assert!(!ada.is_signed_in().await);
}

#[tokio::test]
async fn a_scope_gate_wants_all_its_scopes_after_the_gates_before_it() {
    let app = app().await;
    let (ada, stranger) = (app.member("ada").await, app.browser());
    let refused = json!([403, "insufficient-scope"]);
    assert_eq!(seen(&stranger, "/read", "").await, json!([401, "not-authenticated"]));
    assert_eq!(seen(&stranger, "/read", "ada").await, refused);
    assert_eq!(seen(&stranger, "/read", "ada parts:readers").await, refused, "compared exactly");
    assert_eq!(seen(&stranger, "/read", "ada parts:read").await, json!(["parts:read"]));
    let all = "ada parts:read parts:write";
    assert_eq!(seen(&stranger, "/write", all).await, json!([403, "insufficient-privileges"]));
    app.database.execute("UPDATE users SET is_superuser = TRUE").await;
    assert_eq!(ask(&stranger, Method::GET, "/write", all).await.text, "ok");
    assert_eq!(seen(&stranger, "/write", "ada parts:read").await, refused);
    assert_eq!(seen(&ada, "/read", "").await, refused, "a session has none, superuser or not");
    let answer = ask(&stranger, Method::GET, "/write", "ada parts:read").await;
    let told = r#"Bearer realm="accounts", error="insufficient_scope", scope="parts:write""#;
    assert_eq!(answer.header("www-authenticate"), Some(told));
    assert_eq!(answer.detail(), "Insufficient scope");
}

#[tokio::test]
async fn a_401_tells_by_what_scheme_a_client_could_do_better() {
    let app = app().await;
    let stranger = app.browser();
    let told = async |path: &str, badge: &str| {
        let answer = ask(&stranger, Method::GET, path, badge).await;
        assert_eq!(answer.status, 401);
        answer.header("www-authenticate").map(str::to_owned)
    };
    assert_eq!(told("/whoami", "").await.unwrap(), r#"Badge realm="accounts""#);
    let sent = told("/whoami", "nobody").await.unwrap();
    assert_eq!(sent, r#"Badge realm="accounts", error="invalid_token""#);
    assert_eq!(told("/by-session", "nobody").await, None, "it would not help here");
}

#[tokio::test]
async fn a_second_credential_is_in_the_log() {
    let log = Log::listen();
    let app = app().await;
    let ada = app.member("ada").await;
    let line = "a second credential on the request does not count";
    seen(&ada, "/whoami", "").await;
    seen(&ada, "/by-session", "bob").await;
    assert_eq!(log.count(line), 0, "what a route does not look at is no second one");
    seen(&ada, "/whoami", "bob").await;
    assert_eq!(log.count(line), 1, "{}", log.text());
}

#[tokio::test]
async fn a_look_up_is_shared_by_all_arguments_whatever_they_are_narrowed_to() {
    let log = Log::listen();
    let app = app().await;
    let ada = app.member("ada").await;
    app.auth.drained().await;
    let before = log.count("sqlx::query");
    seen(&ada, "/both", "ada").await;
    let twice = log.count("sqlx::query");
    seen(&ada, "/by-session", "").await;
    seen(&ada, "/by-badge", "ada").await;
    assert_eq!(twice - before, log.count("sqlx::query") - twice);
}

/// One row of the contract's table: what comes along, and who acts by what.
type Row<'r> = (&'r str, &'r Browser, &'r str, &'r str, Value);

async fn rows(method: Method, rows: &[Row<'_>]) {
    for (what, browser, token, csrf, expected) in rows {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![];
        if !token.is_empty() {
            headers.push(("authorization", &*bearer));
        }
        if *csrf != "right" {
            headers.push(("x-csrf-token", csrf));
        }
        let answer = browser.send(method.clone(), "/whoami", &headers, vec![]).await;
        let seen = if answer.status == 200 { answer.json() } else { json!(answer.detail()) };
        assert_eq!(&seen, expected, "{method} {what}");
    }
}

/// Everything that may come along.
struct Sent {
    ada: Browser,
    dead: Browser,
    stranger: Browser,
    good: String,
    outdated: String,
    nobody: String,
    expired: String,
}

async fn sent(app: &App) -> Sent {
    let expired = app.program("ada").await.access;
    app.clock.advance(Duration::from_secs(900));
    let (nobody, outdated) = (app.program("carl").await.access, app.program("dora").await.access);
    app.database.execute("DELETE FROM users WHERE username = 'carl'").await;
    app.database.execute("UPDATE users SET token_version = 7 WHERE username = 'dora'").await;
    let (dead, stranger) = (app.browser(), app.browser());
    dead.set_cookie("session_id", &"0".repeat(64));
    let good = app.program("bob").await.access;
    let ada = app.signed_in("ada", PASSWORD).await;
    Sent { ada, dead, stranger, good, outdated, nobody, expired }
}

#[tokio::test]
async fn the_table_of_the_contract_where_the_session_goes_first() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let Sent { ada, dead, stranger, good, outdated, nobody, expired } = sent(&app).await;
    let (session, bearer) = (json!(["ada", "session"]), json!(["bob", "bearer"]));
    let (invalid, none) = (json!("Invalid token"), json!("Not authenticated"));
    let (missing, wrong) = (json!("Missing CSRF token"), json!("Invalid CSRF token"));
    rows(
        Method::GET,
        &[
            ("S + T", &ada, &good, "right", session.clone()),
            ("S + expired", &ada, &expired, "right", session.clone()),
            ("S + outdated", &ada, &outdated, "right", session.clone()),
            ("S + nobody's", &ada, &nobody, "right", session.clone()),
            ("S + junk", &ada, "junk", "right", session.clone()),
            ("no session + T", &stranger, &good, "right", bearer.clone()),
            ("no session + expired", &stranger, &expired, "right", none.clone()),
            ("no session + outdated", &stranger, &outdated, "right", none.clone()),
            ("no session + nobody's", &stranger, &nobody, "right", none.clone()),
            ("dead session + junk", &dead, "junk", "right", invalid.clone()),
            ("no session + junk", &stranger, "junk", "right", invalid),
        ],
    )
    .await;
    rows(
        Method::POST,
        &[
            ("S + T, CSRF missing", &ada, &good, "", missing.clone()),
            ("S + T, CSRF wrong", &ada, &good, "x", wrong),
            ("S + T, CSRF right", &ada, &good, "right", session),
            ("S + expired, CSRF missing", &ada, &expired, "", missing),
            ("dead session + T", &dead, &good, "", bearer.clone()),
            ("no session + T", &stranger, &good, "", bearer.clone()),
        ],
    )
    .await;
    // The account is looked at before the CSRF token.
    app.database.execute("UPDATE users SET token_version = 7 WHERE username = 'ada'").await;
    rows(
        Method::POST,
        &[
            ("older version + T, CSRF missing", &ada, &good, "", bearer.clone()),
            ("older version + T, CSRF right", &ada, &good, "right", bearer),
            ("older version, CSRF missing", &ada, "", "", none),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_table_of_the_contract_where_the_token_goes_first() {
    let app = App::on(Kind::Sqlite).await;
    let Database::Sqlite(pool) = app.database.clone() else { unreachable!() };
    let first =
        TokensFirst::builder(pool, SECRET).trusted_proxy_hops(1).clock(Arc::clone(&app.clock) as _);
    let auth = first.build().await.unwrap();
    let Sent { ada, dead, stranger, good, outdated, nobody, expired } =
        sent(&app.with_tokens().await).await;
    let app = app.serving(tokens_first_routes(&auth));
    let [ada, dead, stranger] = [ada, dead, stranger].map(|browser| browser.to(&app));
    let (session, bearer) = (json!(["ada", "session"]), json!(["bob", "bearer"]));
    let (invalid, missing) = (json!("Invalid token"), json!("Missing CSRF token"));
    rows(
        Method::GET,
        &[
            ("S + T", &ada, &good, "right", bearer.clone()),
            ("S + expired", &ada, &expired, "right", session.clone()),
            ("S + outdated", &ada, &outdated, "right", session.clone()),
            ("S + nobody's", &ada, &nobody, "right", session),
            ("S + junk", &ada, "junk", "right", invalid.clone()),
            ("dead session + junk", &dead, "junk", "right", invalid.clone()),
            ("no session + junk", &stranger, "junk", "right", invalid),
        ],
    )
    .await;
    rows(
        Method::POST,
        &[
            ("S + T, CSRF missing", &ada, &good, "", bearer.clone()),
            ("S + T, CSRF wrong", &ada, &good, "x", bearer.clone()),
            ("S + expired, CSRF missing", &ada, &expired, "", missing),
            ("dead session + T", &dead, &good, "", bearer.clone()),
        ],
    )
    .await;
    app.database.execute("UPDATE users SET token_version = 7 WHERE username = 'ada'").await;
    rows(Method::POST, &[("older version + T", &ada, &good, "", bearer)]).await;
}

#[tokio::test]
async fn routes_narrowed_to_a_session_or_a_token_do_not_see_the_other() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let (ada, bob) = (app.member("ada").await, app.program("bob").await);
    let bearer = format!("Bearer {}", bob.access);
    let post = async |who: &Browser, path: &str, bearer: &str| {
        let headers = [("authorization", bearer), ("x-csrf-token", "")];
        let answer = who.send(Method::POST, path, &headers, vec![]).await;
        if answer.status == 200 { answer.json() } else { json!(answer.detail()) }
    };
    assert_eq!(post(&ada, "/by-token", &bearer).await, json!(["bob", "bearer"]), "no CSRF token");
    assert_eq!(post(&ada, "/by-token", "").await, json!("Not authenticated"));
    assert_eq!(post(&ada, "/by-token", "Bearer junk").await, json!("Invalid token"));
    assert_eq!(post(&ada, "/by-session", &bearer).await, json!("Missing CSRF token"));
    let junk = [("authorization", "Bearer junk")];
    let answer = ada.send(Method::GET, "/by-session", &junk, vec![]).await;
    assert_eq!(answer.json(), json!(["ada", "session"]));
    assert_eq!(
        app.browser().send(Method::GET, "/by-session", &junk, vec![]).await.detail(),
        "Not authenticated"
    );
}

#[tokio::test]
async fn two_transports_of_one_name_are_told_when_the_mount_is_built() {
    struct Twin;
    impl Transport<User> for Twin {
        const NAME: &'static str = "session";
        async fn resolve(
            &self,
            _: &Mounted<User>,
            _: &Request,
        ) -> Result<Option<Principal<User>>, Refusal> {
            Ok(None)
        }
    }
    let Database::Sqlite(pool) = Database::create(Kind::Sqlite).await.0 else { unreachable!() };
    crudauth::migrations!(User).run(&pool).await.unwrap();
    let built = Shop::builder(pool, SECRET)
        .email(EmailConfig::new(RecordingSender::default(), FRONTEND))
        .transport(Twin)
        .transport(Badge)
        .transport(Badge)
        .clock(Arc::new(ManualClock::default()))
        .build()
        .await;
    let error = built.unwrap_err();
    let told = [
        "transports: `session` is the library's own; call yours otherwise",
        "transports: two are called `badge`",
    ];
    assert_eq!(error.mistakes(), told);
}
