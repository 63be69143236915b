//! A client for the mount of any struct, with cookies.

use std::collections::BTreeMap;

use crudauth_tests::PASSWORD;
use poem::http::{Method, StatusCode};
use poem::{Endpoint, Request, Route};
use serde_json::Value;

/// A client of the mount's routes.
pub(crate) struct Client {
    routes: Route,
    cookies: BTreeMap<String, String>,
}

impl Client {
    pub(crate) fn of(routes: Route) -> Self {
        Self { routes, cookies: BTreeMap::new() }
    }

    /// The same client without a cookie.
    pub(crate) fn without(&mut self, cookie: &str) -> &mut Self {
        self.cookies.remove(cookie);
        self
    }

    pub(crate) async fn get(&mut self, path: &str) -> (StatusCode, Value) {
        self.send(Method::GET, path, "text/plain", String::new()).await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> (StatusCode, Value) {
        self.send(Method::DELETE, path, "text/plain", String::new()).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.send(Method::POST, path, "application/json", body.to_string()).await
    }

    pub(crate) async fn patch(&mut self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.send(Method::PATCH, path, "application/json", body.to_string()).await
    }

    pub(crate) async fn login(&mut self, identifier: &str) -> (StatusCode, Value) {
        let form = [("username", identifier), ("password", PASSWORD)];
        let form = serde_urlencoded::to_string(form).unwrap();
        self.send(Method::POST, "/login", "application/x-www-form-urlencoded", form).await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        content_type: &str,
        body: String,
    ) -> (StatusCode, Value) {
        let pairs: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path.parse().unwrap())
            .header("host", "localhost")
            .header("cookie", pairs.join("; "))
            .content_type(content_type);
        if let Some(token) = self.cookies.get("csrf_token") {
            request = request.header("x-csrf-token", token);
        }
        let response = self.routes.get_response(request.body(body)).await;
        for line in response.headers().get_all("set-cookie") {
            let (pair, _) = line.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let status = response.status();
        let text = response.into_body().into_string().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }
}
