//! A browser that keeps cookies and sends the CSRF token.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use poem::http::uri::Scheme;
use poem::http::{self, HeaderMap, HeaderValue, Method};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, Request};
use serde_json::{Value, json};

use crate::App;

/// A response.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub fn detail(&self) -> String {
        self.json()["detail"].as_str().unwrap_or_default().to_owned()
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The values of its `Set-Cookie` headers.
    pub fn set_cookies(&self) -> Vec<String> {
        let lines = self.headers.get_all("set-cookie").into_iter();
        lines.map(|line| line.to_str().unwrap().to_owned()).collect()
    }

    /// Status, body and headers: all that a client could compare, except time.
    pub fn comparable(&self) -> (u16, String, Vec<(String, String)>) {
        let value = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let mut headers: Vec<_> =
            self.headers.iter().map(|(name, text)| (name.to_string(), value(text))).collect();
        headers.sort();
        (self.status, self.text.clone(), headers)
    }

    /// The sorted names of its headers.
    pub fn header_names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    }
}

/// A browser. Clones share their cookies.
#[derive(Clone)]
pub struct Browser {
    app: App,
    pub ip: String,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Browser {
    pub(crate) fn new(app: App, ip: String) -> Self {
        Self { app, ip, cookies: Arc::default() }
    }

    /// Moves to another address and keeps the cookies.
    pub fn at(mut self, ip: &str) -> Self {
        ip.clone_into(&mut self.ip);
        self
    }

    /// Moves to another app and keeps the cookies.
    pub fn to(mut self, app: &App) -> Self {
        self.app = app.clone();
        self
    }

    /// A browser elsewhere with a copy of the cookies.
    pub fn stolen(&self) -> Self {
        let thief = self.app.browser();
        *thief.cookies.lock().unwrap() = self.cookies();
        thief
    }

    pub fn cookies(&self) -> BTreeMap<String, String> {
        self.cookies.lock().unwrap().clone()
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies().get(name).cloned()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub fn drop_cookie(&self, name: &str) {
        self.cookies.lock().unwrap().remove(name);
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Vec::new()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], Vec::new()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.send(Method::POST, path, &headers, body.to_string().into_bytes()).await
    }

    /// Submits the sign-in form.
    pub async fn login(&self, identifier: &str, password: &str) -> Answer {
        self.login_with(identifier, password, &[], &[]).await
    }

    /// Submits the sign-in form with more fields and headers.
    pub async fn login_with(
        &self,
        identifier: &str,
        password: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let form = [("username", identifier), ("password", password)];
        let form: Vec<_> = form.iter().chain(fields).collect();
        let body = serde_urlencoded::to_string(form).unwrap();
        let content_type = [("content-type", "application/x-www-form-urlencoded")];
        let headers: Vec<_> = content_type.iter().chain(headers).copied().collect();
        self.send(Method::POST, "/login", &headers, body.into_bytes()).await
    }

    pub async fn change_password(&self, current: &str, new: &str) -> Answer {
        let body = json!({ "current_password": current, "new_password": new });
        self.post("/change-password", body).await
    }

    /// The account id from `/me`.
    pub async fn id(&self) -> i64 {
        self.get("/me").await.json()["user_id"].as_i64().expect("a session")
    }

    pub async fn is_signed_in(&self) -> bool {
        self.get("/me").await.status == 200
    }

    /// Opens a page, as a link does.
    pub async fn open(&self, path: &str) -> Answer {
        let headers =
            [("accept", "text/html,application/xhtml+xml"), ("sec-fetch-mode", "navigate")];
        self.send(Method::GET, path, &headers, Vec::new()).await
    }

    /// Submits a form of the page, without a script: no header has the CSRF token.
    pub async fn submit(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = format!("http://localhost{page}");
        let headers = [
            ("accept", "text/html,application/xhtml+xml"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("referer", &*page),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-mode", "navigate"),
        ];
        let body = serde_urlencoded::to_string(fields).unwrap().into_bytes();
        let length = body.len().to_string();
        let headers = [&headers[..], &[("content-length", &*length)]].concat();
        self.send_plain(Method::POST, path, &headers, body).await
    }

    /// Sends a request as `send_plain` does, and the CSRF token unless `headers` sets it.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let token = self.cookie("csrf_token");
        let sets_csrf = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("x-csrf-token"));
        let token = token.as_ref().filter(|_| !sets_csrf).map(|token| ("x-csrf-token", &**token));
        let headers: Vec<_> = headers.iter().copied().chain(token).collect();
        self.send_plain(method, path, &headers, body).await
    }

    /// Sends a request with the cookies and the client address as a proxy adds it.
    async fn send_plain(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path.parse().unwrap());
        request = request.header("x-forwarded-for", &self.ip);
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            request = request.header("host", "localhost");
        }
        let cookies = self.cookies();
        if !cookies.is_empty() {
            let pairs: Vec<_> =
                cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", pairs.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = as_from_a_server(request.body(body));
        let response = self.app.endpoint().get_response(request).await;
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.into_body().into_string().await.unwrap(),
        };
        self.store_cookies(&answer);
        answer
    }

    fn store_cookies(&self, answer: &Answer) {
        let mut cookies = self.cookies.lock().unwrap();
        for line in answer.set_cookies() {
            let (pair, attributes) = line.split_once(';').unwrap_or((&line, ""));
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() || attributes.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// A server also keeps the URI of a request as it was before the app's routes changed it.
fn as_from_a_server(request: Request) -> Request {
    let (sent, body) = request.into_parts();
    let mut request = http::Request::new(());
    *request.method_mut() = sent.method;
    *request.uri_mut() = sent.uri;
    *request.headers_mut() = sent.headers;
    let (head, ()) = request.into_parts();
    let parts = (head, LocalAddr::default(), RemoteAddr::default(), Scheme::HTTP).into();
    Request::from_parts(parts, body)
}
