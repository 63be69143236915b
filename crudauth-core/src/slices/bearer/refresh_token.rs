//! Refresh tokens: opaque, each of them good once.
//!
//! A token is the name of its grant, 256 random bits, and a mark over both that only we can make.
//! What ends a grant when it is used again is thus always a token that was given out, never a guess
//! by somebody who has seen the grant's name in a list.

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
    /// Makes a new one of that family.
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

    /// The token itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    pub(super) fn family(&self) -> &FamilyId {
        &self.family
    }

    /// The stored form.
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
        (successor.digest() == stored).then_some(successor)
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

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshToken(redacted)")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::SecretKey;
    use crate::ports::OsEntropy;

    const SECRET_KEY: &str = "an app's secret of more than 32 bytes";
    const OTHER: &str = "another secret of more than 32 bytes!";

    fn ring(current: &str, previous: &[&str]) -> KeyRing {
        let previous: Vec<_> = previous.iter().map(|&secret| SecretKey::from(secret)).collect();
        KeyRing::new(&SecretKey::from(current), &previous).unwrap()
    }

    fn token(ring: &KeyRing) -> RefreshToken {
        RefreshToken::generate(ring.current(), GrantId::generate(&OsEntropy), &OsEntropy)
    }

    #[test]
    fn a_token_is_read_back_and_never_shown() {
        let ring = ring(SECRET_KEY, &[]);
        let token = token(&ring);
        assert_eq!(token.expose().len(), CHARS);
        let (read, keys) = RefreshToken::read(&ring, token.expose()).unwrap();
        assert_eq!(read.digest(keys), token.digest(ring.current()));
        assert_eq!(read.grant(), token.grant());
        assert!(!format!("{token:?}").contains(token.expose()));
    }

    #[test]
    fn a_token_made_under_a_previous_secret_is_ours_and_one_of_another_app_is_not() {
        let token = token(&ring(SECRET_KEY, &[]));
        assert!(RefreshToken::read(&ring(OTHER, &[SECRET_KEY]), token.expose()).is_some());
        assert!(RefreshToken::read(&ring(OTHER, &[]), token.expose()).is_none());
    }

    #[test]
    fn only_the_token_itself_reveals_its_successor() {
        let ring = ring(SECRET_KEY, &[]);
        let keys = ring.current();
        let first = token(&ring);
        let second = RefreshToken::generate(keys, *first.grant(), &OsEntropy);
        let sealed = first.seal(keys, &second);
        let stored = second.digest(keys);
        let found = first.unseal(keys, &sealed, &ring, stored).unwrap();
        assert_eq!(found.expose(), second.expose());
        let stranger = RefreshToken::generate(keys, *first.grant(), &OsEntropy);
        assert!(stranger.unseal(keys, &sealed, &ring, stored).is_none());
        assert!(first.unseal(keys, &sealed[1..], &ring, stored).is_none());
    }

    #[test]
    fn every_character_counts() {
        let ring = ring(SECRET_KEY, &[]);
        let good = token(&ring).expose().to_owned();
        for at in 0..good.len() {
            let mut forged = good.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert!(RefreshToken::read(&ring, &forged).is_none(), "character {at}");
        }
        for forged in [format!("{good}A"), format!("{good}="), format!(" {good}"), String::new()] {
            assert!(RefreshToken::read(&ring, &forged).is_none());
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,140}|[A-Za-z0-9_-]{128}") {
            prop_assert!(RefreshToken::read(&ring(SECRET_KEY, &[]), &text).is_none());
        }
    }
}
