//! Refusals: status, code and text of every error response.
//!
//! `detail` is crudauth-py's sentence; `code` is stable and for programs. `problem.rs` serializes a
//! refusal, and each slice converts the errors of its flows. A store's error text goes to the log,
//! never to a client.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crudauth_core::model::FieldError;
use crudauth_core::slices::sudo::{Missing, Way};
use poem::Response;
use poem::error::ResponseError;
use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;

/// Why a request was refused: an error response of type `application/problem+json`.
///
/// | status | `code` | when |
/// | --- | --- | --- |
/// | 400 | `invalid-token`, `token-used` | a mailed link or code is invalid, expired or used |
/// | 400 | `wrong-password`, `same-email` | a change of address |
/// | 400 | `same-username` | a change of username |
/// | 400 | `no-password`, `has-password` | change of a missing password; setting a second one |
/// | 400 | `challenge-ended`, `mfa-enabled`, `no-mfa-setup` | the second step of a sign-in; adding a second factor |
/// | 400 | `unknown-provider`, `invalid-state`, `oauth-failed` | sign-in with a provider |
/// | 400 | `account-inactive`, `email-missing`, `email-unverified`, `email-too-long`, `provider-already-linked`, `sign-up-incomplete` | the account of a person at a provider |
/// | 401 | `not-authenticated` | no valid credential; with `WWW-Authenticate` if the mount accepts tokens |
/// | 401 | `invalid-access-token`, `invalid-api-key` | a malformed credential; an unknown one is `not-authenticated` |
/// | 401 | `refresh-token-missing`, `invalid-refresh-token` | `/refresh` |
/// | 401 | `invalid-ticket` | the ticket of a WebSocket or a download |
/// | 401 | `bad-credentials`, `wrong-password` | sign-in; the current password |
/// | 400 | `passkey-challenge-ended` | the challenge for a passkey is not valid any more |
/// | 401 | `invalid-code`, `three-codes-needed`, `code-needed` | a code of the second factor, or in a mail |
/// | 401 | `passkey-rejected`, `unknown-passkey`, `passkey-needed` | a passkey |
/// | 403 | `csrf-missing`, `csrf-invalid` | with `X-CSRF-Error: true` |
/// | 403 | `cross-site` | a request from another site's page: sign-in, `/refresh`, `/logout`, `/csrf/refresh`, requests for messages, and their confirmation |
/// | 403 | `not-verified`, `insufficient-privileges`, `access-denied` | gates |
/// | 403 | `impersonated` | an administrator acts as the account |
/// | 403 | `reauthentication-required`, `session-needed` | a gate wants fresh proof, with `factor`, `max_age` and `ways`; `/sudo` wants a session |
/// | 403 | `mfa-required` | the second factor cannot be removed |
/// | 403 | `sign-up-closed` | the policy of the builder refuses a sign-up |
/// | 403 | `bot-check-required`, `bot-check-failed` | the answer of the bot check is missing; it is wrong, expired or used |
/// | 403 | `refused-by-app` | a hook of the app refuses a sign-up, a sign-in or a username |
/// | 403 | `insufficient-scope` | a gate; with `WWW-Authenticate` (RFC 6750) |
/// | 403 | `sign-in-too-old` | setting a first password, creating an API key, and adding or removing a passkey need a recent sign-in |
/// | 403 | `second-factor-skipped` | the same in a trusted browser, where no `/sudo` can prove the factor |
/// | 404, 405 | `not-found`, `method-not-allowed` | 405 with `Allow` |
/// | 408, 413 | `request-timeout`, `payload-too-large` | a body takes more than 30 s or 64 KiB |
/// | 409 | `too-many-api-keys`, `too-many-passkeys` | the account has the maximum number |
/// | 409 | `passkey-registered`, `connected-elsewhere`, `last-way-in` | adding and removing passkeys and connections |
/// | 409 | `last-superuser`, `account-in-use` | the account cannot be disabled, demoted or deleted |
/// | 409 | `already-disabled`, `no-contact`, `not-impersonable` | an action of an administrator has no effect |
/// | 422 | `invalid-fields` | `detail` lists the errors, `errors` has JSON pointers |
/// | 422 | `taken`, `email-taken` | another account has the identifier |
/// | 429 | `too-many-requests`, `too-many-sign-ins`, `locked-out` | with `Retry-After` |
/// | 500 | `internal-error` | see the log |
/// | 503 | `unavailable` | the store is unavailable or the hashing queue is full; with `Retry-After` |
#[derive(Clone, Debug)]
pub struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) detail: Detail,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// Further members of the problem document.
    pub(super) members: Vec<(&'static str, Value)>,
}

