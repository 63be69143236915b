//! Every refusal, with its status, code and text: the one table of what clients are told. `problem.rs`
//! writes it down, `errors.rs` says which error of a flow is which.
//!
//! `detail` is crudauth-py's sentence, `code` is stable and made for programs. What a store said goes
//! to the log, never to a client.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crudauth_core::model::Mistake;
use poem::Response;
use poem::error::ResponseError;
use poem::http::{HeaderName, HeaderValue, StatusCode, header};

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
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) detail: Detail,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Clone, Debug)]
pub(super) enum Detail {
    Text(Cow<'static, str>),
    Mistakes(Vec<Mistake>),
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $seen:vis $name:ident = $status:ident, $code:literal, $detail:literal;)*) => {
        impl Refusal {
            $($(#[$doc])*
            #[must_use]
            $seen fn $name() -> Self {
                Self::new(StatusCode::$status, $code, $detail)
            })*
        }
    };
}

refusals! {
    /// No usable credential came with the request.
    pub not_authenticated = UNAUTHORIZED, "not-authenticated", "Not authenticated";
    /// A gate of the app's own said no.
    pub denied = FORBIDDEN, "access-denied", "Access denied";
    /// The account is no superuser.
    pub not_superuser = FORBIDDEN, "insufficient-privileges", "Insufficient privileges";
    /// The account has not proved its address.
    pub not_verified = FORBIDDEN, "not-verified", "Recovery factor not verified";
    /// Whoever asks signed in too long ago for it.
    pub sign_in_too_old = FORBIDDEN, "sign-in-too-old", "Sign in again to continue: this needs a recent sign-in.";
    /// Something is wrong on the server's side; the log says what.
    pub internal = INTERNAL_SERVER_ERROR, "internal-error", "Internal Server Error";

    pub(super) bad_credentials = UNAUTHORIZED, "bad-credentials", "Incorrect username or password";
    pub(super) wrong_current_password = UNAUTHORIZED, "wrong-password", "Current password is incorrect.";
    pub(super) no_password = BAD_REQUEST, "no-password", "Account has no password; use /set-password to create one.";
    pub(super) has_password = BAD_REQUEST, "has-password", "Account already has a password; use the password reset flow to change it.";
    pub(super) wrong_password = BAD_REQUEST, "wrong-password", "Incorrect password";
    pub(super) same_email = BAD_REQUEST, "same-email", "New email matches current email";
    pub(super) invalid_link = BAD_REQUEST, "invalid-token", "Invalid or expired token";
    pub(super) used_link = BAD_REQUEST, "token-used", "Token already used";
    pub(crate) refresh_missing = UNAUTHORIZED, "refresh-token-missing", "Refresh token missing";
    pub(super) refresh_invalid = UNAUTHORIZED, "invalid-refresh-token", "Invalid or expired refresh token";
    access_token = UNAUTHORIZED, "invalid-access-token", "Invalid token";
    api_key = UNAUTHORIZED, "invalid-api-key", "Invalid API key";
    pub(crate) cross_site = FORBIDDEN, "cross-site", "Cross-site login requests are not allowed.";
    pub(crate) cross_site_page = FORBIDDEN, "cross-site", "Requests from other sites' pages are not allowed.";
    missing_csrf = FORBIDDEN, "csrf-missing", "Missing CSRF token";
    wrong_csrf = FORBIDDEN, "csrf-invalid", "Invalid CSRF token";
    pub(crate) payload_too_large = PAYLOAD_TOO_LARGE, "payload-too-large", "Request body too large";
    pub(crate) request_timeout = REQUEST_TIMEOUT, "request-timeout", "Request took too long";
    used_up = TOO_MANY_REQUESTS, "too-many-requests", "Too many requests. Try again later.";
    locked = TOO_MANY_REQUESTS, "locked-out", "Too many login attempts. Try again later.";
    away = SERVICE_UNAVAILABLE, "unavailable", "Service temporarily unavailable. Try again later.";
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

    pub(crate) fn invalid_token() -> Self {
        Self::access_token().challenging("Bearer", &[("error", "invalid_token")])
    }

    pub(crate) fn invalid_api_key() -> Self {
        Self::api_key().challenging("Bearer", &[("error", "invalid_token")])
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

    pub(crate) fn csrf_missing() -> Self {
        Self::missing_csrf().csrf()
    }

    pub(crate) fn csrf_invalid() -> Self {
        Self::wrong_csrf().csrf()
    }

    fn csrf(self) -> Self {
        self.with(HeaderName::from_static("x-csrf-error"), "true")
    }

    pub(crate) fn too_many(retry_after: Duration) -> Self {
        Self::used_up().retry(retry_after)
    }

    pub(super) fn locked_out(retry_after: Duration) -> Self {
        Self::locked().retry(retry_after)
    }

    pub(super) fn unavailable(retry_after: Duration) -> Self {
        Self::away().retry(retry_after)
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
