//! The signing keys of a provider (RFC 7517), read at the first ID token.
//!
//! An ID token with an unknown key id is answered by one more request, because the provider may have
//! changed its keys since. These requests are limited.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::ProviderError;
use super::request::{fetch_object, get};
use crate::slices::oauth::http::{HttpClient, Reach};

const ENDPOINT: &str = "keys";

/// How long keys are used before they are read again. A provider withdraws a leaked key in this way.
const LIFETIME: TimeDelta = TimeDelta::hours(1);

/// Requests for unknown keys in [`WINDOW`].
const MAX_READS: usize = 10;

const WINDOW: TimeDelta = TimeDelta::minutes(5);

/// Most keys of a provider that are looked at.
const MAX_KEYS: usize = 100;

/// Shortest RSA key (NIST SP 800-131A), as the digits of its modulus.
const MIN_MODULUS: usize = 2048 / 6;

/// A public key that can verify signatures.
#[derive(Clone)]
pub(super) struct Key {
    kid: Option<String>,
    /// The algorithms that it may be used with.
    algorithms: Vec<Algorithm>,
    /// The issuer that it signs for, where a set has the keys of several (Microsoft).
    pub(super) issuer: Option<String>,
    pub(super) key: DecodingKey,
}

/// An entry of a key set.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    issuer: Option<String>,
    crv: Option<String>,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
}

impl Key {
    /// Reads an entry. Returns `None` for one that is of no use here, such as one for encryption or of
    /// a kind of the future.
    fn read(entry: &Value) -> Option<Self> {
        let jwk: Jwk = Jwk::deserialize(entry).ok()?;
        if jwk.purpose.is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let (of_kind, key): (&[Algorithm], _) = match (&*jwk.kty, jwk.crv.as_deref()) {
            ("RSA", _) if jwk.n.len() >= MIN_MODULUS => {
                (RSA, DecodingKey::from_rsa_components(&jwk.n, &jwk.e))
            }
            ("EC", Some("P-256")) => {
                (&[Algorithm::ES256], DecodingKey::from_ec_components(&jwk.x, &jwk.y))
            }
            ("EC", Some("P-384")) => {
                (&[Algorithm::ES384], DecodingKey::from_ec_components(&jwk.x, &jwk.y))
            }
            ("OKP", Some("Ed25519")) => {
                (&[Algorithm::EdDSA], DecodingKey::from_ed_components(&jwk.x))
            }
            _ => return None,
        };
        let algorithms = match jwk.alg.as_deref() {
            Some(alg) => vec![algorithm(alg).filter(|alg| of_kind.contains(alg))?],
            None => of_kind.to_vec(),
        };
        Some(Self { kid: jwk.kid, algorithms, issuer: jwk.issuer, key: key.ok()? })
    }
}

const RSA: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// The algorithms of ID tokens. A key that both sides share is not among them: a public key would be
/// taken for it.
pub(super) fn algorithm(name: &str) -> Option<Algorithm> {
    Some(match name {
        "RS256" => Algorithm::RS256,
        "RS384" => Algorithm::RS384,
        "RS512" => Algorithm::RS512,
        "PS256" => Algorithm::PS256,
        "PS384" => Algorithm::PS384,
        "PS512" => Algorithm::PS512,
        "ES256" => Algorithm::ES256,
        "ES384" => Algorithm::ES384,
        "EdDSA" | "Ed25519" => Algorithm::EdDSA,
        _ => return None,
    })
}

#[derive(Default)]
struct Known {
    keys: Arc<Vec<Key>>,
    read_at: Option<DateTime<Utc>>,
    /// Requests in the last [`WINDOW`].
    reads: Vec<DateTime<Utc>>,
    /// Number of requests that have ended, with an answer or without.
    ended: u64,
}

/// The keys of one issuer.
#[derive(Default)]
pub(super) struct Keys {
    known: RwLock<Known>,
    /// Held during a request, so that many sign-ins at once make one.
    reading: Mutex<()>,
}

impl Keys {
    /// Returns the key of an ID token.
    pub(super) async fn find(
        &self,
        http: &dyn HttpClient,
        (url, reach): (&Url, Reach),
        (algorithm, kid): (Algorithm, Option<&str>),
        now: DateTime<Utc>,
    ) -> Result<Key, ProviderError> {
        let is_there = |keys: &[Key]| matches!(select(keys, algorithm, kid), Ok(Some(_)));
        let keys = self.with(is_there, http, (url, reach), now).await?;
        select(&keys, algorithm, kid)?.ok_or(ProviderError::IdToken("no such key"))
    }

    /// Reads the keys, unless there are recent ones.
    pub(super) async fn prepare(
        &self,
        http: &dyn HttpClient,
        at: (&Url, Reach),
        now: DateTime<Utc>,
    ) -> Result<(), ProviderError> {
        self.with(|_| true, http, at, now).await?;
        Ok(())
    }

