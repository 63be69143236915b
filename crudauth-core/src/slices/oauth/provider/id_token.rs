//! Verification of ID tokens (OpenID Connect Core 1.0, section 3.1.3.7).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Utc};
use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER as CRYPTO;
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::ProviderError;
use super::keys::{Key, algorithm};
use super::microsoft::{self, Directories};
use crate::clock::LEEWAY;

/// Longest ID token. Directories put hundreds of groups into one.
const MAX_BYTES: usize = 64 * 1024;

/// Longest subject (OpenID Connect Core 1.0, section 2).
const MAX_SUBJECT: usize = 255;

/// A key signs for another directory.
pub(super) const OTHER_KEY: &str = "a key of another directory";

/// An ID token before its signature is verified.
pub(super) struct Unverified<'t> {
    signed: &'t str,
    payload: &'t str,
    signature: Vec<u8>,
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
}

/// The app at its provider.
pub(super) struct Client<'a> {
    pub(super) issuer: &'a str,
    /// In place of the issuer, if it is a template for these directories of Microsoft.
    pub(super) directories: Option<&'a Directories>,
    pub(super) id: &'a str,
}

/// The expected claims of an ID token.
pub(super) struct Expected<'a> {
    pub(super) client: Client<'a>,
    /// The nonce; an ID token of a refresh needs none (section 12.2).
    pub(super) nonce: Option<&'a str>,
    pub(super) access_token: &'a str,
    pub(super) fresh_since: Option<DateTime<Utc>>,
    pub(super) now: DateTime<Utc>,
}

/// A verified ID token.
pub(super) struct Verified {
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) claims: Map<String, Value>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// The claims that are checked. A claim of another type makes the token unreadable: it must not count
/// as absent.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    azp: Option<String>,
    at_hash: Option<String>,
    auth_time: Option<i64>,
    tid: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Several(Vec<String>),
}

const fn rejected(reason: &'static str) -> ProviderError {
    ProviderError::IdToken(reason)
}

impl<'t> Unverified<'t> {
    /// Reads the form of a token.
    pub(super) fn parse(token: &'t str) -> Result<Self, ProviderError> {
        let malformed = || rejected("malformed");
        if token.len() > MAX_BYTES {
            return Err(rejected("too long"));
        }
        let (signed, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, payload) = signed.split_once('.').ok_or_else(malformed)?;
        let header = BASE64.decode(header).map_err(|_| malformed())?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| malformed())?;
        if header.crit.is_some() {
            return Err(rejected("critical extensions are unknown"));
        }
        let algorithm = algorithm(&header.alg).ok_or(rejected("algorithm not allowed"))?;
        let signature = BASE64.decode(signature).map_err(|_| malformed())?;
        Ok(Self { signed, payload, signature, algorithm, kid: header.kid })
    }

    /// Verifies signature and claims.
    pub(super) fn verify(
        &self,
        key: &Key,
        expected: &Expected<'_>,
    ) -> Result<Verified, ProviderError> {
        let claims = self.claims(key)?;
        let checked: Claims = serde_json::from_value(Value::Object(claims.clone()))
            .map_err(|_| rejected("a claim is missing or of the wrong type"))?;
        checked.check(expected, self.algorithm)?;
        if !expected.client.has_key(key, &checked.iss) {
            return Err(rejected(OTHER_KEY));
        }
        Ok(Verified { issuer: checked.iss, subject: checked.sub, claims })
    }

    /// Verifies the signature and reads the claims.
    pub(super) fn claims(&self, key: &Key) -> Result<Map<String, Value>, ProviderError> {
        let verifier = (CRYPTO.verifier_factory)(&self.algorithm, &key.key);
        let verifier = verifier.map_err(|_| rejected("the key is invalid"))?;
        let is_signed = verifier.verify(self.signed.as_bytes(), &self.signature).is_ok();
        if !is_signed {
            return Err(rejected("wrong signature"));
        }
        let payload = BASE64.decode(self.payload).map_err(|_| rejected("malformed"))?;
        serde_json::from_slice(&payload).map_err(|_| rejected("malformed claims"))
    }
}

impl Claims {
    fn check(&self, expected: &Expected<'_>, algorithm: Algorithm) -> Result<(), ProviderError> {
        let now = expected.now.timestamp();
        let leeway = LEEWAY.num_seconds();
        let checks = [
            (expected.client.is_from(&self.iss, self.tid.as_deref()), "another issuer"),
            (expected.client.is_for(&self.aud, self.azp.as_deref()), "another audience"),
            (self.exp.saturating_add(leeway) > now, "expired"),
            (self.iat <= now.saturating_add(leeway), "issued in the future"),
            (self.nbf.is_none_or(|from| from <= now.saturating_add(leeway)), "not valid yet"),
            (expected.nonce.is_none() || self.nonce.as_deref() == expected.nonce, "another nonce"),
            (self.has_hash_of(expected.access_token, algorithm), "another access token"),
            (self.is_fresh(expected.fresh_since), "no fresh proof"),
            (is_subject(&self.sub), "unusable subject"),
        ];
        let failed = checks.into_iter().find(|(is_met, _)| !is_met);
        failed.map_or(Ok(()), |(_, reason)| Err(rejected(reason)))
    }

