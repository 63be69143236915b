//! Verification of logout tokens (OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6).

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::ProviderError;
use super::id_token::{Audience, Client, OTHER_KEY, Unverified, is_subject};
use super::keys::Key;
use crate::clock::LEEWAY;

/// Longest life of a logout token. Its id is remembered as long.
pub(in crate::slices::oauth) const LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// The member of `events` that makes a token a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The end of a session at a provider, which a logout token proves. Its `Debug` shows nothing.
#[derive(Clone)]
#[non_exhaustive]
pub struct ProviderLogout {
    /// The issuer.
    pub issuer: String,
    /// The person at the issuer.
    pub subject: String,
    /// The id of the token (claim `jti`), which works once.
    pub token_id: String,
}

crate::opaque::opaque!(ProviderLogout);

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    iat: i64,
    exp: Option<i64>,
    jti: String,
    events: Map<String, Value>,
    azp: Option<String>,
    tid: Option<String>,
    nonce: Option<Value>,
}

/// Verifies signature and claims. The claim `sub` is required: it finds the account.
pub(super) fn verify(
    token: &Unverified<'_>,
    key: &Key,
    client: &Client<'_>,
    now: DateTime<Utc>,
) -> Result<ProviderLogout, ProviderError> {
    let rejected = |reason| Err(ProviderError::LogoutToken(reason));
    let claims = Value::Object(token.claims(key)?);
    let Ok(claims) = serde_json::from_value::<Claims>(claims) else {
        return rejected("a claim is missing or of the wrong type");
    };
    let now = now.timestamp();
    let leeway = LEEWAY.num_seconds();
    let is_event = claims.events.get(EVENT).is_some_and(Value::is_object);
    let checks = [
        (client.is_from(&claims.iss, claims.tid.as_deref()), "another issuer"),
        (client.has_key(key, &claims.iss), OTHER_KEY),
        (client.is_for(&claims.aud, claims.azp.as_deref()), "another audience"),
        (claims.exp.is_none_or(|exp| exp.saturating_add(leeway) > now), "expired"),
        (claims.iat <= now.saturating_add(leeway), "issued in the future"),
        (claims.iat.saturating_add(LIFETIME.num_seconds()) > now, "too old"),
        (is_event, "no logout token"),
        // An ID token must not pass for one.
        (claims.nonce.is_none(), "a nonce"),
        (is_subject(&claims.sub), "unusable subject"),
        (!claims.jti.is_empty(), "no id"),
    ];
    if let Some((_, reason)) = checks.into_iter().find(|(is_met, _)| !is_met) {
        return rejected(reason);
    }
    let Claims { iss: issuer, sub: subject, jti: token_id, .. } = claims;
    Ok(ProviderLogout { issuer, subject, token_id })
}
