//! Every refusal, with its status, code and text: the one table of what clients are told.
//!
//! A body is a problem document (RFC 9457). `detail` is crudauth-py's sentence, `code` is stable
//! and made for programs. What a store said goes to the log, never to a client.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crudauth_core::model::{Mistake, Rule};
use poem::error::ResponseError;
use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use poem::{Body, Response};
use serde_json::{Value, json};

/// Why a request was refused; becomes an answer of type `application/problem+json`.
///
/// | status | `code` | when |
/// | --- | --- | --- |
/// | 400 | `invalid-token`, `token-used` | a mailed link is none of ours, has died, or was used |
/// | 400 | `wrong-password`, `same-email` | a change of address |
/// | 400 | `no-password`, `has-password` | changing a password that is not there, setting a second one |
/// | 401 | `not-authenticated` | nobody is signed in; where tokens are taken with `WWW-Authenticate` |
/// | 401 | `invalid-access-token`, `invalid-api-key` | a credential that is none |
/// | 401 | `refresh-token-missing`, `invalid-refresh-token` | `/refresh` |
/// | 401 | `bad-credentials`, `wrong-password` | sign-in; the current password |
/// | 403 | `csrf-missing`, `csrf-invalid` | with `X-CSRF-Error: true` |
/// | 403 | `cross-site` | a page of another site: sign-in, `/refresh`, `/logout`, `/csrf/refresh`, mails and their links |
/// | 403 | `not-verified`, `insufficient-privileges`, `access-denied` | gates |
/// | 403 | `insufficient-scope` | a gate; with `WWW-Authenticate` (RFC 6750) |
/// | 403 | `sign-in-too-old` | a first password and an API key want a recent sign-in |
/// | 404, 405 | `not-found`, `method-not-allowed` | 405 with `Allow` |
/// | 408, 413 | `request-timeout`, `payload-too-large` | a body that takes 30 s or 64 KiB |
/// | 409 | `too-many-api-keys` | the account has as many as it may |
/// | 422 | `invalid-fields` | `detail` lists the mistakes, `errors` points at them |
/// | 422 | `taken`, `email-taken` | another account has it |
/// | 429 | `too-many-requests`, `locked-out` | with `Retry-After` |
/// | 500 | `internal-error` | the log says more |
/// | 503 | `unavailable` | the store is away or the hashing line is full; with `Retry-After` |
#[derive(Clone, Debug)]
pub struct Refusal {
    status: StatusCode,
    code: &'static str,
    detail: Detail,
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Clone, Debug)]
enum Detail {
    Text(Cow<'static, str>),
    Mistakes(Vec<Mistake>),
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $detail:literal;)*) => {
        impl Refusal {
            $($(#[$doc])*
            #[must_use]
            pub fn $name() -> Self {
                Self::new(StatusCode::$status, $code, $detail)
            })*
        }
    };
}

refusals! {
    /// No usable credential came with the request.
    not_authenticated = UNAUTHORIZED, "not-authenticated", "Not authenticated";
    /// A gate of the app's own said no.
    denied = FORBIDDEN, "access-denied", "Access denied";
    /// The account is no superuser.
    not_superuser = FORBIDDEN, "insufficient-privileges", "Insufficient privileges";
    /// The account has not proved its address.
    not_verified = FORBIDDEN, "not-verified", "Recovery factor not verified";
    /// Whoever asks signed in too long ago for it.
    sign_in_too_old = FORBIDDEN, "sign-in-too-old", "Sign in again to continue: this needs a recent sign-in.";
    /// Something is wrong on the server's side; the log says what.
    internal = INTERNAL_SERVER_ERROR, "internal-error", "Internal Server Error";
}

