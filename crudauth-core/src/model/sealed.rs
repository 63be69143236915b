//! Secrets that the library has to read back, encrypted for the database.
//!
//! XChaCha20-Poly1305 under a key derived from the app's secret. The owner is authenticated with the
//! text, so that a value that was copied to the row of another account opens nothing. The value names
//! its key, and a key of an earlier secret still opens it.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::KeyRing;
use crate::random::random;
use crate::store_error::StoreError;

/// First byte of a value: its form.
const FORM: u8 = 1;

/// Bytes by which a value names its key.
const KEY_ID: usize = 4;

const NONCE: usize = 24;

/// An encrypted secret, as the database keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Most bytes of a value that the library makes.
    pub(crate) const MOST: u16 = 128;

    /// The bytes, for a store to keep.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Wraps the bytes that a store kept.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

/// A key that encrypts, with the id that values name it by.
#[derive(Clone)]
pub(crate) struct SealKey {
    id: [u8; KEY_ID],
    cipher: XChaCha20Poly1305,
}

impl SealKey {
    pub(super) fn new(id: [u8; KEY_ID], key: &[u8; 32]) -> Self {
        Self { id, cipher: XChaCha20Poly1305::new(key.into()) }
    }
}

impl KeyRing {
    /// Encrypts a secret of this owner.
    ///
    /// # Errors
    /// If the secret is longer than the cipher allows (256 GiB).
    pub(crate) fn seal(&self, owner: &str, secret: &[u8]) -> Result<Sealed, StoreError> {
        let key = &self.current().factors;
        let nonce: [u8; NONCE] = random();
        let payload = Payload { msg: secret, aad: owner.as_bytes() };
        let text = key.cipher.encrypt(&XNonce::from(nonce), payload);
        let text = text.map_err(|error| StoreError::failed(error.to_string()))?;
        Ok(Sealed([&[FORM], &key.id[..], &nonce, &text].concat()))
    }

    /// Decrypts a secret of this owner. Returns `None` if its key is gone, or if the value was made
    /// for another owner or changed.
    pub(crate) fn open(&self, owner: &str, sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let rest = sealed.0.strip_prefix(&[FORM])?;
        let (id, rest) = rest.split_at_checked(KEY_ID)?;
        let (nonce, text) = rest.split_at_checked(NONCE)?;
        let nonce = XNonce::try_from(nonce).ok()?;
        let payload = || Payload { msg: text, aad: owner.as_bytes() };
        let mut keys = self.all().map(|keys| &keys.factors).filter(|key| key.id == id);
        let secret = keys.find_map(|key| key.cipher.decrypt(&nonce, payload()).ok())?;
        Some(Zeroizing::new(secret))
    }

    /// Returns `true` if a value was encrypted with the current key.
    pub(crate) fn is_current(&self, sealed: &Sealed) -> bool {
        sealed.0.get(1..=KEY_ID).is_some_and(|id| id == self.current().factors.id)
    }
}

crate::opaque::opaque!(Sealed, SealKey);

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::*;
    use crate::model::SecretKey;

    const OLD: &str = "an app's secret of more than 32 bytes";
    const NEW: &str = "another secret of more than 32 bytes!";

    fn keys(current: &str, previous: &[&str]) -> KeyRing {
        let previous: Vec<_> = previous.iter().map(|&secret| SecretKey::from(secret)).collect();
        KeyRing::new(&SecretKey::from(current), &previous).unwrap()
    }

    #[test]
    fn a_secret_is_read_back_by_its_owner_only() {
        let keys = keys(OLD, &[]);
        let sealed = keys.seal("1.a", b"a secret").unwrap();
        assert_eq!(keys.open("1.a", &sealed).unwrap().as_slice(), b"a secret");
        assert!(keys.open("2.a", &sealed).is_none());
        assert!(!sealed.as_bytes().windows(8).any(|part| part == b"a secret"));
        assert!(!format!("{sealed:?}").contains("115"));
    }

    #[test]
    fn equal_secrets_have_different_values() {
        let keys = keys(OLD, &[]);
        assert_ne!(keys.seal("1.a", b"x").unwrap(), keys.seal("1.a", b"x").unwrap());
    }

    #[test]
    fn a_changed_value_opens_nothing() {
        let keys = keys(OLD, &[]);
        let sealed = keys.seal("1.a", b"a secret").unwrap();
        for at in 0..sealed.0.len() {
            let mut forged = sealed.clone();
            forged.0[at] ^= 1;
            assert!(keys.open("1.a", &forged).is_none(), "byte {at}");
            assert!(keys.open("1.a", &Sealed(sealed.0[..at].to_vec())).is_none(), "{at} bytes");
        }
    }

    #[test]
    fn a_previous_secret_opens_its_values_until_it_is_removed() {
        let sealed = keys(OLD, &[]).seal("1.a", b"a secret").unwrap();
        let rotated = keys(NEW, &[OLD]);
        assert_eq!(rotated.open("1.a", &sealed).unwrap().as_slice(), b"a secret");
        assert!(!rotated.is_current(&sealed));
        assert!(rotated.is_current(&rotated.seal("1.a", b"a secret").unwrap()));
        assert!(keys(NEW, &[]).open("1.a", &sealed).is_none());
    }
}
