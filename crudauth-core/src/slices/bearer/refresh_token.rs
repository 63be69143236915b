//! Refresh tokens: opaque, each of them good once.
//!
//! A token is the name of its grant, 256 random bits, and a mark over both that only we can make.
//! What ends a grant when it is used again is thus always a token that was given out, never a guess
//! by somebody who has seen the grant's name in a list.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::model::{Digest, KeyRing, Keys};
use crate::ports::{Entropy, GrantId};

const SECRET: usize = 32;
const MARK: usize = 32;

/// 96 bytes, of which Base64 makes 128 characters without a rest: there is no second spelling.
const BYTES: usize = GrantId::BYTES + SECRET + MARK;
const CHARS: usize = BYTES / 3 * 4;

/// A refresh token, to be given to the client and forgotten. `Debug` redacts it.
#[derive(Clone)]
pub struct RefreshToken {
    grant: GrantId,
    secret: Zeroizing<[u8; SECRET]>,
    text: SecretString,
}

impl RefreshToken {
    /// A new one of that grant.
    pub(super) fn generate(keys: &Keys, grant: GrantId, entropy: &dyn Entropy) -> Self {
        let mut secret = Zeroizing::new([0; SECRET]);
        entropy.fill(&mut *secret);
        Self::new(keys, grant, secret)
    }

    fn new(keys: &Keys, grant: GrantId, secret: Zeroizing<[u8; SECRET]>) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(BYTES));
        bytes.extend_from_slice(grant.as_bytes());
        bytes.extend_from_slice(&*secret);
        bytes.extend_from_slice(mark(keys, &grant, &*secret).as_bytes());
        let text = SecretString::from(BASE64.encode(&*bytes));
        Self { grant, secret, text }
    }

    /// Reads one that a client sent, and tells by which keys it was made; `None` if it is none of
    /// ours.
    pub(super) fn read<'k>(ring: &'k KeyRing, text: &str) -> Option<(Self, &'k Keys)> {
        if text.len() != CHARS {
            return None;
        }
        let bytes = Zeroizing::new(BASE64.decode(text).ok()?);
        let (grant, rest) = bytes.split_at_checked(GrantId::BYTES)?;
        let (secret, sent) = rest.split_at_checked(SECRET)?;
        let (grant, sent) = (GrantId::from_bytes(grant)?, Digest::from_bytes(sent)?);
        let keys = ring.all().find(|keys| mark(keys, &grant, secret) == sent)?;
        let secret = Zeroizing::new(<[u8; SECRET]>::try_from(secret).ok()?);
        Some((Self::new(keys, grant, secret), keys))
    }

    /// The token itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    pub(super) fn grant(&self) -> &GrantId {
        &self.grant
    }

    /// What is stored of it.
    pub(super) fn digest(&self, keys: &Keys) -> Digest {
        keys.refresh.digest(&[self.grant.as_bytes(), &*self.secret])
    }

    /// Its successor, in a form that only who has this token can read. `keys` are those that this
    /// token was made by.
    ///
    /// The pad is used once: a token has one successor that is ever stored.
    pub(super) fn seal(&self, keys: &Keys, successor: &Self) -> Vec<u8> {
        xored(&self.pad(keys), &successor.secret).to_vec()
    }

    /// The successor that [`seal`](Self::seal) hid, of which `stored` is kept; `None` if it is
    /// another.
    pub(super) fn unseal(
        &self,
        keys: &Keys,
        sealed: &[u8],
        ring: &KeyRing,
        stored: Digest,
    ) -> Option<Self> {
        let sealed: &[u8; SECRET] = sealed.try_into().ok()?;
        let secret = xored(&self.pad(keys), sealed);
        // The app's secret may have changed since.
        let mut made = ring.all().map(|keys| (Self::new(keys, self.grant, secret.clone()), keys));
        made.find(|(token, keys)| token.digest(keys) == stored).map(|(token, _)| token)
    }

    fn pad(&self, keys: &Keys) -> Digest {
        keys.successor.digest(&[self.grant.as_bytes(), &*self.secret])
    }
}

fn mark(keys: &Keys, grant: &GrantId, secret: &[u8]) -> Digest {
    keys.refresh_mark.digest(&[grant.as_bytes(), secret])
}

fn xored(pad: &Digest, bytes: &[u8; SECRET]) -> Zeroizing<[u8; SECRET]> {
    let mut mixed = Zeroizing::new(*bytes);
    mixed.iter_mut().zip(pad.as_bytes()).for_each(|(byte, pad)| *byte ^= pad);
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
