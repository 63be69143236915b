//! Requests to providers, and their parts.

use reqwest::Url;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::ProviderError;
use crate::slices::oauth::http::{HttpClient, HttpRequest, HttpResponse, Reach};

/// A request without body.
pub(super) fn get(url: Url, authorization: Option<Zeroizing<String>>, reach: Reach) -> HttpRequest {
    HttpRequest { url, authorization, form: None, reach }
}

/// Sends a request and reads the JSON in the answer.
pub(super) async fn fetch(
    http: &dyn HttpClient,
    endpoint: &'static str,
    request: HttpRequest,
) -> Result<Value, ProviderError> {
    read(endpoint, &send(http, endpoint, request).await?)
}

/// As [`fetch`], for an answer that is an object.
pub(super) async fn fetch_object(
    http: &dyn HttpClient,
    endpoint: &'static str,
    request: HttpRequest,
) -> Result<Map<String, Value>, ProviderError> {
    object(endpoint, fetch(http, endpoint, request).await?)
}

/// As [`fetch_object`], for the token endpoint: a grant that is not valid is an error of its own. The
/// refusals of GitHub have the status 200.
pub(super) async fn fetch_tokens(
    http: &dyn HttpClient,
    request: HttpRequest,
) -> Result<Map<String, Value>, ProviderError> {
    let response = send(http, "token", request).await?;
    let refusal: Option<Value> = serde_json::from_slice(&response.body).ok();
    let code = refusal.as_ref().and_then(|refusal| refusal.get("error")?.as_str());
    if response.status < 500 && matches!(code, Some("invalid_grant" | "bad_refresh_token")) {
        return Err(ProviderError::InvalidGrant);
    }
    object("token", read("token", &response)?)
}

async fn send(
    http: &dyn HttpClient,
    endpoint: &'static str,
    request: HttpRequest,
) -> Result<HttpResponse, ProviderError> {
    let sent = http.send(request).await;
    sent.map_err(|cause| ProviderError::Unreachable { endpoint, cause })
}

fn read(endpoint: &'static str, response: &HttpResponse) -> Result<Value, ProviderError> {
    let status = response.status;
    if !(200..300).contains(&status) {
        return Err(ProviderError::Status { endpoint, status });
    }
    let unusable = |_| ProviderError::Unusable { endpoint, reason: "the answer is not JSON" };
    serde_json::from_slice(&response.body).map_err(unusable)
}

fn object(endpoint: &'static str, answer: Value) -> Result<Map<String, Value>, ProviderError> {
    match answer {
        Value::Object(object) => Ok(object),
        _ => Err(ProviderError::Unusable { endpoint, reason: "the answer is not an object" }),
    }
}

/// Adds parameters to the query of a URL, which may have some already.
pub(super) fn with_query(mut url: Url, parameters: &[(&str, &str)]) -> Url {
    url.query_pairs_mut().extend_pairs(parameters);
    url
}

/// Encodes parameters as a form.
pub(super) fn form(parameters: &[(&str, &str)]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    for (name, value) in parameters {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(&encoded(name));
        text.push('=');
        text.push_str(&encoded(value));
    }
    text
}

/// Everything but the unreserved characters, which URLs and forms leave as they are.
const ESCAPED: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

pub(super) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, ESCAPED).to_string()
}
