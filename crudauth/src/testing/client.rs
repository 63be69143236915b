//! A browser without pages: it keeps cookies and sends the CSRF token.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crudauth_core::slices::sessions::OpenedSession;
use poem::endpoint::BoxEndpoint;
use poem::http::uri::Scheme;
use poem::http::{self, HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Body, Endpoint, Request, Response};
use serde::Serialize;

use super::Answer;
use super::jar::Jar;
use crate::http::CookieConfig;

/// The only host that the browser visits.
const HOST: HeaderValue = HeaderValue::from_static("localhost");
const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Address of every reverse proxy: the last one of the range for tests (RFC 2544).
const PROXY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 19, 255, 254));

/// A browser of one person. Clones share cookies.
///
/// It keeps cookies like a browser, for one host over HTTPS, and sends the CSRF token of its cookie
/// in `X-CSRF-Token` with every unsafe request that has none. Each client has its own address, so
/// rate limits count it alone.
///
/// It is also an endpoint: `poem::test::TestClient::new(client)` sends requests of poem's test
/// client with the cookies of this one.
#[derive(Clone)]
pub struct Client {
    endpoint: Arc<BoxEndpoint<'static, Response>>,
    cookies: CookieConfig,
    trusted_hops: usize,
    jar: Arc<Mutex<Jar>>,
    address: IpAddr,
    sends_csrf: bool,
    headers: HeaderMap,
}

impl Client {
    pub(super) fn new(
        endpoint: Arc<BoxEndpoint<'static, Response>>,
        cookies: CookieConfig,
        trusted_hops: usize,
        address: IpAddr,
    ) -> Self {
        Self {
            endpoint,
            cookies,
            trusted_hops,
            jar: Arc::default(),
            address,
            sends_csrf: true,
            headers: HeaderMap::new(),
        }
    }

    /// Changes the address of the client.
    #[must_use]
    pub fn at(mut self, address: IpAddr) -> Self {
        self.address = address;
        self
    }

    /// Sends cookies without a CSRF token, as another site's page can.
    #[must_use]
    pub fn without_csrf(mut self) -> Self {
        self.sends_csrf = false;
        self
    }

    /// Sends this access token or API key with every request.
    #[must_use]
    pub fn bearer(self, token: impl AsRef<str>) -> Self {
        self.header("authorization", format!("Bearer {}", token.as_ref()))
    }

    /// Sends this header with every request that does not have it.
    ///
    /// # Panics
    /// If the name or the value is invalid.
    #[must_use]
    pub fn header(mut self, name: &str, text: impl AsRef<str>) -> Self {
        match HeaderName::from_bytes(name.as_bytes()) {
            Ok(name) => self.headers.insert(name, value(text.as_ref().to_owned())),
            Err(error) => panic!("invalid header name `{name}`: {error}"),
        };
        self
    }

