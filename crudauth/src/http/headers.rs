//! Who is asking, as the headers and the socket tell.

use std::sync::atomic::Ordering;

use crudauth_core::model::{ClientAddress, client_address};
use poem::PathPattern;
use poem::http::{HeaderMap, HeaderName, header};
use poem::{Addr, Body, Request, Response};
use serde::Serialize;
use tracing::warn;

use super::Refusal;
use super::config::HttpConfig;

/// The client's address: the socket's peer, or what the trusted proxies say.
pub(crate) fn client(request: &Request, config: &HttpConfig) -> Option<ClientAddress> {
    let peer = match &request.remote_addr().0 {
        Addr::SocketAddr(address) => Some(address.ip()),
        _ => None,
    };
    // Lossy, not dropped: what a client wrote into a line must not hide what a proxy added to it.
    let lines = request.headers().get_all("x-forwarded-for").into_iter();
    let lines: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    let is_news = || !config.has_told_of_proxy.swap(true, Ordering::Relaxed);
    if config.trusted_hops == 0 && !lines.is_empty() && is_news() {
        warn!(
            "a request has `X-Forwarded-For`, which is not believed: if a proxy of yours is in \
             front, say so by `Builder::trusted_proxy_hops`, or everybody counts as one client"
        );
    }
    client_address(peer, lines.iter().map(AsRef::as_ref), config.trusted_hops)
}

/// A header's text, if it is there and readable.
pub(crate) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// What the client calls itself.
pub(crate) fn user_agent(request: &Request) -> Option<String> {
    text(request.headers(), header::USER_AGENT).map(str::to_owned)
}

/// The path that was asked for, with what it was nested under.
pub(crate) fn whole_path(request: &Request) -> &str {
    let (own, whole) = (request.uri().path(), request.original_uri().path());
    if whole.ends_with(own) {
        return whole;
    }
    // A request that no server has read has no original.
    request.data::<PathPattern>().map_or(own, |pattern| &pattern.0)
}

/// An answer with a JSON body that no cache keeps.
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

/// The usual success: a sentence.
pub(crate) fn detail(text: &str) -> Result<Response, Refusal> {
    json(poem::http::StatusCode::OK, &serde_json::json!({ "detail": text }))
}
