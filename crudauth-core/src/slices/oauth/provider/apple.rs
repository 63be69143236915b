//! Sign in with Apple: the client secret is a JWT that the app signs, and the name comes once, beside
//! the code.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Utc};
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER as CRYPTO;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::ProviderError;

/// Lifetime of a client secret: each is used once, at once.
const LIFETIME_SECONDS: i64 = 300;

/// The key that signs client secrets. `Debug` shows its id only.
#[derive(Clone)]
pub struct AppleKey {
    team_id: String,
    key_id: String,
    /// `None` if the PEM text has no key of this kind.
    key: Option<EncodingKey>,
}

impl AppleKey {
    pub(super) fn new(team_id: String, key_id: String, pem: &[u8]) -> Self {
        Self { team_id, key_id, key: EncodingKey::from_ec_pem(pem).ok() }
    }

    /// Returns `true` if the key can sign.
    pub(super) fn is_valid(&self) -> bool {
        self.sign("").is_some()
    }

    /// Makes the secret of a client.
    pub(super) fn client_secret(
        &self,
        issuer: &str,
        client_id: &str,
        now: DateTime<Utc>,
    ) -> Result<Zeroizing<String>, ProviderError> {
        let header = json!({ "alg": "ES256", "kid": self.key_id });
        let claims = json!({
            "iss": self.team_id,
            "iat": now.timestamp(),
            "exp": now.timestamp() + LIFETIME_SECONDS,
            "aud": issuer,
            "sub": client_id,
        });
        let part = |part: Value| BASE64.encode(part.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let reason = "the key of the client cannot sign";
        let signature = self.sign(&signed);
        let signature = signature.ok_or(ProviderError::Unusable { endpoint: "token", reason })?;
        Ok(Zeroizing::new(format!("{signed}.{}", BASE64.encode(signature))))
    }

    fn sign(&self, text: &str) -> Option<Vec<u8>> {
        let signer = (CRYPTO.signer_factory)(&Algorithm::ES256, self.key.as_ref()?).ok()?;
        signer.try_sign(text.as_bytes()).ok()
    }
}

impl std::fmt::Debug for AppleKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppleKey").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// Adds the name in the field `user` to the claims that have none. The browser may have changed it, so
/// nothing else in it is read.
pub(super) fn add_name(claims: &mut Map<String, Value>, user: &str) {
    let Ok(user) = serde_json::from_str::<Value>(user) else { return };
    let part = |name: &str| user["name"][name].as_str().map(str::trim).unwrap_or_default();
    let (first, last) = (part("firstName"), part("lastName"));
    let whole = format!("{first} {last}");
    for (claim, told) in [("given_name", first), ("family_name", last), ("name", whole.trim())] {
        if !told.is_empty() && !told.contains(char::is_control) {
            claims.entry(claim).or_insert_with(|| json!(told));
        }
    }
}
