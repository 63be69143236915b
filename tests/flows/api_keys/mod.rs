//! API keys over HTTP: owners create them, programs use them, and the rights of both differ.

mod creating;
mod races;
mod using;

use std::time::Duration;

use crudauth::email::MessageKind;
use crudauth::flow::{ApiKeyError, NewApiKey};
use crudauth::{Account, Principal, Scopes, SessionToken};
use crudauth_tests::tokens::{Pair, ReportsRead, Setup};
use crudauth_tests::{
    Answer, App, Browser, Kind, Log, PASSWORD, User, concurrently, count_status, on_every_database,
};
use poem::http::Method;
use serde_json::{Value, json};

async fn create_key(browser: &Browser, body: Value) -> Answer {
    browser.post("/api-keys", body).await
}

async fn created_key(browser: &Browser, scopes: &[&str]) -> (String, String) {
    let answer = create_key(browser, json!({ "name": "cron", "scopes": scopes })).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
    (text("key"), text("id"))
}

/// Sends a request with a key in the `X-API-Key` header.
async fn keyed(app: &App, key: &str, method: Method, path: &str) -> Answer {
    app.browser().send(method, path, &[("x-api-key", key)], vec![]).await
}
