//! The log explains why a page was refused; the response does not.

use crudauth_tests::{App, Kind, Log, PASSWORD};
use poem::http::Method;
use serde_json::json;

async fn ada() -> (App, Log) {
    let log = Log::listen();
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    (app, log)
}

#[tokio::test]
async fn the_log_names_the_policy_that_hides_the_origin_of_a_page() {
    let (app, log) = ada().await;
    let answer = app.browser().login_with("ada", PASSWORD, &[], &[("origin", "null")]).await;
    assert_eq!((answer.status, &*answer.code()), (403, "cross-site"));
    assert_eq!(log.count("Referrer-Policy: no-referrer"), 1, "{}", log.text());
    assert_eq!(log.count("Builder::trusted_origins"), 1, "{}", log.text());

    // A trusted front end on another site that hides its origin.
    let headers = [
        ("content-type", "application/json"),
        ("sec-fetch-site", "cross-site"),
        ("origin", "null"),
    ];
    let body = json!({ "email": "ada@example.com" }).to_string().into_bytes();
    let answer = app.browser().send(Method::POST, "/password/reset-request", &headers, body).await;
    assert_eq!((answer.status, &*answer.code()), (403, "cross-site"));
    assert_eq!(log.count("Referrer-Policy: no-referrer"), 2, "{}", log.text());
}

#[tokio::test]
async fn the_log_names_an_unknown_origin_and_the_setting_that_trusts_it() {
    let (app, log) = ada().await;
    let foreign = [("origin", "https://evil.example")];
    assert_eq!(app.browser().login_with("ada", PASSWORD, &[], &foreign).await.status, 403);
    let line = "origin=Some(\"https://evil.example\")";
    assert_eq!(log.count(line), 1, "{}", log.text());
    assert_eq!(log.count("Builder::trusted_origins"), 1, "{}", log.text());
    assert_eq!(app.browser().login("ada", PASSWORD).await.status, 200);
    assert_eq!(log.count("cross-site request refused"), 1, "{}", log.text());
}
