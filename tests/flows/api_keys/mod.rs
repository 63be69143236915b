//! API keys over HTTP: people make them, programs use them, and neither can do what the other may.

mod making;
mod racing;
mod using;

use std::time::Duration;

use crudauth::email::MessageKind;
use crudauth::flow::{ApiKeyError, WantedKey};
use crudauth::{Account, Scopes, Token, Visitor};
use crudauth_tests::tokens::{Pair, ReportsRead, Setup};
use crudauth_tests::{
    Answer, App, Browser, Kind, Log, PASSWORD, User, at_once, count_of, on_every_database,
};
use poem::http::Method;
use serde_json::{Value, json};

async fn make(who: &Browser, body: Value) -> Answer {
    who.post("/api-keys", body).await
}

async fn made(who: &Browser, scopes: &[&str]) -> (String, String) {
    let answer = make(who, json!({ "name": "cron", "scopes": scopes })).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
    (text("key"), text("id"))
}

/// Sends a request with a key in its own header.
async fn keyed(app: &App, key: &str, method: Method, path: &str) -> Answer {
    app.browser().send(method, path, &[("x-api-key", key)], vec![]).await
}
