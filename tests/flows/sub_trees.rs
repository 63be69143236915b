//! A gate in front of a sub-tree of routes, and a gate that opens to one of several conditions.

use crudauth::slice::ApiKeys;
use crudauth::{
    Any, ApiKeyConfig, CurrentUser, EmailConfig, RateLimits, Scope, Superuser, Verified, Via,
    scopes,
};
use crudauth_tests::{
    App, Auth, Browser, Database, FRONTEND, Kind, Log, SECRET, User, on_every_database,
    patient_hashing,
};
use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::{EndpointExt, Response, Route, get, handler};
use serde_json::{Value, json};

scopes! { ReportsRead = "reports:read"; }

#[handler]
async fn plain() -> &'static str {
    "plain"
}

#[handler]
async fn name(user: CurrentUser<Auth>) -> String {
    user.username.clone()
}

#[handler]
async fn echo(body: String) -> String {
    body
}

/// Each sub-tree is outside of `.with(auth)`, and inside of it.
fn sub_trees(app: &App) -> App {
    let auth = &app.auth;
    let inner = || Route::new().at("/plain", get(plain).post(echo)).at("/name", get(name));
    let nested =
        Route::new().nest("/staff", auth.guard::<Superuser>(inner())).at("/plain", get(plain));
    let route = auth.mount(Route::new()).nest("/members", auth.guard::<()>(nested));
    let route = route.nest("/verified", auth.guard::<Verified>(inner()));
    let within = route.with(auth.clone()).map_to_response();
    let all = Route::new().nest("/", within).nest("/outside", auth.guard::<()>(inner()));
    app.serving(all.map_to_response())
}

on_every_database! {
    async fn a_sub_tree_opens_behind_its_gate_only(app: App) {
        let app = sub_trees(&app);
        let ada = app.member("ada").await;
        for path in ["/members/plain", "/members/staff/plain", "/outside/plain", "/outside/none"] {
            let answer = app.browser().get(path).await;
            assert_eq!((answer.status, &*answer.code()), (401, "not-authenticated"), "{path}");
        }
        assert_eq!(ada.get("/members/plain").await.text, "plain");
        assert_eq!(ada.get("/outside/name").await.text, "ada");
        assert_eq!(ada.get("/members/staff/plain").await.code(), "insufficient-privileges");
        assert_eq!(ada.get("/verified/plain").await.code(), "not-verified");
        app.database.execute("UPDATE users SET is_superuser = TRUE").await;
        assert_eq!(ada.get("/members/staff/name").await.text, "ada");
    }
}

#[tokio::test]
async fn a_guarded_post_needs_the_csrf_token_and_keeps_its_body() {
    let app = sub_trees(&App::on(Kind::Sqlite).await);
    let ada = app.member("ada").await;
    let answer = ada.send(Method::POST, "/outside/plain", &[], b"text".to_vec()).await;
    assert_eq!((answer.status, &*answer.text), (200, "text"), "the browser sends the token");
    let without = [("x-csrf-token", "")];
    let answer = ada.send(Method::POST, "/outside/plain", &without, b"text".to_vec()).await;
    assert_eq!((answer.status, &*answer.code()), (403, "csrf-missing"));
}

/// Counts statements in the log of sqlx. On PostgreSQL, because its driver runs on this thread.
#[tokio::test]
async fn nested_gates_and_arguments_cost_one_statement() {
    let app = sub_trees(&App::on(Kind::Postgres).await);
    let ada = app.member("ada").await;
    app.database.execute("UPDATE users SET is_superuser = TRUE").await;
    app.auth.drained().await;
    let log = Log::listen();
    for path in ["/members/staff/name", "/outside/name"] {
        let before = log.count("sqlx::query");
        assert_eq!(ada.get(path).await.text, "ada");
        assert_eq!(log.count("sqlx::query") - before, 1, "{path}: {}", log.text());
    }
}

#[crudauth::routes(user = User, session, api_keys, email)]
struct Keyed;

#[handler]
async fn report(_: CurrentUser<Keyed, Any<(Superuser, Scope<ReportsRead>)>>) -> &'static str {
    "report"
}

#[handler]
async fn key_holder(by_key: CurrentUser<Keyed, Via<ApiKeys>>) -> String {
    by_key.username.clone()
}

async fn keyed(app: &App) -> App {
    let Database::Sqlite(pool) = app.database.clone() else { panic!("SQLite") };
    let auth = Keyed::builder(pool, SECRET)
        .email(EmailConfig::new(app.outbox.clone(), FRONTEND))
        .api_keys(ApiKeyConfig::default().grantable_scopes(ReportsRead))
        .rate_limits(RateLimits::off())
        .hashing(patient_hashing())
        .build()
        .await
        .unwrap();
    let route = auth.mount(Route::new()).at("/report", get(report));
    let route =
        route.nest("/members", auth.guard::<()>(Route::new().at("/owner", get(key_holder))));
    let endpoint: BoxEndpoint<'static, Response> =
        route.with(auth.clone()).map_to_response().boxed();
    app.serving(endpoint).draining(&auth)
}

#[tokio::test]
async fn any_opens_to_each_condition_for_its_own_credentials() {
    let app = keyed(&App::on(Kind::Sqlite).await).await;
    let ada = app.member("ada").await;
    let key = async |scopes: Value| {
        let body = json!({ "name": "script", "scopes": scopes });
        let answer = ada.post("/api-keys", body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["key"].as_str().unwrap().to_owned()
    };
    let (with_scope, without) = (key(json!(["reports:read"])).await, key(json!([])).await);
    let by_key = async |key: &str| {
        let header = format!("Bearer {key}");
        let headers = [("authorization", &*header)];
        app.browser().send(Method::GET, "/report", &headers, vec![]).await
    };
    assert_eq!(app.browser().get("/report").await.status, 401);
    assert_eq!(ada.get("/report").await.code(), "insufficient-privileges", "the first gate");
    assert_eq!(by_key(&with_scope).await.text, "report");
    app.database.execute("UPDATE users SET is_superuser = TRUE").await;
    assert_eq!(ada.get("/report").await.text, "report");
    assert_eq!(by_key(&without).await.code(), "insufficient-scope", "a key is not its owner");
}

/// The gate accepts the session of one account, and the handler the key of another.
#[tokio::test]
async fn a_handler_acts_for_no_other_account_than_the_gate_let_pass() {
    let app = keyed(&App::on(Kind::Sqlite).await).await;
    let [ada, eve] = [app.member("ada").await, app.member("eve").await];
    let key = async |owner: &Browser| {
        let answer = owner.post("/api-keys", json!({ "name": "script" })).await;
        answer.json()["key"].as_str().unwrap().to_owned()
    };
    let by = async |key: &str| {
        let headers = [("x-api-key", key)];
        ada.send(Method::GET, "/members/owner", &headers, vec![]).await
    };
    assert_eq!(by(&key(&ada).await).await.text, "ada");
    let answer = by(&key(&eve).await).await;
    assert_eq!((answer.status, &*answer.code()), (403, "access-denied"));
}
