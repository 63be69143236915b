//! Request headers that describe the client, and JSON responses.
//!
//! Called by the routes and transports.

use std::sync::atomic::Ordering;

use crudauth_core::model::{ClientAddress, ClientInfo, client_address};
use poem::PathPattern;
use poem::http::{HeaderMap, HeaderName, header};
use poem::{Addr, Body, Request, Response};
use serde::Serialize;
use tracing::warn;

use super::Refusal;
use super::config::HttpConfig;

/// Returns the client of a request, for sign-in and for lists.
pub(crate) fn client_info(request: &Request, config: &HttpConfig) -> ClientInfo {
    ClientInfo::new(client(request, config), user_agent(request))
}

/// Returns the address of the client: the peer of the socket, or the one that trusted proxies
/// report.
pub(crate) fn client(request: &Request, config: &HttpConfig) -> Option<ClientAddress> {
    let peer = match &request.remote_addr().0 {
        Addr::SocketAddr(address) => Some(address.ip()),
        _ => None,
    };
    // Lossy: invalid bytes from the client must not hide the entry that a proxy appended.
    let lines = request.headers().get_all("x-forwarded-for").into_iter();
    let lines: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    if config.trusted_hops == 0
        && !lines.is_empty()
        && !config.has_told_of_proxy.swap(true, Ordering::Relaxed)
    {
        warn!(
            "ignoring `X-Forwarded-For`: behind a proxy, set `Builder::trusted_proxy_hops`, or all \
             clients count as one"
        );
    }
    client_address(peer, lines.iter().map(AsRef::as_ref), config.trusted_hops)
}

/// Returns a header as text, if it is present and readable.
pub(crate) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Returns the user agent.
pub(crate) fn user_agent(request: &Request) -> Option<String> {
    text(request.headers(), header::USER_AGENT).map(str::to_owned)
}

/// Returns the requested path, including the prefix that the routes are nested under.
pub(crate) fn whole_path(request: &Request) -> &str {
    let nested = request.uri().path();
    let whole = request.original_uri().path();
    if whole.ends_with(nested) {
        return whole;
    }
    // A request that did not come through a server has no original URI.
    request.data::<PathPattern>().map_or(nested, |pattern| &pattern.0)
}

/// Returns the requested path with its parameters, including the prefix that the handler is nested
/// under if the request came through a server.
pub(crate) fn requested_path(request: &Request) -> &str {
    let (nested, whole) = (request.uri().path(), request.original_uri().path());
    if whole.ends_with(nested) { whole } else { nested }
}

/// Builds a JSON response that caches must not store.
pub(crate) fn json(
    status: poem::http::StatusCode,
    body: &impl Serialize,
) -> Result<Response, Refusal> {
    let body = serde_json::to_vec(body).map_err(|_| Refusal::internal())?;
    Ok(Response::builder()
        .status(status)
        .content_type("application/json")
        .header(header::CACHE_CONTROL, "no-store")
        .body(Body::from(body)))
}

/// Builds a success response with one sentence.
pub(crate) fn detail(text: &str) -> Result<Response, Refusal> {
    json(poem::http::StatusCode::OK, &serde_json::json!({ "detail": text }))
}
