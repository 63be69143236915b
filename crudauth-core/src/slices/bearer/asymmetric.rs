//! Keys whose public half others may have: EdDSA (Ed25519) and RS256, read from PEM.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER as PROVIDER;
use jsonwebtoken::crypto::{JwtSigner, JwtVerifier};
use jsonwebtoken::errors::Error;
use jsonwebtoken::jwk::EllipticCurve;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde_json::{Value, json};

/// Less is not to be used any more (NIST SP 800-131A).
const LEAST_RSA_BITS: usize = 2048;

/// A private key and the public one that goes with it. `Debug` shows the latter's name.
#[derive(Clone)]
pub struct SigningPair {
    private: EncodingKey,
    public: PublicKey,
}

/// A public key with its name.
#[derive(Clone)]
pub struct PublicKey {
    kid: String,
    algorithm: Algorithm,
    key: DecodingKey,
    jwk: Value,
}

/// Why a key is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKey {
    /// The name is empty, long, or has characters that need quoting somewhere.
    #[error("a signing key's name must have 1 to 64 letters, digits, `-`, `_` or `.`")]
    Kid,
    /// The text holds no key of the right kind.
    #[error("the PEM text holds no {0} key for EdDSA (Ed25519, PKCS #8) or RS256 (RSA)")]
    Unreadable(&'static str),
    /// An RSA key that is too short.
    #[error("the RSA key has {0} bits and needs at least {LEAST_RSA_BITS}")]
    Short(usize),
}

impl SigningPair {
    /// Reads a private key: Ed25519 in PKCS #8 (`openssl genpkey -algorithm ed25519`) or RSA. `kid`
    /// is its name in the tokens that it signs; another key must get another.
    ///
    /// # Errors
    /// [`InvalidKey`].
    pub fn from_pem(kid: impl Into<String>, pem: impl AsRef<[u8]>) -> Result<Self, InvalidKey> {
        let unreadable = InvalidKey::Unreadable("private");
        let (kid, pem) = (kid.into(), pem.as_ref());
        if let Ok(private) = EncodingKey::from_ed_pem(pem) {
            let read = PROVIDER.key_utils.ed_pub_components_from_private_key;
            let x = read(private.as_bytes(), &EllipticCurve::Ed25519).map_err(|_| unreadable)?;
            let public = PublicKey::ed25519(kid, &x)?;
            return Ok(Self { private, public });
        }
        let private = EncodingKey::from_rsa_pem(pem).map_err(|_| unreadable.clone())?;
        let read = PROVIDER.key_utils.rsa_pub_components_from_private_key;
        let (n, e) = read(private.as_bytes()).map_err(|_| unreadable)?;
        Ok(Self { private, public: PublicKey::rsa(kid, &n, &e)? })
    }

    pub(super) fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(super) fn signer(&self) -> Result<Box<dyn JwtSigner>, Error> {
        (PROVIDER.signer_factory)(&self.public.algorithm, &self.private)
    }
}

impl PublicKey {
    /// Reads a public key: Ed25519 or RSA. `kid` is its name in the tokens that its private key
    /// signed.
    ///
    /// # Errors
    /// [`InvalidKey`].
    pub fn from_pem(kid: impl Into<String>, pem: impl AsRef<[u8]>) -> Result<Self, InvalidKey> {
        let unreadable = || InvalidKey::Unreadable("public");
        let (kid, pem) = (kid.into(), pem.as_ref());
        if let Ok(key) = DecodingKey::from_ed_pem(pem) {
            return Self::ed25519(kid, key.try_get_as_bytes().map_err(|_| unreadable())?);
        }
        let key = DecodingKey::from_rsa_pem(pem).map_err(|_| unreadable())?;
        let read = PROVIDER.key_utils.rsa_pub_components_from_public_key;
        let der = key.try_get_as_bytes().map_err(|_| unreadable())?;
        let (n, e) = read(der).map_err(|_| unreadable())?;
        Self::rsa(kid, &n, &e)
    }

    fn ed25519(kid: String, x: &[u8]) -> Result<Self, InvalidKey> {
        if x.len() != 32 {
            return Err(InvalidKey::Unreadable("public"));
        }
        let parameters = json!({ "kty": "OKP", "crv": "Ed25519", "x": BASE64.encode(x) });
        Self::named(kid, Algorithm::EdDSA, DecodingKey::from_ed_der(x), parameters)
    }

    fn rsa(kid: String, n: &[u8], e: &[u8]) -> Result<Self, InvalidKey> {
        let significant = n.iter().skip_while(|byte| **byte == 0).count() * 8;
        let bits = significant
            - n.iter().find(|byte| **byte != 0).map_or(0, |byte| byte.leading_zeros() as usize);
        if bits < LEAST_RSA_BITS {
            return Err(InvalidKey::Short(bits));
        }
        let parameters = json!({ "kty": "RSA", "n": BASE64.encode(n), "e": BASE64.encode(e) });
        let key = DecodingKey::from_rsa_raw_components(n, e);
        Self::named(kid, Algorithm::RS256, key, parameters)
    }

    fn named(
        kid: String,
        algorithm: Algorithm,
        key: DecodingKey,
        mut jwk: Value,
    ) -> Result<Self, InvalidKey> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !(1..=64).contains(&kid.len()) || !kid.bytes().all(is_plain) {
            return Err(InvalidKey::Kid);
        }
        jwk["kid"] = json!(kid);
        jwk["alg"] = json!(algorithm);
        jwk["use"] = json!("sig");
        Ok(Self { kid, algorithm, key, jwk })
    }

    /// Its name.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key as JSON (RFC 7517).
    pub(super) fn jwk(&self) -> &Value {
        &self.jwk
    }

    pub(super) fn header(&self) -> String {
        let algorithm = if self.algorithm == Algorithm::EdDSA { "EdDSA" } else { "RS256" };
        format!(r#"{{"alg":"{algorithm}","typ":"JWT","kid":"{}"}}"#, self.kid)
    }

    pub(super) fn verifier(&self) -> Result<Box<dyn JwtVerifier>, Error> {
        (PROVIDER.verifier_factory)(&self.algorithm, &self.key)
    }
}

impl std::fmt::Debug for SigningPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningPair").field("kid", &self.public.kid).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PublicKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}
