//! Refresh tokens: opaque, each valid once.
//!
//! A token consists of the id of its family, 256 random bits, and a MAC of both. So only an issued
//! token can revoke its family by reuse; an attacker who knows the id of a family cannot forge one.
//! Called by the flows that issue and refresh tokens.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::FamilyId;
use crate::model::digest::sha256;
use crate::model::{KeyRing, Keys, Mac, RefreshDigest};
use crate::random::random;

const SECRET: usize = 32;
const MARK: usize = 32;

/// 96 bytes, which are 128 characters of Base64 without padding: there is no second spelling.
const BYTES: usize = FamilyId::BYTES + SECRET + MARK;
const CHARS: usize = BYTES / 3 * 4;

/// A refresh token, to be sent to the client and forgotten. `Debug` redacts it.
#[derive(Clone)]
pub struct RefreshToken {
    family: FamilyId,
    secret: Zeroizing<[u8; SECRET]>,
    text: SecretString,
}

impl RefreshToken {
    /// Generates a token of that family.
    pub(super) fn generate(keys: &Keys, family: FamilyId) -> Self {
        Self::new(keys, family, Zeroizing::new(random()))
    }

    fn new(keys: &Keys, family: FamilyId, secret: Zeroizing<[u8; SECRET]>) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(BYTES));
        bytes.extend_from_slice(family.as_bytes());
        bytes.extend_from_slice(&*secret);
        bytes.extend_from_slice(mark(keys, &family, &*secret).as_bytes());
        let text = SecretString::from(BASE64.encode(&*bytes));
        Self { family, secret, text }
    }

    /// Reads a token that a client sent. Returns `None` unless it was issued under one of the keys.
    pub(super) fn parse(ring: &KeyRing, text: &str) -> Option<Self> {
        if text.len() != CHARS {
            return None;
        }
        let bytes = Zeroizing::new(BASE64.decode(text).ok()?);
        let (family, rest) = bytes.split_at_checked(FamilyId::BYTES)?;
        let (secret, sent) = rest.split_at_checked(SECRET)?;
        let family = FamilyId::from_bytes(family)?;
        let sent = Mac::from_bytes(sent)?;
        if !ring.all().any(|keys| mark(keys, &family, secret) == sent) {
            return None;
        }
        let secret = Zeroizing::new(<[u8; SECRET]>::try_from(secret).ok()?);
        Some(Self { family, secret, text: SecretString::from(text) })
    }

    /// Returns the token.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    pub(super) fn family(&self) -> &FamilyId {
        &self.family
    }

    /// Returns the stored form.
    pub(super) fn digest(&self) -> RefreshDigest {
        RefreshDigest::new(sha256(&[b"refresh token", self.family.as_bytes(), &*self.secret]))
    }

    /// Encrypts its successor, so that only a client with this token can read it.
    ///
    /// The pad is used once: only one successor of a token is ever stored.
    pub(super) fn seal(&self, successor: &Self) -> Vec<u8> {
        xored(&self.pad(), &successor.secret).to_vec()
    }

    /// Decrypts the successor with this digest; `None` if it is another one.
    pub(super) fn unseal(
        &self,
        ring: &KeyRing,
        sealed: &[u8],
        stored: RefreshDigest,
    ) -> Option<Self> {
        let sealed: &[u8; SECRET] = sealed.try_into().ok()?;
        let secret = xored(&self.pad(), sealed);
        let successor = Self::new(ring.current(), self.family, secret);
        if successor.digest() == stored { Some(successor) } else { None }
    }

    fn pad(&self) -> [u8; SECRET] {
        sha256(&[b"refresh token successor", self.family.as_bytes(), &*self.secret])
    }
}

fn mark(keys: &Keys, family: &FamilyId, secret: &[u8]) -> Mac {
    keys.refresh_mark.mac(&[family.as_bytes(), secret])
}

fn xored(pad: &[u8; SECRET], bytes: &[u8; SECRET]) -> Zeroizing<[u8; SECRET]> {
    let mut mixed = Zeroizing::new(*bytes);
    mixed.iter_mut().zip(pad).for_each(|(byte, pad)| *byte ^= pad);
    mixed
}

crate::opaque::opaque!(RefreshToken);

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::SecretKey;

    const SECRET_KEY: &str = "an app's secret of more than 32 bytes";
    const OTHER: &str = "another secret of more than 32 bytes!";

    fn ring(current: &str, previous: &[&str]) -> KeyRing {
        let previous: Vec<_> = previous.iter().map(|&secret| SecretKey::from(secret)).collect();
        KeyRing::new(&SecretKey::from(current), &previous).unwrap()
    }

    fn token(ring: &KeyRing) -> RefreshToken {
        RefreshToken::generate(ring.current(), FamilyId::generate())
    }

    #[test]
    fn a_token_parses_again_and_debug_redacts_it() {
        let ring = ring(SECRET_KEY, &[]);
        let token = token(&ring);
        assert_eq!(token.expose().len(), CHARS);
        let parsed = RefreshToken::parse(&ring, token.expose()).unwrap();
        assert_eq!(parsed.digest(), token.digest());
        assert_eq!(parsed.family(), token.family());
        assert!(!format!("{token:?}").contains(token.expose()));
    }

    #[test]
    fn a_token_of_a_previous_secret_is_accepted_and_of_another_app_rejected() {
        let token = token(&ring(SECRET_KEY, &[]));
        assert!(RefreshToken::parse(&ring(OTHER, &[SECRET_KEY]), token.expose()).is_some());
        assert!(RefreshToken::parse(&ring(OTHER, &[]), token.expose()).is_none());
    }

    #[test]
    fn only_the_token_decrypts_its_successor() {
        let ring = ring(SECRET_KEY, &[]);
        let first = token(&ring);
        let second = RefreshToken::generate(ring.current(), *first.family());
        let sealed = first.seal(&second);
        let unsealed = first.unseal(&ring, &sealed, second.digest()).unwrap();
        assert_eq!(unsealed.expose(), second.expose());
        let other = RefreshToken::generate(ring.current(), *first.family());
        assert!(other.unseal(&ring, &sealed, second.digest()).is_none());
        assert!(first.unseal(&ring, &sealed[1..], second.digest()).is_none());
    }

    #[test]
    fn a_changed_character_invalidates_the_token() {
        let ring = ring(SECRET_KEY, &[]);
        let valid = token(&ring).expose().to_owned();
        for at in 0..valid.len() {
            let mut forged = valid.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert!(RefreshToken::parse(&ring, &forged).is_none(), "character {at}");
        }
        for forged in [format!("{valid}A"), format!("{valid}="), format!(" {valid}"), String::new()]
        {
            assert!(RefreshToken::parse(&ring, &forged).is_none());
        }
    }

    proptest! {
        #[test]
        fn any_other_text_is_rejected(text in "\\PC{0,140}|[A-Za-z0-9_-]{128}") {
            prop_assert!(RefreshToken::parse(&ring(SECRET_KEY, &[]), &text).is_none());
        }
    }
}
