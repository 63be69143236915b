//! Keys that sign and verify access tokens.
//!
//! jsonwebtoken's signers are used through its traits and created where needed, because `encode`
//! and `decode` use a provider that is global to the process. So a provider that the app or another
//! library installs has no effect here, and none is installed that would take RS256 away from an
//! app with its own use of jsonwebtoken.

use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto::{JwtSigner, JwtVerifier};
use jsonwebtoken::signature::{self, Signer, Verifier};

#[cfg(feature = "bearer-asymmetric")]
use super::asymmetric::{PublicKey, SigningPair};
use crate::config_error::ConfigError;
use crate::model::{KeyRing, Mac, MacKey};

/// Algorithm and keys that sign access tokens.
///
/// The default is HMAC-SHA-256 with a key derived from the app's secret. Keys derived from its
/// previous secrets still verify. Only the app itself can verify such tokens.
#[derive(Clone, Debug, Default)]
pub struct Signing(Kind);

#[derive(Clone, Debug, Default)]
enum Kind {
    #[default]
    Hs256,
    #[cfg(feature = "bearer-asymmetric")]
    Asymmetric { pair: SigningPair, retired: Vec<PublicKey> },
}

impl Signing {
    /// Signs with EdDSA or RS256, so that other services can verify tokens with the public keys of
    /// [`BearerTokens::jwks`](super::BearerTokens::jwks).
    ///
    /// Prefer EdDSA where the other services support it; signing is far cheaper. Set an
    /// [`issuer`](super::BearerConfig::issuer) that they know.
    ///
    /// `pair` signs and verifies; the `retired` keys only verify. To rotate without signing anyone
    /// out, list the next public key in `retired` for as long as the key set may be cached (five
    /// minutes). Then sign with it, and list the old one (`openssl pkey -in old.pem -pubout`) for
    /// the lifetime of an access token.
    ///
    /// A token of an unlisted key is malformed and refused even where authentication is optional.
    /// This includes tokens signed with HMAC before. Refreshing yields a valid one.
    #[cfg(feature = "bearer-asymmetric")]
    #[must_use]
    pub fn asymmetric(pair: SigningPair, retired: impl IntoIterator<Item = PublicKey>) -> Self {
        Self(Kind::Asymmetric { pair, retired: retired.into_iter().collect() })
    }

    /// Returns an error for each key whose name is taken by another one.
    pub(super) fn validate(&self) -> Vec<ConfigError> {
        match &self.0 {
            Kind::Hs256 => Vec::new(),
            #[cfg(feature = "bearer-asymmetric")]
            Kind::Asymmetric { pair, retired } => {
                let mut seen = vec![pair.public().kid()];
                let mut errors = Vec::new();
                for kid in retired.iter().map(PublicKey::kid) {
                    if seen.contains(&kid) {
                        let name = kid.to_owned();
                        let setting = "bearer.signing";
                        errors.push(ConfigError::DuplicateName { setting, name });
                    }
                    seen.push(kid);
                }
                errors
            }
        }
    }
}

/// A signing key.
#[derive(Clone, Debug)]
pub(super) enum SigningKey {
    Hs256(MacKey),
    #[cfg(feature = "bearer-asymmetric")]
    Pair(SigningPair),
}

/// A verification key.
#[derive(Clone, Debug)]
pub(super) enum VerifyingKey {
    Hs256(MacKey),
    #[cfg(feature = "bearer-asymmetric")]
    Public(PublicKey),
}

/// The keys of one mount.
#[derive(Clone, Debug)]
pub(super) struct SigningKeys {
    pub(super) signing: SigningKey,
    pub(super) verifying: Vec<VerifyingKey>,
}

impl SigningKeys {
    pub(super) fn new(signing: &Signing, keys: &KeyRing) -> Self {
        match &signing.0 {
            Kind::Hs256 => Self {
                signing: SigningKey::Hs256(keys.current().access.clone()),
                verifying: keys
                    .all()
                    .map(|keys| VerifyingKey::Hs256(keys.access.clone()))
                    .collect(),
            },
            #[cfg(feature = "bearer-asymmetric")]
            Kind::Asymmetric { pair, retired } => Self {
                signing: SigningKey::Pair(pair.clone()),
                verifying: std::iter::once(pair.public())
                    .chain(retired)
                    .map(|key| VerifyingKey::Public(key.clone()))
                    .collect(),
            },
        }
    }

    /// Returns the public keys as a JSON Web Key Set (RFC 7517); `None` for HMAC.
    pub(super) fn jwks(&self) -> Option<serde_json::Value> {
        #[cfg(feature = "bearer-asymmetric")]
        {
            let public = |key: &VerifyingKey| match key {
                VerifyingKey::Public(key) => Some(key.jwk().clone()),
                VerifyingKey::Hs256(_) => None,
            };
            let keys: Option<Vec<_>> = self.verifying.iter().map(public).collect();
            keys.map(|keys| serde_json::json!({ "keys": keys }))
        }
        #[cfg(not(feature = "bearer-asymmetric"))]
        None
    }
}

impl SigningKey {
    /// Returns the header of tokens that this key signs.
    pub(super) fn header(&self) -> String {
        match self {
            Self::Hs256(_) => HS256_HEADER.to_owned(),
            #[cfg(feature = "bearer-asymmetric")]
            Self::Pair(pair) => pair.public().header(),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, jsonwebtoken::errors::Error> {
        Ok(self.signer()?.try_sign(message)?)
    }

    fn signer(&self) -> Result<Box<dyn JwtSigner>, jsonwebtoken::errors::Error> {
        match self {
            Self::Hs256(key) => Ok(Box::new(Hs256(key.clone()))),
            #[cfg(feature = "bearer-asymmetric")]
            Self::Pair(pair) => pair.signer(),
        }
    }
}

impl VerifyingKey {
    /// Returns the only header that a token verified by this key may have.
    pub(super) fn header(&self) -> String {
        match self {
            Self::Hs256(_) => HS256_HEADER.to_owned(),
            #[cfg(feature = "bearer-asymmetric")]
            Self::Public(key) => key.header(),
        }
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifier().is_ok_and(|verifier| verifier.verify(message, &signature.to_vec()).is_ok())
    }

    fn verifier(&self) -> Result<Box<dyn JwtVerifier>, jsonwebtoken::errors::Error> {
        match self {
            Self::Hs256(key) => Ok(Box::new(Hs256(key.clone()))),
            #[cfg(feature = "bearer-asymmetric")]
            Self::Public(key) => key.verifier(),
        }
    }
}

const HS256_HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// HMAC-SHA-256 without jsonwebtoken's provider, which would add RSA and three curves.
struct Hs256(MacKey);

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.0.sign(message).as_bytes().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        // Digests compare in constant time.
        let is_it = Mac::from_bytes(signature).is_some_and(|sent| sent == self.0.sign(message));
        if is_it { Ok(()) } else { Err(signature::Error::new()) }
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}