    /// Returns recent keys if they satisfy, and otherwise reads them. Callers at the same time share
    /// one request, also if it fails: a provider that does not answer keeps each of them once.
    async fn with(
        &self,
        satisfy: impl Fn(&[Key]) -> bool,
        http: &dyn HttpClient,
        at: (&Url, Reach),
        now: DateTime<Utc>,
    ) -> Result<Arc<Vec<Key>>, ProviderError> {
        if let Some(keys) = self.recent(now).filter(|keys| satisfy(keys)) {
            return Ok(keys);
        }
        let before = self.ended();
        let _reading = self.reading.lock().await;
        if self.ended() != before {
            let reason = "the keys cannot be read";
            return self.recent(now).ok_or(ProviderError::Unusable { endpoint: ENDPOINT, reason });
        }
        let renewed = self.renew(http, at, now).await;
        self.known.write().unwrap_or_else(PoisonError::into_inner).ended += 1;
        renewed
    }

    fn ended(&self) -> u64 {
        self.known.read().unwrap_or_else(PoisonError::into_inner).ended
    }

    /// The keys, if they were read within [`LIFETIME`].
    fn recent(&self, now: DateTime<Utc>) -> Option<Arc<Vec<Key>>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let is_recent = known.read_at.is_some_and(|read_at| now - read_at < LIFETIME);
        is_recent.then(|| Arc::clone(&known.keys))
    }

    async fn renew(
        &self,
        http: &dyn HttpClient,
        (url, reach): (&Url, Reach),
        now: DateTime<Utc>,
    ) -> Result<Arc<Vec<Key>>, ProviderError> {
        if !self.may_read(now) {
            return Err(ProviderError::IdToken("unknown key, and too many requests for keys"));
        }
        let keys = Arc::new(read(http, url, reach).await?);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.keys = Arc::clone(&keys);
        known.read_at = Some(now);
        drop(known);
        Ok(keys)
    }

    /// Counts a request, and returns `true` if it may be made.
    fn may_read(&self, now: DateTime<Utc>) -> bool {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.reads.retain(|at| now - *at < WINDOW);
        let is_allowed = known.reads.len() < MAX_READS;
        if is_allowed {
            known.reads.push(now);
        }
        is_allowed
    }
}

async fn read(http: &dyn HttpClient, url: &Url, reach: Reach) -> Result<Vec<Key>, ProviderError> {
    let set = fetch_object(http, ENDPOINT, get(url.clone(), None, reach)).await?;
    let reason = "the answer is not a key set";
    let entries = set.get("keys").and_then(Value::as_array);
    let entries = entries.ok_or(ProviderError::Unusable { endpoint: ENDPOINT, reason })?;
    Ok(entries.iter().take(MAX_KEYS).filter_map(Key::read).collect())
}

/// Selects the key of an ID token. Without a key id the provider must have only one that fits.
fn select(
    keys: &[Key],
    algorithm: Algorithm,
    kid: Option<&str>,
) -> Result<Option<Key>, ProviderError> {
    let mut fitting = keys.iter().filter(|key| {
        key.algorithms.contains(&algorithm) && (kid.is_none() || key.kid.as_deref() == kid)
    });
    let first = fitting.next();
    if fitting.next().is_some() {
        return Err(ProviderError::IdToken("several keys fit"));
    }
    Ok(first.cloned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use serde_json::json;

    use super::*;

    fn rsa(changes: &Value) -> Value {
        // 2,048 bits. The last character has two of them.
        let modulus = format!("{}w", "u".repeat(341));
        let mut entry = json!({ "kty": "RSA", "kid": "a", "n": modulus, "e": "AQAB" });
        for (name, value) in changes.as_object().unwrap() {
            entry[name] = value.clone();
        }
        entry
    }

    #[test]
    fn entries_of_no_use_are_skipped() {
        for entry in [
            json!("text"),
            json!({ "kty": "future", "kid": "new" }),
            json!({ "kty": "oct", "k": "c2VjcmV0" }),
            json!({ "kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA" }),
            rsa(&json!({ "use": "enc" })),
            rsa(&json!({ "alg": "HS256" })),
            rsa(&json!({ "alg": "ES256" })),
            rsa(&json!({ "alg": "RSA-OAEP" })),
            rsa(&json!({ "n": "u".repeat(171) })),
        ] {
            assert!(Key::read(&entry).is_none(), "{entry}");
        }
        assert!(Key::read(&rsa(&json!({}))).is_some());
    }

    #[test]
    fn without_a_key_id_only_one_key_may_fit() {
        let keys: Vec<_> =
            ["a", "b"].iter().filter_map(|kid| Key::read(&rsa(&json!({ "kid": kid })))).collect();
        assert!(select(&keys, Algorithm::RS256, None).is_err());
        assert!(select(&keys[..1], Algorithm::RS256, None).unwrap().is_some());
        assert!(select(&keys, Algorithm::RS256, Some("b")).unwrap().is_some());
        assert!(select(&keys, Algorithm::RS256, Some("c")).unwrap().is_none());
        assert!(select(&keys, Algorithm::ES256, None).unwrap().is_none());
    }
}