    /// Whether the hash of the access token, if there is one, is right (section 3.1.3.6).
    fn has_hash_of(&self, access_token: &str, algorithm: Algorithm) -> bool {
        let Some(sent) = &self.at_hash else { return true };
        let hash = match algorithm {
            Algorithm::RS256 | Algorithm::PS256 | Algorithm::ES256 => {
                Sha256::digest(access_token).to_vec()
            }
            Algorithm::RS384 | Algorithm::PS384 | Algorithm::ES384 => {
                Sha384::digest(access_token).to_vec()
            }
            _ => Sha512::digest(access_token).to_vec(),
        };
        *sent == BASE64.encode(&hash[..hash.len() / 2])
    }

    fn is_fresh(&self, since: Option<DateTime<Utc>>) -> bool {
        let Some(since) = since else { return true };
        let earliest = (since - LEEWAY).timestamp();
        self.auth_time.is_some_and(|at| at >= earliest)
    }
}

impl Client<'_> {
    /// Whether a token with this issuer and directory is from its provider.
    pub(super) fn is_from(&self, issuer: &str, tenant: Option<&str>) -> bool {
        let is_named = self.directories.is_none() || microsoft::directory_of(issuer) == tenant;
        is_named && self.has_issuer(issuer)
    }

    /// Whether the provider has this issuer.
    pub(super) fn has_issuer(&self, issuer: &str) -> bool {
        match self.directories {
            None => issuer == self.issuer,
            Some(directories) => directories.admit(issuer),
        }
    }

    /// Whether the key signs for this issuer. The keys of every directory are in one set, and some sign
    /// for one directory only.
    pub(super) fn has_key(&self, key: &Key, issuer: &str) -> bool {
        let is_of = |own: &str| own == issuer || own == microsoft::TEMPLATE;
        let own = key.issuer.as_deref().filter(|_| self.directories.is_some());
        own.is_none_or(is_of)
    }

    /// Whether a token is for this client alone: another party could replay one that it shares.
    pub(super) fn is_for(&self, audience: &Audience, party: Option<&str>) -> bool {
        let is_audience = match audience {
            Audience::One(one) => one == self.id,
            Audience::Several(all) => !all.is_empty() && all.iter().all(|one| one == self.id),
        };
        is_audience && party.is_none_or(|party| party == self.id)
    }
}

/// Returns `true` for a subject that is not empty and fits the table.
pub(super) fn is_subject(text: &str) -> bool {
    (1..=MAX_SUBJECT).contains(&text.chars().count()) && !text.contains(char::is_control)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_issuer_names_its_own_directory() {
        const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
        let is_from = |issuer: &str, tenant: Option<&str>| {
            let directories = Some(&Directories::Every);
            Client { issuer: microsoft::TEMPLATE, directories, id: "c" }.is_from(issuer, tenant)
        };
        let issuer = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
        assert!(is_from(&issuer(TENANT), Some(TENANT)));
        assert!(!is_from(&issuer(TENANT), None));
        for other in ["another", "evil/../x", "{tenantid}", "", &TENANT.to_uppercase()] {
            assert!(!is_from(&issuer(TENANT), Some(other)), "{other}");
            assert!(!is_from(&issuer(other), Some(other)), "{other}");
        }
        assert!(!is_from("https://evil.example", Some(TENANT)));
        assert!(!is_from("https://evil.example", None));
    }

    #[test]
    fn the_hash_of_the_access_token_depends_on_the_algorithm() {
        // The first one is the example of OpenID Connect Core 1.0, appendix A.3.
        for (algorithm, hash) in [
            (Algorithm::RS256, "77QmUPtjPfzWtF2AnpK9RQ"),
            (Algorithm::ES384, "jtAeDp945y1dDqU3nkIVGNZP1HjH_MFs"),
        ] {
            let claims =
                json!({ "iss": "", "sub": "a", "aud": "c", "exp": 2, "iat": 1, "at_hash": hash });
            let claims: Claims = serde_json::from_value(claims).unwrap();
            let others = [Algorithm::RS256, Algorithm::ES384, Algorithm::EdDSA];
            for other in others {
                let is_right =
                    claims.has_hash_of("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", other);
                assert_eq!(is_right, other == algorithm, "{other:?}");
            }
        }
    }
}
