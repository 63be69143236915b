//! Reads what a client sent, never more than a form can need.

use std::time::Duration;

use crudauth_core::model::{Form, Mistake, Rule};
use futures_util::stream;
use poem::error::ReadBodyError;
use poem::http::header;
use poem::{Body, Request, RequestBody};

use super::Refusal;
use super::headers::text;

/// No form of ours needs more: the longest password has 4 KiB, in JSON escapes six times that.
const MAX_BYTES: usize = 64 * 1024;

/// Nor longer: whoever sends a form byte by byte only means to keep us busy.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How long a body that nobody reads is waited for.
const MOMENT: Duration = Duration::from_secs(1);

/// Takes in what is still to come of a body, where that is little, before its sender is refused by an
/// argument of a handler; whoever reads the body all the same finds it there.
///
/// What is not taken in makes hyper close the connection behind the answer and without a word: a
/// client that has sent the body in a packet of its own would lose its next request by that.
pub(crate) async fn settle(request: &Request, body: &mut RequestBody) {
    let length = text(request.headers(), header::CONTENT_LENGTH).and_then(|it| it.parse().ok());
    if !length.is_some_and(|length: usize| (1..=MAX_BYTES).contains(&length)) {
        return;
    }
    let Ok(sent) = body.take() else { return };
    if let Ok(Ok(sent)) = tokio::time::timeout(MOMENT, sent.into_bytes_limit(MAX_BYTES)).await {
        *body = RequestBody::new(Body::from_bytes(sent));
    }
}

/// Reads a JSON object. Any other content type is refused: that is what a form on another site can
/// send without asking first.
pub(crate) async fn json(request: &mut Request) -> Result<Form, Refusal> {
    let media_type = media_type(request);
    let is_json = media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"));
    if !is_json {
        return Err(whole("Send a JSON object as application/json"));
    }
    let body = bytes(request).await?;
    Form::from_json(&body).map_err(|_| whole("JSON decode error"))
}

/// Reads an HTML form, URL-encoded or multipart.
pub(crate) async fn form(request: &mut Request) -> Result<Form, Refusal> {
    match &*media_type(request) {
        "application/x-www-form-urlencoded" => {
            let body = bytes(request).await?;
            let fields: Vec<(String, String)> =
                serde_urlencoded::from_bytes(&body).map_err(|_| whole("Form decode error"))?;
            Ok(Form::from_texts(fields))
        }
        "multipart/form-data" => {
            let content_type = text(request.headers(), header::CONTENT_TYPE).unwrap_or_default();
            let boundary =
                multer::parse_boundary(content_type).map_err(|_| whole("Form decode error"))?;
            let body = bytes(request).await?;
            multipart(body.to_vec(), boundary).await.map_err(|_| whole("Form decode error"))
        }
        _ => {
            // Names the fields, as for a form in which they are missing.
            let missing = ["username", "password"]
                .map(|field| Mistake::new(field, Rule::Missing, "Field required"));
            Err(Refusal::mistakes(missing.to_vec()))
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

/// The text of one field of a JSON object, whatever the content type says; nothing if there is no
/// such object or field, or it is empty. In the place of what is no text stands an empty one.
pub(crate) async fn text_in_json(
    request: &mut Request,
    field: &'static str,
) -> Result<Vec<String>, Refusal> {
    let body = bytes(request).await?;
    let Ok(mut form) = Form::from_json(&body) else { return Ok(Vec::new()) };
    match form.optional_text(field) {
        Some(text) => Ok(text.into_iter().filter(|text| !text.is_empty()).collect()),
        None => Ok(vec![String::new()]),
    }
}

async fn bytes(request: &mut Request) -> Result<Vec<u8>, Refusal> {
    let told: Option<usize> =
        text(request.headers(), header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    if told.is_some_and(|length| length > MAX_BYTES) {
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

/// What crudauth-py reads as a boolean.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "on" | "yes" | "y" | "t" => Some(true),
        "false" | "0" | "off" | "no" | "n" | "f" => Some(false),
        _ => None,
    }
}

/// The content type without its parameters, in lower case.
fn media_type(request: &Request) -> String {
    let value = text(request.headers(), header::CONTENT_TYPE).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Something is wrong with the body as a whole.
fn whole(message: &'static str) -> Refusal {
    Refusal::mistake(Mistake::new("", Rule::Value, message))
}
