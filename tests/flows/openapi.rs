//! poem-openapi: arguments that authenticate as the plain ones do, and what the document says.

use crudauth::openapi::{self, WithRefusals};
use crudauth::{Refusal, Scope, Superuser, Via, slice};
use crudauth_tests::tokens::{All, ReportsWrite, Setup};
use crudauth_tests::{App, Auth, Kind, Log};
use poem::http::Method;
use poem::{EndpointExt, Route};
use poem_openapi::payload::{Json, PlainText};
use poem_openapi::{ApiResponse, OpenApi, OpenApiService};
use serde_json::{Value, json};

/// Has all transports of the library.
struct Api;

#[derive(ApiResponse)]
enum Looked {
    #[oai(status = 200)]
    Found(PlainText<String>),
    /// Explained by the app.
    #[oai(status = 403)]
    Forbidden,
}

#[OpenApi]
impl Api {
    #[oai(path = "/whoami", method = "get", method = "post")]
    async fn whoami(&self, user: openapi::User<All>) -> PlainText<&'static str> {
        PlainText(user.principal().method().as_str())
    }

    #[oai(path = "/twice", method = "get")]
    async fn twice(&self, one: openapi::User<All>, other: openapi::MaybeUser<All>) -> Json<bool> {
        Json(other.user().is_some_and(|other| other.id == one.id))
    }

    #[oai(path = "/maybe", method = "get", method = "post")]
    async fn maybe(&self, user: openapi::MaybeUser<All>) -> PlainText<String> {
        PlainText(user.user().map_or("nobody", |user| &user.username).to_owned())
    }

    #[oai(path = "/staff", method = "get")]
    async fn staff(&self, user: openapi::User<All, Superuser>) -> Looked {
        if user.id == 0 { Looked::Forbidden } else { Looked::Found(PlainText(user.email.clone())) }
    }

    #[oai(path = "/reports", method = "post")]
    async fn write(
        &self,
        user: openapi::User<All, (Via<slice::Bearer, slice::ApiKeys>, Scope<ReportsWrite>)>,
    ) -> Result<Json<i64>, Refusal> {
        Ok(Json(user.id))
    }

    #[oai(path = "/open", method = "get")]
    async fn open(&self) {}
}

/// Has sessions only.
struct Small;

#[OpenApi]
impl Small {
    #[oai(path = "/whoami", method = "get")]
    async fn whoami(&self, user: openapi::User<Auth>) -> Json<i64> {
        Json(user.id)
    }
}

fn service() -> OpenApiService<WithRefusals<Api>, ()> {
    OpenApiService::new(WithRefusals(Api), "Reports", "1.0")
}

fn document() -> Value {
    serde_json::from_str(&service().spec()).unwrap()
}

/// The names of the members of an object.
fn names(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The app with the API beside the library's routes.
async fn app_on(kind: Kind) -> App {
    let app = App::on(kind).await;
    let (auth, _) = app.all(Setup::default()).await;
    let routes = auth.mount(Route::new()).nest("/api", service());
    app.serving(routes.with(auth.clone()).map_to_response()).draining(&auth)
}

#[tokio::test]
async fn the_argument_authenticates_like_the_plain_one() {
    let app = app_on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    let stranger = app.browser();
    let answer = stranger.get("/api/whoami").await;
    assert_eq!((answer.status, &*answer.code()), (401, "not-authenticated"));
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"accounts\""));
    assert_eq!(ada.get("/api/whoami").await.text, "session");
    assert_eq!(ada.get("/api/whoami").await.header("cache-control"), Some("private"));
    let pair = app.pair("ada").await;
    let answer = stranger.send_bearer(&pair.access, Method::POST, "/api/whoami").await;
    assert_eq!(answer.text, "bearer", "a token needs no CSRF token");
    assert_eq!(ada.get("/api/staff").await.code(), "insufficient-privileges");
    app.database.execute("UPDATE users SET is_superuser = TRUE").await;
    assert_eq!(ada.get("/api/staff").await.text, "ada@example.com");
    let answer = stranger.send_bearer(&pair.access, Method::POST, "/api/reports").await;
    assert_eq!((answer.status, &*answer.code()), (403, "insufficient-scope"));
}

#[tokio::test]
async fn a_session_needs_the_csrf_token_in_a_documented_handler() {
    let app = app_on(Kind::Sqlite).await;
    let ada = app.member("ada").await;
    assert_eq!(app.browser().post("/api/maybe", json!({})).await.text, "nobody");
    for path in ["/api/whoami", "/api/maybe"] {
        assert_eq!(ada.post(path, json!({})).await.status, 200, "the browser sends the token");
        let answer = ada.send(Method::POST, path, &[("x-csrf-token", "")], vec![]).await;
        assert_eq!((answer.status, &*answer.code()), (403, "csrf-missing"), "{path}");
    }
}

