//! Access tokens: JWTs (RFC 7519) that name a grant, and are judged without mercy.
//!
//! A header is compared, not read: only the very one that a key of ours writes is looked at any
//! further, so that no algorithm, `kid`, `crit` or key of a client's choosing is ever followed.
//! What is signed is then read with exact types, and must say what this mount would have said.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};

use super::BearerConfig;
use super::FamilyId;
use super::signing::{SigningKey, SigningKeys, VerifyingKey};
use crate::clock::LEEWAY;
use crate::model::{AccountState, KeyRing, Scopes};
use crate::store_error::StoreError;

/// What an access token may be at most; ours stay far below it.
const MAX_BYTES: usize = 8 * 1024;

const TOKEN_TYPE: &str = "access";

/// An access token, to be given to the client and forgotten. `Debug` redacts it.
#[derive(Clone)]
pub struct AccessToken(SecretString);

impl AccessToken {
    /// The token itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessToken(redacted)")
    }
}

/// What a token says, on the wire.
#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    ver: i32,
    /// As text: a number of this size does not survive every JSON reader.
    epc: String,
    exp: i64,
    iat: i64,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    jti: String,
    iss: String,
    aud: String,
    token_type: String,
    scopes: Vec<String>,
    sid: String,
}

/// An optional claim that is there must be of its type: `null` is not absent.
fn present<'de, D: Deserializer<'de>>(claim: D) -> Result<Option<i64>, D::Error> {
    i64::deserialize(claim).map(Some)
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Access {
    /// The account's key, as text.
    pub(super) subject: String,
    pub(super) state: AccountState,
    pub(super) family: FamilyId,
    pub(super) scopes: Scopes,
    pub(super) issued_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
    /// This token's own name.
    pub(super) id: TokenId,
}

/// 128 random bits.
pub(super) type TokenId = [u8; 16];

/// What a token turns out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    Valid(Access),
    /// Rightly signed, and its time is over.
    Expired,
    Invalid,
}

/// Makes and judges access tokens.
#[derive(Debug)]
pub(super) struct AccessTokens {
    signing: SigningKey,
    header: String,
    verifying: Vec<(String, VerifyingKey)>,
    keys: SigningKeys,
    issuer: String,
    audience: String,
}

impl AccessTokens {
    /// Those of a mount whose accounts are in that table.
    pub(super) fn new(config: &BearerConfig, ring: &KeyRing, table: &str) -> Self {
        let keys = SigningKeys::new(&config.signing, ring);
        let verifying = keys.verifying.iter();
        let verifying = verifying.map(|key| (BASE64.encode(key.header()), key.clone())).collect();
        Self {
            signing: keys.signing.clone(),
            header: BASE64.encode(keys.signing.header()),
            verifying,
            keys,
            issuer: config.issuer.clone(),
            audience: config.audience.clone().unwrap_or_else(|| table.to_owned()),
        }
    }

    /// See [`SigningKeys::jwks`].
    pub(super) fn jwks(&self) -> Option<serde_json::Value> {
        self.keys.jwks()
    }

    /// Signs a token.
    ///
    /// # Errors
    /// If the key does not sign after all, which those of [`Signing`](super::Signing) do.
    pub(super) fn sign(&self, access: &Access) -> Result<AccessToken, StoreError> {
        let claims = Claims {
            sub: access.subject.clone(),
            ver: access.state.version,
            epc: access.state.security_stamp.to_string(),
            exp: access.expires_at.timestamp(),
            iat: access.issued_at.timestamp(),
            nbf: None,
            jti: hex::encode(access.id),
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            token_type: TOKEN_TYPE.to_owned(),
            scopes: access.scopes.iter().map(str::to_owned).collect(),
            sid: access.family.to_string(),
        };
        let claims = serde_json::to_vec(&claims).map_err(failed)?;
        let message = format!("{}.{}", self.header, BASE64.encode(claims));
        let signature = self.signing.sign(message.as_bytes()).map_err(failed)?;
        let token = format!("{message}.{}", BASE64.encode(signature));
        Ok(AccessToken(SecretString::from(token)))
    }

    /// Judges what a client sent.
    pub(super) fn judge(&self, token: &str, now: DateTime<Utc>) -> Judged {
        let Some(claims) = self.signed(token).and_then(|claims| read(&claims)) else {
            return Judged::Invalid;
        };
        if claims.exp <= now.timestamp() {
            return Judged::Expired;
        }
        // A token lives no longer by it.
        let soon = (now + LEEWAY).timestamp();
        let is_early = claims.iat > soon || claims.nbf.is_some_and(|nbf| nbf > soon);
        let is_ours = claims.iss == self.issuer
            && claims.aud == self.audience
            && claims.token_type == TOKEN_TYPE;
        if is_early || !is_ours {
            return Judged::Invalid;
        }
        understand(claims).map_or(Judged::Invalid, Judged::Valid)
    }

    /// What a key of ours has signed in it.
    fn signed(&self, token: &str) -> Option<Vec<u8>> {
        if token.len() > MAX_BYTES {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let signature = BASE64.decode(signature).ok()?;
        let mut keys = self.verifying.iter().filter(|(own, _)| own == header);
        keys.any(|(_, key)| key.verifies(message.as_bytes(), signature.clone()))
            .then(|| BASE64.decode(claims).ok())?
    }
}

/// Reads claims with exact types, each once: no number for text, no fraction for a number.
fn read(claims: &[u8]) -> Option<Claims> {
    // An array would be read as if its elements were named.
    claims.starts_with(b"{").then(|| serde_json::from_slice(claims).ok())?
}

/// `None` unless each value is spelt as we spell it.
fn understand(claims: Claims) -> Option<Access> {
    let security_stamp: i64 = claims.epc.parse().ok()?;
    let mut id = TokenId::default();
    hex::decode_to_slice(&claims.jti, &mut id).ok()?;
    let scopes = Scopes::of(&claims.scopes).ok()?;
    let is_as_written = security_stamp.to_string() == claims.epc
        && hex::encode(id) == claims.jti
        && scopes.len() == claims.scopes.len();
    if !is_as_written {
        return None;
    }
    Some(Access {
        subject: claims.sub,
        state: AccountState { version: claims.ver, security_stamp },
        family: FamilyId::parse(&claims.sid)?,
        scopes,
        issued_at: DateTime::from_timestamp(claims.iat, 0)?,
        expires_at: DateTime::from_timestamp(claims.exp, 0)?,
        id,
    })
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Failed(Box::new(error))
}
