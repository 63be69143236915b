//! Access tokens: JWTs (RFC 7519) that name a token family.
//!
//! A header is compared with the headers that the mount's keys write, not parsed, so that a client
//! cannot choose an algorithm, `kid`, `crit` or key. The signed claims are parsed with exact types
//! and must be those that this mount would write. Called by the flows of the `bearer` slice.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};

use super::BearerConfig;
use super::FamilyId;
use super::signing::SigningKeys;
use crate::clock::LEEWAY;
use crate::model::{AccountState, Checked, KeyRing, Scopes};
use crate::store_error::StoreError;

/// Maximum length of an access token. Issued tokens are far shorter.
const MAX_BYTES: usize = 8 * 1024;

const TOKEN_TYPE: &str = "access";

/// An access token, to be sent to the client and forgotten. `Debug` redacts it.
#[derive(Clone, Debug)]
pub struct AccessToken(SecretString);

impl AccessToken {
    /// Returns the token.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// The claims of a token on the wire.
#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    ver: i32,
    /// A text, because not every JSON parser preserves a number of this size.
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

/// Reads an optional claim that is present. `null` is an error.
fn present<'de, D: Deserializer<'de>>(claim: D) -> Result<Option<i64>, D::Error> {
    i64::deserialize(claim).map(Some)
}

/// The content of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Access {
    /// Primary key of the account, as text.
    pub(super) subject: String,
    pub(super) state: AccountState,
    pub(super) family: FamilyId,
    pub(super) scopes: Scopes,
    pub(super) issued_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
    /// Unique id of the token.
    pub(super) id: TokenId,
}

/// 128 random bits.
pub(super) type TokenId = [u8; 16];

/// Signs and verifies access tokens.
#[derive(Debug)]
pub(super) struct AccessTokens {
    keys: SigningKeys,
    /// Header of new tokens, encoded.
    header: String,
    /// Header of the tokens that each verifying key may have signed, encoded.
    headers: Vec<String>,
    issuer: String,
    audience: String,
}

impl AccessTokens {
    /// Creates the signer of a mount; `table` of the accounts is the default audience.
    pub(super) fn new(config: &BearerConfig, ring: &KeyRing, table: &str) -> Self {
        let keys = SigningKeys::new(&config.signing, ring);
        Self {
            header: BASE64.encode(keys.signing.header()),
            headers: keys.verifying.iter().map(|key| BASE64.encode(key.header())).collect(),
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
    /// If the key cannot sign, which keys of [`Signing`](super::Signing) can.
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
        let signature = self.keys.signing.sign(message.as_bytes()).map_err(failed)?;
        let token = format!("{message}.{}", BASE64.encode(signature));
        Ok(AccessToken(SecretString::from(token)))
    }

    /// Verifies a token that a client sent.
    pub(super) fn verify(&self, token: &str, now: DateTime<Utc>) -> Checked<Access> {
        let Some(claims) = self.signed_claims(token).and_then(|claims| parse_claims(&claims))
        else {
            return Checked::Malformed;
        };
        if claims.exp <= now.timestamp() {
            return Checked::Expired;
        }
        // The leeway does not extend the lifetime.
        let soon = (now + LEEWAY).timestamp();
        let is_early = claims.iat > soon || claims.nbf.is_some_and(|nbf| nbf > soon);
        let is_for_mount = claims.iss == self.issuer
            && claims.aud == self.audience
            && claims.token_type == TOKEN_TYPE;
        if is_early || !is_for_mount {
            return Checked::Malformed;
        }
        convert(claims).map_or(Checked::Malformed, Checked::Valid)
    }

    /// Returns the claims if a key of the mount has signed them.
    fn signed_claims(&self, token: &str) -> Option<Vec<u8>> {
        if token.len() > MAX_BYTES {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let signature = BASE64.decode(signature).ok()?;
        let mut keys = self.headers.iter().zip(&self.keys.verifying);
        let is_signed = keys
            .any(|(known, key)| known == header && key.verifies(message.as_bytes(), &signature));
        if !is_signed {
            return None;
        }
        BASE64.decode(claims).ok()
    }
}

/// Parses claims with exact types, each once: no number for a text, no fraction for an integer.
fn parse_claims(claims: &[u8]) -> Option<Claims> {
    // Serde would also accept an array of the values.
    if !claims.starts_with(b"{") {
        return None;
    }
    serde_json::from_slice(claims).ok()
}

/// Converts claims; `None` unless each value is spelled like in an issued token.
fn convert(claims: Claims) -> Option<Access> {
    let security_stamp: i64 = claims.epc.parse().ok()?;
    let mut id = TokenId::default();
    hex::decode_to_slice(&claims.jti, &mut id).ok()?;
    let scopes = Scopes::of(&claims.scopes).ok()?;
    let is_canonical = security_stamp.to_string() == claims.epc
        && hex::encode(id) == claims.jti
        && scopes.len() == claims.scopes.len();
    if !is_canonical {
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
