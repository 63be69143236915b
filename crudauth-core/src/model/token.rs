//! Secrets that travel: what a cookie or a mailed link carries, and what is stored of it.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use crate::ports::Entropy;

/// 256 random bits as 64 hexadecimal digits: shown once, never stored.
///
/// `Debug` redacts it, and it is wiped when dropped.
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    const BYTES: usize = 32;

    /// A new one.
    pub(crate) fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = zeroize::Zeroizing::new([0; Self::BYTES]);
        entropy.fill(&mut *bytes);
        Self(SecretString::from(hex::encode(*bytes)))
    }

    /// Reads one that a client sent; `None` unless it has exactly the form that is given out, so
    /// that nothing else is ever looked up.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_one = text.len() == 2 * Self::BYTES
            && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_one.then(|| Self(SecretString::from(text)))
    }

    /// The secret itself, to be put into a cookie or a link.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(redacted)")
    }
}

/// What is stored in a secret's place: a keyed hash of it. Equal in constant time.
#[derive(Clone, Copy, Eq)]
pub struct Digest([u8; 32]);

impl Digest {
    pub(crate) const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes, as a store keeps them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads what a store kept; `None` if it is no digest.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }

    /// The name, in lists and requests, of what is stored under this digest: whoever knows it cannot
    /// tell the digest, let alone the secret.
    pub(crate) fn handle(&self) -> String {
        hex::encode(Sha256::new().chain_update(b"handle").chain_update(self.0).finalize())
    }

    /// Whether a text may be a [`handle`](Self::handle): what is none need not be looked for.
    pub(crate) fn is_handle(text: &str) -> bool {
        text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl PartialOrd for Digest {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// An order for stores that must touch rows in the same order everywhere; it compares digests of
/// counters, which are no secrets of the client's.
impl Ord for Digest {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::*;
    use crate::ports::OsEntropy;

    #[test]
    fn a_token_is_read_back_and_never_shown() {
        let token = Token::generate(&OsEntropy);
        assert_eq!(Token::parse(token.expose()).unwrap().expose(), token.expose());
        assert!(!format!("{token:?}").contains(token.expose()));
    }

    #[test]
    fn only_the_form_that_is_given_out_is_read() {
        let token = Token::generate(&OsEntropy);
        let text = token.expose();
        for wrong in ["", "x", &text[1..], &format!("{text}0"), &text.replace(|_| true, "g")] {
            assert!(Token::parse(wrong).is_none());
        }
        assert!(Token::parse(&"A".repeat(64)).is_none(), "upper case would be a second spelling");
    }
}
