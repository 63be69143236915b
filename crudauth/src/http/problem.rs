//! Serialization of refusals as problem documents (RFC 9457), readable by crudauth-py's front ends.

use crudauth_core::model::{FieldError, FieldErrorKind};
use poem::http::header;
use poem::{Body, Response};
use serde_json::{Value, json};

use super::refusal::{Detail, Refusal};

impl Refusal {
    pub(crate) fn to_response(&self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let mut body = json!({
            "type": "about:blank",
            "title": title,
            "status": self.status.as_u16(),
            "code": self.code,
        });
        match &self.detail {
            Detail::Text(text) => body["detail"] = json!(text),
            Detail::InvalidFields(errors) => {
                body["detail"] = errors.iter().map(pydantic_error).collect();
                body["errors"] = errors.iter().filter_map(pointer_error).collect();
            }
        }
        for (name, value) in &self.members {
            body[*name] = value.clone();
        }
        let mut response = Response::builder()
            .status(self.status)
            .content_type("application/problem+json")
            .header(header::CACHE_CONTROL, "no-store")
            .body(Body::from(body.to_string()));
        for (name, value) in &self.headers {
            response.headers_mut().append(name.clone(), value.clone());
        }
        response
    }
}

/// Formats an error like crudauth-py.
fn pydantic_error(error: &FieldError) -> Value {
    let (kind, context) = match error.kind {
        FieldErrorKind::Missing => ("missing", None),
        FieldErrorKind::Type => ("type_error", None),
        FieldErrorKind::TooShort { min } => {
            ("string_too_short", Some(json!({ "min_length": min })))
        }
        FieldErrorKind::TooLong { max } => ("string_too_long", Some(json!({ "max_length": max }))),
        FieldErrorKind::PasswordPolicy => ("password_policy", None),
        FieldErrorKind::Pattern => ("string_pattern_mismatch", None),
        FieldErrorKind::Value | FieldErrorKind::Repeated => ("value_error", None),
    };
    let place = if error.field.is_empty() {
        json!(["body"])
    } else if let Some(name) = error.field.strip_prefix('?') {
        json!(["query", name])
    } else {
        json!(["body", error.field])
    };
    let mut value = json!({ "type": kind, "loc": place, "msg": error.message });
    if let Some(context) = context {
        value["ctx"] = context;
    }
    value
}

/// Formats an error with a JSON pointer (RFC 6901); `None` for the query, which is not in the body.
fn pointer_error(error: &FieldError) -> Option<Value> {
    if error.field.starts_with('?') {
        return None;
    }
    let name = error.field.replace('~', "~0").replace('/', "~1");
    let pointer = if name.is_empty() { String::new() } else { format!("/{name}") };
    Some(json!({ "pointer": pointer, "detail": error.message }))
}
