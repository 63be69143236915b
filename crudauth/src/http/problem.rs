//! A refusal as a problem document (RFC 9457), which crudauth-py's front ends can read as well.

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
            Detail::InvalidFields(mistakes) => {
                body["detail"] = mistakes.iter().map(listed).collect();
                body["errors"] = mistakes.iter().filter_map(pointed).collect();
            }
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

/// A mistake as crudauth-py lists it.
fn listed(mistake: &FieldError) -> Value {
    let (kind, context) = match mistake.kind {
        FieldErrorKind::Missing => ("missing", None),
        FieldErrorKind::Type => ("type_error", None),
        FieldErrorKind::TooShort { min } => {
            ("string_too_short", Some(json!({ "min_length": min })))
        }
        FieldErrorKind::TooLong { max } => ("string_too_long", Some(json!({ "max_length": max }))),
        FieldErrorKind::PasswordPolicy => ("password_policy", None),
        FieldErrorKind::Pattern => ("string_pattern_mismatch", None),
        _ => ("value_error", None),
    };
    let place = if mistake.field.is_empty() {
        json!(["body"])
    } else if let Some(name) = mistake.field.strip_prefix('?') {
        json!(["query", name])
    } else {
        json!(["body", mistake.field])
    };
    let mut value = json!({ "type": kind, "loc": place, "msg": mistake.message });
    if let Some(context) = context {
        value["ctx"] = context;
    }
    value
}

/// A mistake with a JSON pointer (RFC 6901); one in the query is nowhere in the body.
fn pointed(mistake: &FieldError) -> Option<Value> {
    if mistake.field.starts_with('?') {
        return None;
    }
    let name = mistake.field.replace('~', "~0").replace('/', "~1");
    let pointer = if name.is_empty() { String::new() } else { format!("/{name}") };
    Some(json!({ "pointer": pointer, "detail": mistake.message }))
}