/// Counts statements in the log of sqlx. On PostgreSQL, because its driver runs on this thread.
#[tokio::test]
async fn documented_arguments_share_one_statement() {
    let app = app_on(Kind::Postgres).await;
    let ada = app.member("ada").await;
    app.auth.drained().await;
    let log = Log::listen();
    for (path, cost) in [("/api/twice", 1), ("/api/open", 0)] {
        let before = log.count("sqlx::query");
        assert_eq!(ada.get(path).await.status, 200);
        assert_eq!(log.count("sqlx::query") - before, cost, "{path}: {}", log.text());
    }
}

#[test]
fn the_document_has_exactly_the_schemes_of_the_mount() {
    let document = document();
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(names(schemes), ["api_key", "api_key_bearer", "bearer", "session"]);
    let shown =
        |scheme: &str, members: [&str; 3]| members.map(|name| schemes[scheme][name].clone());
    let key = ["type", "in", "name"];
    assert_eq!(shown("session", key), ["apiKey", "cookie", "session_id"]);
    assert_eq!(shown("api_key", key), ["apiKey", "header", "X-API-Key"]);
    let bearer = ["type", "scheme", "bearerFormat"];
    assert_eq!(shown("bearer", bearer), ["http", "bearer", "JWT"]);
    assert_eq!(schemes["api_key_bearer"]["scheme"], "bearer");

    let small = OpenApiService::new(Small, "Small", "1.0").spec();
    let small: Value = serde_json::from_str(&small).unwrap();
    assert_eq!(names(&small["components"]["securitySchemes"]), ["session"]);
}

#[test]
fn an_operation_has_the_schemes_that_its_gate_accepts() {
    let document = document();
    let security = |path: &str, method: &str| document["paths"][path][method]["security"].clone();
    let owner = json!([{ "session": [] }, { "bearer": [] }]);
    assert_eq!(security("/whoami", "get"), owner);
    assert_eq!(security("/staff", "get"), owner);
    assert_eq!(security("/maybe", "get"), json!([{ "session": [] }, { "bearer": [] }, {}]));
    let programs = json!([{ "bearer": [] }, { "api_key": [] }, { "api_key_bearer": [] }]);
    assert_eq!(security("/reports", "post"), programs);
    assert_eq!(security("/open", "get"), Value::Null);
}

#[test]
fn an_operation_with_the_argument_documents_its_refusals() {
    let document = document();
    let responses = |path: &str, method: &str| &document["paths"][path][method]["responses"];
    for (path, method) in [("/whoami", "post"), ("/maybe", "get"), ("/reports", "post")] {
        let responses = responses(path, method);
        assert_eq!(names(responses), ["200", "401", "403", "429", "503"], "{path}");
        for status in ["401", "403", "429", "503"] {
            let content = &responses[status]["content"]["application/problem+json"];
            assert_eq!(content["schema"]["$ref"], "#/components/schemas/Refusal");
        }
        assert!(responses["429"]["headers"]["Retry-After"].is_object());
    }
    assert_eq!(names(responses("/open", "get")), ["200"]);
    assert_eq!(responses("/staff", "get")["403"]["description"], "Explained by the app.");
    let refusal = &document["components"]["schemas"]["Refusal"];
    assert_eq!(
        names(&refusal["properties"]),
        ["code", "detail", "factor", "max_age", "status", "title", "type", "ways"]
    );
}

#[tokio::test]
async fn the_document_of_a_mount_has_the_name_of_its_cookie() {
    let app = App::on(Kind::Sqlite).await;
    let name = |document: &str| {
        let document: Value = serde_json::from_str(document).unwrap();
        document["components"]["securitySchemes"]["session"]["name"].clone()
    };
    let (plain, _) = app.all(Setup::default()).await;
    assert_eq!(name(&plain.openapi(&service())), "session_id");
    let (hardened, _) = app.all(Setup { is_hardened: true, ..Setup::default() }).await;
    assert_eq!(name(&hardened.openapi(&service())), "__Host-session_id");
    struct Open;
    #[OpenApi]
    impl Open {
        #[oai(path = "/", method = "get")]
        async fn open(&self) {}
    }
    let open = hardened.openapi(&OpenApiService::new(Open, "Open", "1.0"));
    assert_eq!(name(&open), Value::Null, "no scheme is added");
}
