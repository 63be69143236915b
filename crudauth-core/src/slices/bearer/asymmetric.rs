//! Asymmetric signing keys in PEM: EdDSA (Ed25519) and RS256.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER as PROVIDER;
use jsonwebtoken::crypto::{JwtSigner, JwtVerifier};
use jsonwebtoken::errors::Error;
use jsonwebtoken::jwk::EllipticCurve;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde_json::{Value, json};

/// Minimum length of RSA keys (NIST SP 800-131A).
const MIN_RSA_BITS: usize = 2048;

/// A private key and its public key. `Debug` shows the key id only.
#[derive(Clone)]
pub struct SigningPair {
    private: EncodingKey,
    public: PublicKey,
}

/// A public key with its key id.
#[derive(Clone)]
pub struct PublicKey {
    kid: String,
    algorithm: Algorithm,
    key: DecodingKey,
    jwk: Value,
}

/// Why a key is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKey {
    /// The key id is empty, too long, or has a character that needs quoting.
    #[error("invalid key id: use 1 to 64 letters, digits, `-`, `_` or `.`")]
    Kid,
    /// The PEM text has no key of the required kind.
    #[error("no {0} key for EdDSA (Ed25519, PKCS #8) or RS256 (RSA) in the PEM text")]
    Unreadable(&'static str),
    /// The RSA key is too short.
    #[error("RSA key of {0} bits is too short: use at least {MIN_RSA_BITS}")]
    Short(usize),
}

impl SigningPair {
    /// Reads a private key: Ed25519 in PKCS #8 (`openssl genpkey -algorithm ed25519`) or RSA.
    ///
    /// `kid` is the key id in tokens. Each key needs its own.
    ///
    /// # Errors
    /// [`InvalidKey`] if the key or its id is invalid.
    pub fn from_pem(kid: impl Into<String>, pem: impl AsRef<[u8]>) -> Result<Self, InvalidKey> {
        let unreadable = InvalidKey::Unreadable("private");
        let kid = kid.into();
        let pem = pem.as_ref();
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
    /// Reads a public key: Ed25519 or RSA. `kid` is the key id in tokens of its private key.
    ///
    /// # Errors
    /// [`InvalidKey`] if the key or its id is invalid.
    pub fn from_pem(kid: impl Into<String>, pem: impl AsRef<[u8]>) -> Result<Self, InvalidKey> {
        let unreadable = || InvalidKey::Unreadable("public");
        let kid = kid.into();
        let pem = pem.as_ref();
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
        Self::new(kid, Algorithm::EdDSA, DecodingKey::from_ed_der(x), parameters)
    }

    fn rsa(kid: String, n: &[u8], e: &[u8]) -> Result<Self, InvalidKey> {
        let significant = n.iter().skip_while(|byte| **byte == 0).count() * 8;
        let bits = significant
            - n.iter().find(|byte| **byte != 0).map_or(0, |byte| byte.leading_zeros() as usize);
        if bits < MIN_RSA_BITS {
            return Err(InvalidKey::Short(bits));
        }
        let parameters = json!({ "kty": "RSA", "n": BASE64.encode(n), "e": BASE64.encode(e) });
        let key = DecodingKey::from_rsa_raw_components(n, e);
        Self::new(kid, Algorithm::RS256, key, parameters)
    }

    fn new(
        kid: String,
        algorithm: Algorithm,
        key: DecodingKey,
        mut jwk: Value,
    ) -> Result<Self, InvalidKey> {
        let is_valid = (1..=64).contains(&kid.len())
            && kid.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !is_valid {
            return Err(InvalidKey::Kid);
        }
        jwk["kid"] = json!(kid);
        jwk["alg"] = json!(algorithm);
        jwk["use"] = json!("sig");
        Ok(Self { kid, algorithm, key, jwk })
    }

    /// Returns the key id.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Returns the key as JSON (RFC 7517).
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_of_a_modulus_are_counted_without_leading_zeros() {
        let key = |first: u8, bytes: usize| {
            let mut n = vec![0, first];
            n.resize(1 + bytes, 1);
            PublicKey::rsa("k".to_owned(), &n, &[1, 0, 1]).map(drop)
        };
        assert!(key(0x80, 256).is_ok());
        for (first, bytes, bits) in [(0x7f, 256, 2047), (1, 256, 2041), (0xff, 255, 2040)] {
            let refused = key(first, bytes);
            assert!(matches!(refused, Err(InvalidKey::Short(found)) if found == bits), "{bits}");
        }
        let none = PublicKey::rsa("k".to_owned(), &[0, 0], &[1, 0, 1]);
        assert!(matches!(none, Err(InvalidKey::Short(0))));
    }

    #[test]
    fn a_curve_key_has_32_bytes() {
        let key = |bytes: usize| PublicKey::ed25519("k".to_owned(), &vec![9; bytes]);
        assert!(key(32).is_ok());
        for wrong in [0, 31, 33] {
            assert!(matches!(key(wrong), Err(InvalidKey::Unreadable("public"))), "{wrong}");
        }
    }
}