impl Refusal {
    /// A refusal of the app's own, for its gates: `code` is for programs, `detail` for people.
    #[must_use]
    pub fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, code, detail: Detail::Text(detail.into()), headers: Vec::new() }
    }

    /// A refusal of a credential that is none, for a [`Transport`](crate::Transport) of the app's
    /// own: a 401 that says in `WWW-Authenticate` by what scheme it was tried (RFC 9110, 11.6.1).
    #[must_use]
    pub fn unauthorized(
        scheme: &str,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail).challenging(scheme, &[])
    }

    #[cfg(feature = "bearer")]
    pub(crate) fn invalid_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid-access-token", "Invalid token")
            .challenging("Bearer", &[("error", "invalid_token")])
    }

    pub(crate) fn invalid_api_key() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid-api-key", "Invalid API key")
            .challenging("Bearer", &[("error", "invalid_token")])
    }

    #[cfg(feature = "bearer")]
    pub(crate) fn refresh_missing() -> Self {
        let code = "refresh-token-missing";
        Self::new(StatusCode::UNAUTHORIZED, code, "Refresh token missing")
    }

    #[cfg(feature = "bearer")]
    pub(crate) fn refresh_invalid() -> Self {
        let detail = "Invalid or expired refresh token";
        Self::new(StatusCode::UNAUTHORIZED, "invalid-refresh-token", detail)
    }

    /// The credential has not this scope.
    #[must_use]
    pub fn insufficient_scope(scope: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "insufficient-scope", "Insufficient scope")
            .challenging("Bearer", &[("error", "insufficient_scope"), ("scope", scope)])
    }

    /// Says in `WWW-Authenticate` how to authenticate, and what was wrong with how it was tried.
    /// RFC 6750, section 3, wants at least one parameter, so there is a realm.
    pub(crate) fn challenging(self, scheme: &str, parameters: &[(&str, &str)]) -> Self {
        let mut challenge = format!("{scheme} realm=\"accounts\"");
        for (name, value) in parameters {
            challenge.push_str(&format!(", {name}=\"{value}\""));
        }
        self.with(header::WWW_AUTHENTICATE, &challenge)
    }

    pub(crate) fn not_found(detail: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    pub(crate) fn method_not_allowed(allowed: &str) -> Self {
        let code = "method-not-allowed";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, code, "Method Not Allowed")
            .with(header::ALLOW, allowed)
    }

    pub(crate) fn payload_too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload-too-large", "Request body too large")
    }

    pub(crate) fn request_timeout() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "request-timeout", "Request took too long")
    }

    pub(crate) fn csrf_missing() -> Self {
        Self::new(StatusCode::FORBIDDEN, "csrf-missing", "Missing CSRF token").csrf()
    }

    pub(crate) fn csrf_invalid() -> Self {
        Self::new(StatusCode::FORBIDDEN, "csrf-invalid", "Invalid CSRF token").csrf()
    }

    fn csrf(self) -> Self {
        self.with(HeaderName::from_static("x-csrf-error"), "true")
    }

    pub(crate) fn cross_site() -> Self {
        let detail = "Cross-site login requests are not allowed.";
        Self::new(StatusCode::FORBIDDEN, "cross-site", detail)
    }

    pub(crate) fn cross_site_page() -> Self {
        let detail = "Requests from other sites' pages are not allowed.";
        Self::new(StatusCode::FORBIDDEN, "cross-site", detail)
    }

    pub(crate) fn too_many(retry_after: Duration) -> Self {
        let detail = "Too many requests. Try again later.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail).retry(retry_after)
    }

    pub(super) fn locked_out(retry_after: Duration) -> Self {
        let detail = "Too many login attempts. Try again later.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "locked-out", detail).retry(retry_after)
    }

    pub(super) fn unavailable(retry_after: Duration) -> Self {
        let detail = "Service temporarily unavailable. Try again later.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).retry(retry_after)
    }

    pub(crate) fn session_not_found() -> Self {
        Self::not_found("Session not found.")
    }

    /// What is wrong with a body, as the library's own routes tell it: 422, with each mistake at its
    /// field.
    #[must_use]
    pub fn mistakes(mistakes: Vec<Mistake>) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code: "invalid-fields",
            detail: Detail::Mistakes(mistakes),
            headers: Vec::new(),
        }
    }

    pub(crate) fn mistake(mistake: Mistake) -> Self {
        Self::mistakes(vec![mistake])
    }

    pub(crate) fn taken(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// Adds a header to the answer. A value that no header can have is left out.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// Rounded up, so that whoever comes back then is not too early.
    fn retry(self, after: Duration) -> Self {
        let seconds = after.as_millis().div_ceil(1000).max(1);
        self.with(header::RETRY_AFTER, &seconds.to_string())
    }

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
            Detail::Mistakes(mistakes) => {
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
fn listed(mistake: &Mistake) -> Value {
    let (kind, context) = match mistake.rule {
        Rule::Missing => ("missing", None),
        Rule::Type => ("type_error", None),
        Rule::TooShort { min } => ("string_too_short", Some(json!({ "min_length": min }))),
        Rule::TooLong { max } => ("string_too_long", Some(json!({ "max_length": max }))),
        Rule::PasswordPolicy => ("password_policy", None),
        Rule::Pattern => ("string_pattern_mismatch", None),
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
fn pointed(mistake: &Mistake) -> Option<Value> {
    if mistake.field.starts_with('?') {
        return None;
    }
    let name = mistake.field.replace('~', "~0").replace('/', "~1");
    let pointer = if name.is_empty() { String::new() } else { format!("/{name}") };
    Some(json!({ "pointer": pointer, "detail": mistake.message }))
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.code, self.status.as_u16())
    }
}

impl std::error::Error for Refusal {}

impl ResponseError for Refusal {
    fn status(&self) -> StatusCode {
        self.status
    }

    fn as_response(&self) -> Response {
        self.to_response()
    }
}

/// `username` -> `Username`, as a sentence begins.
pub(crate) fn capital(field: &str) -> String {
    let mut letters = field.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}
