//! Reading of request bodies, with limits on size and time.
//!
//! Called by the routes, and by the extractors before they reject a request.

use std::time::Duration;

use crudauth_core::model::{FieldError, FieldErrorKind, Form, InvalidField};
use futures_util::stream;
use poem::error::ReadBodyError;
use poem::http::header;
use poem::{Body, Request, RequestBody};

use super::Refusal;
use super::headers::text;

/// Maximum size of a body. The longest password takes 4 KiB, and six times that in JSON escapes.
const MAX_BYTES: usize = 64 * 1024;

/// Time limit for a body, so that slow clients do not occupy the server.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Time limit for a body that is not parsed.
const DRAIN_TIME_LIMIT: Duration = Duration::from_secs(1);

/// Reads a small body into memory before an extractor rejects the request. The body can still be
/// read afterwards.
///
/// With an unread body, hyper closes the connection after the response. A client that sent the body
/// in a separate packet would lose its next request.
pub(crate) async fn buffer_small(request: &Request, body: &mut RequestBody) {
    if !content_length(request).is_some_and(|length| (1..=MAX_BYTES).contains(&length)) {
        return;
    }
    let Ok(unread) = body.take() else { return };
    let bytes = unread.into_bytes_limit(MAX_BYTES);
    if let Ok(Ok(bytes)) = tokio::time::timeout(DRAIN_TIME_LIMIT, bytes).await {
        *body = RequestBody::new(Body::from_bytes(bytes));
    }
}

/// Marks a form that a page of this site sent.
#[derive(Clone, Copy)]
pub(crate) struct FromPage;

/// The content type of an HTML form.
pub(crate) const URL_ENCODED: &str = "application/x-www-form-urlencoded";

/// Reads a small body into memory; `None` if its length is unknown or too large, and the body is
/// still unread.
pub(crate) async fn small(request: &mut Request) -> Result<Option<Vec<u8>>, Refusal> {
    if content_length(request).is_none_or(|length| length > MAX_BYTES) {
        return Ok(None);
    }
    bytes(request).await.map(Some)
}

/// Reads the fields of a URL-encoded form.
pub(crate) async fn fields(request: &mut Request) -> Result<Vec<(String, String)>, Refusal> {
    let body = bytes(request).await?;
    serde_urlencoded::from_bytes(&body).map_err(|_| whole("Form decode error"))
}

/// Reads a JSON object, or a form that [a page](FromPage) sent. Other content types are rejected,
/// because a form on another site can send those without a preflight request.
pub(crate) async fn json(request: &mut Request) -> Result<Form, Refusal> {
    let media_type = media_type(request);
    if media_type == URL_ENCODED && request.extensions().get::<FromPage>().is_some() {
        return form(request).await;
    }
    let is_json = media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"));
    if !is_json {
        return Err(whole("Send a JSON object as application/json"));
    }
    let body = bytes(request).await?;
    Form::from_json(&body).map_err(|_| whole("JSON decode error"))
}

/// Reads a URL-encoded or multipart form.
pub(crate) async fn form(request: &mut Request) -> Result<Form, Refusal> {
    match &*media_type(request) {
        URL_ENCODED => Ok(Form::from_texts(fields(request).await?)),
        "multipart/form-data" => {
            let content_type = text(request.headers(), header::CONTENT_TYPE).unwrap_or_default();
            let boundary =
                multer::parse_boundary(content_type).map_err(|_| whole("Form decode error"))?;
            let body = bytes(request).await?;
            multipart(body.to_vec(), boundary).await.map_err(|_| whole("Form decode error"))
        }
        _ => {
            // Same response as for a form without these fields.
            Err(Refusal::invalid_fields(["username", "password"].map(FieldError::missing).to_vec()))
        }
    }
}

async fn multipart(body: Vec<u8>, boundary: String) -> Result<Form, multer::Error> {
    let chunks = stream::iter([Ok::<_, std::io::Error>(body)]);
    let mut parts = multer::Multipart::new(chunks, boundary);
    let mut fields = Vec::new();
    while let Some(field) = parts.next_field().await? {
        if let Some(name) = field.name().map(str::to_owned) {
            fields.push((name, field.text().await?));
        }
    }
    Ok(Form::from_texts(fields))
}

/// Reads a text field of a JSON object, for any content type. Empty if there is no object, no field
/// or no text in it. A value that is not a string yields an empty string.
pub(crate) async fn text_in_json(
    request: &mut Request,
    field: &'static str,
) -> Result<Vec<String>, Refusal> {
    let body = bytes(request).await?;
    let Ok(mut form) = Form::from_json(&body) else { return Ok(Vec::new()) };
    match form.optional_text(field) {
        Ok(text) => Ok(text.into_iter().filter(|text| !text.is_empty()).collect()),
        Err(InvalidField) => Ok(vec![String::new()]),
    }
}

/// Returns the text of a field of a JSON object or a form, which can still be read afterwards. `None`
/// if it is missing, sent twice or no text, or if the body is malformed, which the route refuses.
pub(crate) async fn peek(
    request: &mut Request,
    field: &'static str,
) -> Result<Option<String>, Refusal> {
    let body = bytes(request).await?;
    let sent = if media_type(request).ends_with("json") {
        Form::from_json(&body).ok()
    } else {
        request.set_body(body.clone());
        form(request).await.ok()
    };
    request.set_body(body);
    Ok(sent.and_then(|mut form| form.optional_text(field).ok().flatten()))
}

async fn bytes(request: &mut Request) -> Result<Vec<u8>, Refusal> {
    if content_length(request).is_some_and(|length| length > MAX_BYTES) {
        return Err(Refusal::payload_too_large());
    }
    let body = request.take_body().into_bytes_limit(MAX_BYTES);
    match tokio::time::timeout(TIME_LIMIT, body).await {
        Ok(Ok(bytes)) => Ok(bytes.to_vec()),
        Ok(Err(ReadBodyError::PayloadTooLarge)) => Err(Refusal::payload_too_large()),
        Ok(Err(_)) => Err(whole("The body could not be read")),
        Err(_) => Err(Refusal::request_timeout()),
    }
}

fn content_length(request: &Request) -> Option<usize> {
    text(request.headers(), header::CONTENT_LENGTH)?.parse().ok()
}

/// Parses a boolean like crudauth-py.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "on" | "yes" | "y" | "t" => Some(true),
        "false" | "0" | "off" | "no" | "n" | "f" => Some(false),
        _ => None,
    }
}

/// Returns the content type without parameters, in lower case.
pub(crate) fn media_type(request: &Request) -> String {
    let value = text(request.headers(), header::CONTENT_TYPE).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Returns the refusal for an invalid body.
fn whole(message: &'static str) -> Refusal {
    Refusal::invalid_field(FieldError::new("", FieldErrorKind::Value, message))
}
