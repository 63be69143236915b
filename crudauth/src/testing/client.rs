//! A browser, but for the pages: it keeps cookies and sends the CSRF token along.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use poem::endpoint::BoxEndpoint;
use poem::http::uri::Scheme;
use poem::http::{self, HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Body, Endpoint, Request, Response};
use serde::Serialize;

use super::Answer;
use super::jar::Jar;
use crate::http::CookieConfig;

/// The one host that the browser knows.
const HOST: HeaderValue = HeaderValue::from_static("localhost");
const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The outermost reverse proxy, and every one behind it (RFC 2544's range for tests, its last one).
const PROXY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 19, 255, 254));

/// Who sends requests: one browser of one person. A clone is the same browser.
///
/// It keeps cookies as a browser does for one host over HTTPS, and sends the CSRF token of its
/// cookie in `X-CSRF-Token` with every unsafe request, unless that has one already. It has an
/// address of its own, so that allowances are counted for it alone.
///
/// It is an endpoint itself: `poem::test::TestClient::new(client)` sends whatever poem's own test
/// client can make, with the cookies of this one.
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

    /// The same browser at another address.
    #[must_use]
    pub fn at(mut self, address: IpAddr) -> Self {
        self.address = address;
        self
    }

    /// The same browser, made to send what a page of another site could: cookies, and no CSRF token.
    #[must_use]
    pub fn without_csrf(mut self) -> Self {
        self.sends_csrf = false;
        self
    }

    /// The same client, which sends this access token or API key with every request.
    #[must_use]
    pub fn bearer(self, token: impl AsRef<str>) -> Self {
        self.header("authorization", format!("Bearer {}", token.as_ref()))
    }

    /// The same client, which sends this header with every request that does not have it already.
    ///
    /// # Panics
    /// If that is no header.
    #[must_use]
    pub fn header(mut self, name: &str, text: impl AsRef<str>) -> Self {
        match HeaderName::from_bytes(name.as_bytes()) {
            Ok(name) => self.headers.insert(name, value(text.as_ref().to_owned())),
            Err(error) => panic!("`{name}` is no name of a header: {error}"),
        };
        self
    }

    /// From where it sends.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// The cookie of that name, if it has one.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar().value(name).map(str::to_owned)
    }

    /// The session's cookie, whatever it is called; `None` if nobody is signed in, as far as the
    /// browser knows.
    #[must_use]
    pub fn session_cookie(&self) -> Option<String> {
        self.cookie(&self.cookies.session)
    }

    /// Puts in a cookie that is sent to every path.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.jar().put(name, value, "/");
    }

    /// Throws a cookie away.
    pub fn forget_cookie(&self, name: &str) {
        self.jar().forget(name);
    }

    /// Takes what a sign-in gives.
    pub(super) fn take(&self, session: &str, csrf: &str, device: &str) {
        let CookieConfig {
            path, session: session_name, csrf: csrf_name, device: device_name, ..
        } = &self.cookies;
        let mut jar = self.jar();
        jar.put(session_name, session, path);
        jar.put(csrf_name, csrf, path);
        jar.put(device_name, device, path);
    }

    /// Asks for a page.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path).finish()).await
    }

    /// Sends JSON.
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

    /// Has something deleted.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(request(Method::DELETE, path).finish()).await
    }

    /// Sends an HTML form: pairs, or a struct.
    ///
    /// # Panics
    /// If these are no fields of a form.
    pub async fn post_form(&self, path: &str, fields: impl Serialize) -> Answer {
        let fields = match serde_urlencoded::to_string(&fields) {
            Ok(fields) => fields,
            Err(error) => panic!("no form: {error}"),
        };
        let form = request(Method::POST, path).content_type("application/x-www-form-urlencoded");
        self.send(form.body(fields)).await
    }

    /// Sends any request, and reads the answer to its end. Cookies are added, and what a browser
    /// would add, unless it is there.
    pub async fn send(&self, request: Request) -> Answer {
        Answer::read(self.answer(request).await).await
    }

    async fn answer(&self, request: Request) -> Response {
        let path = request.uri().path().to_owned();
        let response = self.endpoint.get_response(self.dressed(request)).await;
        self.jar().obey(response.headers(), &path);
        response
    }

    /// The request as it arrives at the server.
    fn dressed(&self, request: Request) -> Request {
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

    /// What the proxies that the mount trusts say.
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
    match path.parse::<Uri>() {
        Ok(uri) => Request::builder().method(method).uri(uri),
        Err(error) => panic!("`{path}` is no path: {error}"),
    }
}

fn json(method: Method, path: &str, body: &impl Serialize) -> Request {
    match serde_json::to_vec(body) {
        Ok(body) => request(method, path).content_type("application/json").body(body),
        Err(error) => panic!("no JSON: {error}"),
    }
}

fn value(text: String) -> HeaderValue {
    match HeaderValue::try_from(text) {
        Ok(value) => value,
        Err(error) => panic!("a header cannot hold it: {error}"),
    }
}

impl Endpoint for Client {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        Ok(self.answer(request).await)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("address", &self.address).finish_non_exhaustive()
    }
}