    /// Returns the address of the client.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// Returns the cookie of that name.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar().value(name).map(str::to_owned)
    }

    /// Returns the session cookie, under its configured name.
    #[must_use]
    pub fn session_cookie(&self) -> Option<String> {
        self.cookie(&self.cookies.session)
    }

    /// Adds a cookie for every path.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.jar().put(name, value, "/");
    }

    /// Removes a cookie.
    pub fn forget_cookie(&self, name: &str) {
        self.jar().forget(name);
    }

    /// Sets the cookies of a session.
    pub(super) fn set_session(&self, opened: &OpenedSession, device: &str) {
        let names = &self.cookies;
        let mut jar = self.jar();
        jar.put(&names.session, opened.token.expose(), &names.path);
        jar.put(&names.csrf, opened.csrf.expose(), &names.path);
        jar.put(&names.device, device, &names.path);
    }

    /// Sends a `GET` request.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path).finish()).await
    }

    /// Sends JSON by `POST`.
    pub async fn post(&self, path: &str, body: impl Serialize) -> Answer {
        self.send(json(Method::POST, path, &body)).await
    }

    /// Sends JSON by `PUT`.
    pub async fn put(&self, path: &str, body: impl Serialize) -> Answer {
        self.send(json(Method::PUT, path, &body)).await
    }

    /// Sends JSON by `PATCH`.
    pub async fn patch(&self, path: &str, body: impl Serialize) -> Answer {
        self.send(json(Method::PATCH, path, &body)).await
    }

    /// Sends a `DELETE` request.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(request(Method::DELETE, path).finish()).await
    }

    /// Sends a URL-encoded form by `POST`; `fields` are pairs or a struct.
    ///
    /// # Panics
    /// If `fields` cannot be URL-encoded.
    pub async fn post_form(&self, path: &str, fields: impl Serialize) -> Answer {
        let fields = serde_urlencoded::to_string(&fields)
            .unwrap_or_else(|error| panic!("fields cannot be URL-encoded: {error}"));
        let form = request(Method::POST, path).content_type("application/x-www-form-urlencoded");
        self.send(form.body(fields)).await
    }

    /// Sends a request. Adds cookies and the headers of a browser, unless the request has them.
    pub async fn send(&self, request: Request) -> Answer {
        Answer::read(self.respond(request).await).await
    }

    async fn respond(&self, request: Request) -> Response {
        let path = request.uri().path().to_owned();
        let response = self.endpoint.get_response(self.prepare(request)).await;
        self.jar().store(response.headers(), &path);
        response
    }

    /// Returns the request as it arrives at the server.
    fn prepare(&self, request: Request) -> Request {
        let (parts, body): (_, Body) = request.into_parts();
        let mut head = http::Request::new(());
        *head.method_mut() = parts.method;
        *head.uri_mut() = parts.uri;
        *head.version_mut() = parts.version;
        *head.headers_mut() = parts.headers;
        *head.extensions_mut() = parts.extensions;

        let is_unsafe = !head.method().is_safe();
        let path = head.uri().path().to_owned();
        let headers = head.headers_mut();
        let (line, csrf) = {
            let jar = self.jar();
            (jar.line(&path), jar.value(&self.cookies.csrf).map(str::to_owned))
        };
        let added = [
            (header::HOST, Some(HOST)),
            (header::COOKIE, line.map(value)),
            (CSRF, csrf.filter(|_| is_unsafe && self.sends_csrf).map(value)),
            (FORWARDED_FOR, self.forwarded_for()),
        ];
        let added = added.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let own = self.headers.iter().map(|(name, value)| (name.clone(), value.clone()));
        for (name, value) in own.chain(added) {
            headers.entry(name).or_insert(value);
        }
        let peer = if self.trusted_hops == 0 { self.address } else { PROXY };
        let peer = RemoteAddr(Addr::SocketAddr(SocketAddr::new(peer, 443)));
        let (head, ()) = head.into_parts();
        Request::from_parts((head, LocalAddr::default(), peer, Scheme::HTTPS).into(), body)
    }

    /// Returns the `X-Forwarded-For` of the trusted proxies.
    fn forwarded_for(&self) -> Option<HeaderValue> {
        let proxies = self.trusted_hops.checked_sub(1)?;
        let hops = std::iter::once(self.address).chain(std::iter::repeat_n(PROXY, proxies));
        Some(value(hops.map(|hop| hop.to_string()).collect::<Vec<_>>().join(", ")))
    }

    fn jar(&self) -> MutexGuard<'_, Jar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn request(method: Method, path: &str) -> poem::RequestBuilder {
    let uri: Uri = path.parse().unwrap_or_else(|error| panic!("invalid path `{path}`: {error}"));
    Request::builder().method(method).uri(uri)
}

fn json(method: Method, path: &str, body: &impl Serialize) -> Request {
    let body = serde_json::to_vec(body)
        .unwrap_or_else(|error| panic!("body cannot be serialized: {error}"));
    request(method, path).content_type("application/json").body(body)
}

fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|error| panic!("invalid header value: {error}"))
}

impl Endpoint for Client {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        Ok(self.respond(request).await)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("address", &self.address).finish_non_exhaustive()
    }
}
