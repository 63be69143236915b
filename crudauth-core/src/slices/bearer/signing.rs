//! What signs access tokens, and what still verifies them.
//!
//! jsonwebtoken's signers are used through its traits, each made where it is needed: `encode` and
//! `decode` would ask a provider that is global to the process. Whatever the app, or another
//! library in it, installed there does not matter here, and nothing is installed that would take
//! RS256 away from an app that uses jsonwebtoken by itself.

use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto::{JwtSigner, JwtVerifier};
use jsonwebtoken::signature::{self, Signer, Verifier};

#[cfg(feature = "bearer-asymmetric")]
use super::asymmetric::{PublicKey, SigningPair};
use crate::model::{KeyRing, Mac, MacKey};

/// What signs access tokens.
///
/// By default HMAC-SHA-256 with a key derived from the app's secret; those derived from the secrets
/// that it followed still verify. Only the app itself can verify such tokens.
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
    /// EdDSA or RS256, so that others can verify tokens by the public keys that
    /// [`BearerTokens::jwks`](super::BearerTokens::jwks) lists. Take EdDSA where they know it: it is far
    /// cheaper to sign, and RS256 is here for those who do not. Give the tokens an
    /// [`issuer`](super::BearerConfig::issuer) that those others know you by.
    ///
    /// `pair` signs, and verifies; the other keys verify only. To rotate without signing anyone out,
    /// list the next public key there for as long as others may keep the list (five minutes), then
    /// sign by it and list the old one (`openssl pkey -in old.pem -pubout`) for as long as an access
    /// token lives. Tokens whose key is not listed are broken, also for whoever would pass without
    /// one: so are those of HMAC once this is set. Refreshing gives good ones.
    #[cfg(feature = "bearer-asymmetric")]
    #[must_use]
    pub fn asymmetric(pair: SigningPair, retired: impl IntoIterator<Item = PublicKey>) -> Self {
        Self(Kind::Asymmetric { pair, retired: retired.into_iter().collect() })
    }

    pub(super) fn mistakes(&self) -> Vec<String> {
        match &self.0 {
            Kind::Hs256 => Vec::new(),
            #[cfg(feature = "bearer-asymmetric")]
            Kind::Asymmetric { pair, retired } => {
                let mut seen = vec![pair.public().kid()];
                let mut mistakes = Vec::new();
                for kid in retired.iter().map(PublicKey::kid) {
                    if seen.contains(&kid) {
                        mistakes.push(format!("bearer: two signing keys are called `{kid}`"));
                    }
                    seen.push(kid);
                }
                mistakes
            }
        }
    }
}

/// A key that signs.
#[derive(Clone, Debug)]
pub(super) enum SigningKey {
    Hs256(MacKey),
    #[cfg(feature = "bearer-asymmetric")]
    Pair(SigningPair),
}

/// A key that verifies.
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

    /// The public keys as a JSON Web Key Set (RFC 7517); `None` if there is nothing to publish.
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
    /// The header of the tokens that it signs.
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
    /// The only header that a token may have to be verified by it.
    pub(super) fn header(&self) -> String {
        match self {
            Self::Hs256(_) => HS256_HEADER.to_owned(),
            #[cfg(feature = "bearer-asymmetric")]
            Self::Public(key) => key.header(),
        }
    }

    pub(super) fn verifies(&self, message: &[u8], signature: Vec<u8>) -> bool {
        let verifier = self.verifier();
        verifier.is_ok_and(|verifier| verifier.verify(message, &signature).is_ok())
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

/// HMAC-SHA-256 by the crates that are here anyway; jsonwebtoken's own brings RSA and three curves.
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