#[derive(Clone, Debug)]
pub(super) enum Detail {
    Text(Cow<'static, str>),
    InvalidFields(Vec<FieldError>),
}

/// Declares refusals: a function of [`Refusal`] for each. A slice declares its own in its file.
macro_rules! refusals {
    ($($(#[$doc:meta])* $seen:vis $name:ident = $status:ident, $code:literal, $detail:literal;)*) => {
        impl Refusal {
            $($(#[$doc])*
            #[must_use]
            $seen fn $name() -> Self {
                Self::new(poem::http::StatusCode::$status, $code, $detail)
            })*
        }
    };
}
pub(crate) use refusals;

refusals! {
    /// The request has no valid credential.
    pub not_authenticated = UNAUTHORIZED, "not-authenticated", "Not authenticated";
    /// A gate of the app rejected the request.
    pub denied = FORBIDDEN, "access-denied", "Access denied";
    /// The account is not a superuser.
    pub not_superuser = FORBIDDEN, "insufficient-privileges", "Insufficient privileges";
    /// The account lacks a role of the app.
    pub missing_role = FORBIDDEN, "insufficient-privileges", "Insufficient privileges";
    /// An administrator acts as the owner, and the route is for owners.
    pub impersonated = FORBIDDEN, "impersonated", "Not available to an administrator who acts as this account.";
    /// The recovery contact of the account is not verified.
    pub not_verified = FORBIDDEN, "not-verified", "Recovery factor not verified";
    /// The sign-in is too old for this operation.
    pub sign_in_too_old = FORBIDDEN, "sign-in-too-old", "Sign in again to continue: this needs a recent sign-in.";
    /// The owner must prove a factor again.
    pub reauthentication_required = FORBIDDEN, "reauthentication-required", "Re-authentication required.";
    /// The sign-in of a trusted browser skipped the second factor, and this operation needs it.
    pub second_factor_skipped = FORBIDDEN, "second-factor-skipped", "End the trust in this browser and sign in again to continue: this needs the second factor, which the sign-in skipped.";
    /// The server failed; the log has the cause.
    pub internal = INTERNAL_SERVER_ERROR, "internal-error", "Internal Server Error";

    #[cfg(any(feature = "oauth", feature = "passkeys"))]
    pub(crate) last_way_in = CONFLICT, "last-way-in", "This is the only way to sign in. Set a password first.";
    access_token = UNAUTHORIZED, "invalid-access-token", "Invalid token";
    api_key = UNAUTHORIZED, "invalid-api-key", "Invalid API key";
    pub(crate) cross_site = FORBIDDEN, "cross-site", "Cross-site login requests are not allowed.";
    pub(crate) cross_site_page = FORBIDDEN, "cross-site", "Requests from other sites' pages are not allowed.";
    missing_csrf = FORBIDDEN, "csrf-missing", "Missing CSRF token";
    wrong_csrf = FORBIDDEN, "csrf-invalid", "Invalid CSRF token";
    pub(crate) payload_too_large = PAYLOAD_TOO_LARGE, "payload-too-large", "Request body too large";
    pub(crate) request_timeout = REQUEST_TIMEOUT, "request-timeout", "Request took too long";
    used_up = TOO_MANY_REQUESTS, "too-many-requests", "Too many requests. Try again later.";
    signed_in_too_often = TOO_MANY_REQUESTS, "too-many-sign-ins", "Too many sign-ins. Try again later.";
    attempts_used_up = TOO_MANY_REQUESTS, "too-many-requests", "Too many attempts. Try again later.";
    locked = TOO_MANY_REQUESTS, "locked-out", "Too many login attempts. Try again later.";
    away = SERVICE_UNAVAILABLE, "unavailable", "Service temporarily unavailable. Try again later.";
}

impl Refusal {
    /// Creates a refusal for gates of the app: `code` is for programs, `detail` for people.
    #[must_use]
    pub fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let detail = Detail::Text(detail.into());
        Self { status, code, detail, headers: Vec::new(), members: Vec::new() }
    }

    /// Creates a 401 for an invalid credential, for a [`Transport`](crate::Transport) of the app.
    /// `WWW-Authenticate` has the scheme (RFC 9110, section 11.6.1).
    #[must_use]
    pub fn unauthorized(
        scheme: &str,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail).with_challenge(scheme, &[])
    }

    /// Returns the code, by which a program tells refusals apart, such as `not-verified`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// Returns the sentence for people, and the errors of fields by name.
    pub(super) fn sentences(&self) -> (String, Vec<(String, String)>) {
        match &self.detail {
            Detail::Text(text) => (text.to_string(), Vec::new()),
            Detail::InvalidFields(errors) => {
                let errors =
                    errors.iter().map(|one| (one.field.to_string(), one.message.to_string()));
                (String::new(), errors.collect())
            }
        }
    }

    pub(crate) fn invalid_token() -> Self {
        Self::access_token().with_challenge("Bearer", &[("error", "invalid_token")])
    }

    pub(crate) fn invalid_api_key() -> Self {
        Self::api_key().with_challenge("Bearer", &[("error", "invalid_token")])
    }

    /// The credential lacks this scope.
    #[must_use]
    pub fn insufficient_scope(scope: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "insufficient-scope", "Insufficient scope")
            .with_challenge("Bearer", &[("error", "insufficient_scope"), ("scope", scope)])
    }

    /// Adds `WWW-Authenticate` with a scheme and parameters. RFC 6750, section 3, requires at least
    /// one parameter, so there is a realm.
    pub(crate) fn with_challenge(self, scheme: &str, parameters: &[(&str, &str)]) -> Self {
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

    pub(crate) fn too_many_sign_ins(retry_after: Duration) -> Self {
        Self::signed_in_too_often().retry(retry_after)
    }

    pub(crate) fn too_many_attempts(retry_after: Duration) -> Self {
        Self::attempts_used_up().retry(retry_after)
    }

    pub(crate) fn locked_out(retry_after: Duration) -> Self {
        Self::locked().retry(retry_after)
    }

    pub(super) fn unavailable(retry_after: Duration) -> Self {
        Self::away().retry(retry_after)
    }

    /// Creates a 422 with an error for each field, as the library's own routes do.
    #[must_use]
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code: "invalid-fields",
            detail: Detail::InvalidFields(errors),
            headers: Vec::new(),
            members: Vec::new(),
        }
    }

    pub(crate) fn invalid_field(error: FieldError) -> Self {
        Self::invalid_fields(vec![error])
    }

    /// A hook of the app refuses, for that reason.
    pub(crate) fn refused_by_app(reason: Cow<'static, str>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "refused-by-app", reason)
    }

    pub(crate) fn taken(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// The session of the owner is not elevated.
    pub(crate) fn not_elevated(missing: &Missing) -> Self {
        Self::proof_needed("all", missing.max_age, &missing.ways)
    }

    /// The owner must prove a factor again: which, how long ago at most, and the ways of the account.
    pub(crate) fn proof_needed(factor: &'static str, max_age: Duration, ways: &[Way]) -> Self {
        let mut refusal = Self::reauthentication_required();
        refusal.members = vec![("factor", factor.into()), ("max_age", max_age.as_secs().into())];
        if !ways.is_empty() {
            let ways: Vec<_> = ways.iter().map(|way| way.as_str()).collect();
            refusal.members.push(("ways", ways.into()));
        }
        refusal
    }

    /// Adds a header to the response. An invalid value is ignored.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// Adds `Retry-After`, rounded up so that a client does not return too early.
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
