//! The tokens of a provider: read from its answer, and in the form that is encrypted.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::ProviderError;

/// Seconds that an access token lives if its lifetime is unreadable, or if it can be refreshed and has
/// none.
const LIFETIME: f64 = 3600.0;

/// Longest life that is believed, in seconds.
const LONGEST: f64 = 365.0 * 24.0 * 3600.0;

/// The tokens that a provider gave with an identity. `Debug` does not show them.
///
/// They are kept only by [`Provider::keep_tokens`](super::Provider::keep_tokens).
#[derive(Clone)]
pub struct ProviderTokens {
    pub(in crate::slices::oauth) access: SecretString,
    pub(in crate::slices::oauth) refresh: Option<SecretString>,
    pub(in crate::slices::oauth) expires_at: Option<DateTime<Utc>>,
}

crate::opaque::opaque!(ProviderTokens);

/// The stored form.
#[derive(Serialize, Deserialize)]
struct Stored<'t> {
    #[serde(borrow)]
    access: Cow<'t, str>,
    #[serde(borrow)]
    refresh: Option<Cow<'t, str>>,
    expires_at: Option<i64>,
}

impl ProviderTokens {
    /// An access token that does not expire.
    pub fn new(access: impl Into<SecretString>) -> Self {
        Self { access: access.into(), refresh: None, expires_at: None }
    }

    /// Sets the refresh token.
    #[must_use]
    pub fn refresh(mut self, token: impl Into<SecretString>) -> Self {
        self.refresh = Some(token.into());
        self
    }

    /// Sets when the access token expires.
    #[must_use]
    pub fn expires_at(mut self, at: DateTime<Utc>) -> Self {
        self.expires_at = Some(at);
        self
    }

    /// Reads the answer of a token endpoint (RFC 6749, section 5.1). Some write the lifetime as a text.
    pub(super) fn read(
        answer: &Map<String, Value>,
        now: DateTime<Utc>,
    ) -> Result<Self, ProviderError> {
        let text = |name: &str| answer.get(name)?.as_str().filter(|text| !text.is_empty());
        let reason = "no access token";
        let access = text("access_token");
        let access = access.ok_or(ProviderError::Unusable { endpoint: "token", reason })?;
        let refresh = text("refresh_token").map(SecretString::from);
        let lifetime = match answer.get("expires_in") {
            None | Some(Value::Null) => refresh.as_ref().map(|_| LIFETIME),
            Some(told) => Some(seconds(told).unwrap_or(LIFETIME)),
        };
        let expires_at = lifetime.map(|life| now + Duration::from_secs_f64(life));
        Ok(Self { access: SecretString::from(access), refresh, expires_at })
    }

    /// Returns `true` if the access token is valid for that long.
    pub(in crate::slices::oauth) fn is_valid(&self, now: DateTime<Utc>, rest: TimeDelta) -> bool {
        self.expires_at.is_none_or(|at| now + rest < at)
    }

    pub(in crate::slices::oauth) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let stored = Stored {
            access: self.access.expose_secret().into(),
            refresh: self.refresh.as_ref().map(|token| token.expose_secret().into()),
            expires_at: self.expires_at.map(|at| at.timestamp_millis()),
        };
        // Texts and a number always have a form.
        Zeroizing::new(serde_json::to_vec(&stored).unwrap_or_default())
    }

    pub(in crate::slices::oauth) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let Stored { access, refresh, expires_at } = serde_json::from_slice(bytes).ok()?;
        Some(Self {
            access: SecretString::from(&*access),
            refresh: refresh.map(|token| SecretString::from(&*token)),
            expires_at: expires_at.and_then(DateTime::from_timestamp_millis),
        })
    }
}

/// Reads a lifetime; `None` if it is no number.
fn seconds(told: &Value) -> Option<f64> {
    let seconds = match told {
        Value::String(text) => text.trim().parse().ok(),
        told => told.as_f64(),
    };
    seconds.filter(|seconds| seconds.is_finite()).map(|seconds: f64| seconds.clamp(0.0, LONGEST))
}

/// A refresh to be made. `Debug` does not show it.
#[derive(Clone)]
#[non_exhaustive]
pub struct RefreshRequest {
    /// The refresh token.
    pub refresh_token: Zeroizing<String>,
    /// The issuer of the connection.
    pub issuer: String,
    /// The person at the issuer. An ID token in the answer must name both (OpenID Connect Core 1.0,
    /// section 12.2).
    pub subject: String,
    /// Now.
    pub now: DateTime<Utc>,
}

crate::opaque::opaque!(RefreshRequest);

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_read_with_its_lifetime() {
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        for (told, lifetime) in [
            (json!({ "expires_in": 60 }), Some(60.0)),
            (json!({ "expires_in": 60.5 }), Some(60.5)),
            (json!({ "expires_in": "60" }), Some(60.0)),
            (json!({ "expires_in": -1 }), Some(0.0)),
            (json!({ "expires_in": u64::MAX }), Some(LONGEST)),
            (json!({ "expires_in": "NaN" }), Some(LIFETIME)),
            (json!({ "expires_in": "soon" }), Some(LIFETIME)),
            (json!({ "expires_in": [60] }), Some(LIFETIME)),
            (json!({ "expires_in": true }), Some(LIFETIME)),
            (json!({ "expires_in": null }), None),
            (json!({}), None),
            (json!({ "refresh_token": "r" }), Some(LIFETIME)),
            (json!({ "refresh_token": "" }), None),
        ] {
            let mut answer = told.as_object().cloned().unwrap();
            answer.insert("access_token".to_owned(), json!("a"));
            let tokens = ProviderTokens::read(&answer, now).unwrap();
            let expires_at = lifetime.map(|life| now + Duration::from_secs_f64(life));
            assert_eq!(tokens.expires_at, expires_at, "{told}");
        }
        for none in [json!({}), json!({ "access_token": "" }), json!({ "access_token": 7 })] {
            assert!(ProviderTokens::read(none.as_object().unwrap(), now).is_err(), "{none}");
        }
    }

    #[test]
    fn tokens_are_read_back_and_never_shown() {
        let at = DateTime::from_timestamp_millis(1_000_001).unwrap();
        let tokens = ProviderTokens::new("a\"b").refresh("c\nd").expires_at(at);
        let read = ProviderTokens::from_bytes(&tokens.to_bytes()).unwrap();
        assert_eq!(read.access.expose_secret(), "a\"b");
        assert_eq!(read.refresh.unwrap().expose_secret(), "c\nd");
        assert_eq!(read.expires_at, Some(at));
        assert_eq!(format!("{tokens:?}"), "ProviderTokens(..)");
    }
}
