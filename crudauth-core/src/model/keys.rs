//! One secret from the app, a key per purpose.
//!
//! Nothing signs with the secret itself: HKDF-SHA-256 (RFC 5869) makes a key for every use, so no
//! value of one kind is ever valid as another.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac as _};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::sealed::SealKey;

/// The app's secret: at least 32 bytes that nobody can guess.
///
/// Whoever has it can forge everything that the library signs. `Debug` redacts it.
#[derive(Clone, Debug)]
pub struct SecretKey(SecretString);

impl SecretKey {
    const MIN_BYTES: usize = 32;

    /// Derives the keys.
    ///
    /// # Errors
    /// [`Weakness`] for a secret that is too short or plainly not random.
    pub(crate) fn keys(&self) -> Result<Keys, Weakness> {
        let secret = self.0.expose_secret().as_bytes();
        if secret.len() < Self::MIN_BYTES {
            return Err(Weakness::TooShort { bytes: secret.len() });
        }
        let mut seen = [false; 256];
        secret.iter().for_each(|byte| seen[usize::from(*byte)] = true);
        if seen.iter().filter(|is_used| **is_used).count() < 8 {
            return Err(Weakness::Repetitive);
        }
        Ok(Keys::derive(secret))
    }
}

impl<T: Into<String>> From<T> for SecretKey {
    fn from(secret: T) -> Self {
        Self(SecretString::from(secret.into()))
    }
}

/// A secret that an attacker could guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {weakness}: make one with `openssl rand -hex 32`", match previous {
    None => "the secret key".to_owned(),
    Some(at) => format!("the previous secret number {}", at + 1),
})]
#[non_exhaustive]
pub struct WeakSecret {
    /// Position among the previous secrets, from 0; `None` for the current secret.
    pub previous: Option<usize>,
    /// Why it is weak.
    pub weakness: Weakness,
}

/// Why a secret is weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Weakness {
    /// It is shorter than 32 bytes.
    #[error("has {bytes} bytes and needs at least 32")]
    TooShort {
        /// Its length.
        bytes: usize,
    },
    /// It has fewer than eight different bytes.
    #[error("repeats a few characters")]
    Repetitive,
}

/// A key for one purpose.
#[derive(Clone)]
pub struct MacKey(Hmac<Sha256>);

impl MacKey {
    /// The keyed hash (HMAC-SHA-256, RFC 2104) of `parts`, each told apart from the next.
    #[must_use]
    pub fn mac(&self, parts: &[&[u8]]) -> Mac {
        #[cfg(test)]
        HASHES.with(|hashes| hashes.set(hashes.get() + 1));
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Mac(mac.finalize().into_bytes().into())
    }

    /// Returns `true` if `sent` is the keyed hash of `parts`. Compares in constant time.
    #[must_use]
    pub fn verifies(&self, parts: &[&[u8]], sent: &[u8]) -> bool {
        self.mac(parts).as_bytes().ct_eq(sent).into()
    }

    /// The keyed hash of `message` as it stands: a signature in the form of others (HS256).
    pub(crate) fn sign(&self, message: &[u8]) -> Mac {
        let mac = self.0.clone().chain_update(message);
        Mac(mac.finalize().into_bytes().into())
    }
}

#[cfg(test)]
std::thread_local! {
    static HASHES: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// Number of keyed hashes that this thread has computed, for tests of equal work.
#[cfg(test)]
pub(crate) fn hashes_computed() -> u32 {
    HASHES.with(std::cell::Cell::get)
}

/// A keyed hash. Compared in constant time; `Debug` does not show it.
#[derive(Clone, Copy, Eq)]
pub struct Mac([u8; 32]);

impl Mac {
    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 32 bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl PartialEq for Mac {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

crate::opaque::opaque!(Mac, MacKey);

/// The keys of one secret.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Signs the cookie of a known device.
    pub device: MacKey,
    /// Signs the cookie with the outcome of a form.
    pub flash: MacKey,
    /// Hides networks and names in the names of counters.
    pub counter: MacKey,
    /// Signs access tokens.
    pub access: MacKey,
    /// Marks refresh tokens as issued here.
    pub refresh_mark: MacKey,
    /// Hides codes that were mailed.
    pub(crate) mailed_code: MacKey,
    /// Signs puzzles of the proof of work.
    pub(crate) bot_check: MacKey,
    /// Chains the events of an account, and hides addresses in them.
    pub audit: MacKey,
    /// Encrypts secrets of second factors.
    pub(crate) factors: SealKey,
}

impl Keys {
    fn derive(secret: &[u8]) -> Self {
        let derived = Hkdf::<Sha256>::new(Some(b"crudauth"), secret);
        let key = |purpose: &str| {
            // One block of SHA-256: the length at which HMAC uses a key as it is.
            let mut bytes = zeroize::Zeroizing::new([0; 64]);
            // Cannot fail: HKDF gives up to 8,160 bytes.
            let _ = derived.expand(purpose.as_bytes(), &mut *bytes);
            MacKey(Hmac::new((&*bytes).into()))
        };
        let mut factors = zeroize::Zeroizing::new([0; 32]);
        let _ = derived.expand(b"second factors", &mut *factors);
        let mut id = [0; 4];
        let _ = derived.expand(b"id of the key of second factors", &mut id);
        Self {
            device: key("device"),
            flash: key("flash"),
            counter: key("counter"),
            access: key("access token"),
            audit: key("audit"),
            refresh_mark: key("refresh token mark"),
            mailed_code: key("mailed code"),
            bot_check: key("bot check"),
            factors: SealKey::new(id, &factors),
        }
    }
}

/// The keys in use, at least one: the first makes, every one verifies.
#[derive(Clone, Debug)]
pub struct KeyRing(Vec<Keys>);

impl KeyRing {
    /// Derives the keys of the current secret and of the previous ones.
    ///
    /// # Errors
    /// [`WeakSecret`] for each secret that can be guessed.
    pub fn new(current: &SecretKey, previous: &[SecretKey]) -> Result<Self, Vec<WeakSecret>> {
        let previous = previous.iter().enumerate().map(|(at, secret)| (Some(at), secret));
        let mut keys = Vec::new();
        let mut errors = Vec::new();
        for (previous, secret) in std::iter::once((None, current)).chain(previous) {
            match secret.keys() {
                Ok(derived) => keys.push(derived),
                Err(weakness) => errors.push(WeakSecret { previous, weakness }),
            }
        }
        if errors.is_empty() { Ok(Self(keys)) } else { Err(errors) }
    }

    /// The keys that new values are made with.
    #[must_use]
    pub fn current(&self) -> &Keys {
        &self.0[0]
    }

    /// All keys that a value may have been made with, the current ones first.
    pub fn all(&self) -> impl Iterator<Item = &Keys> {
        self.0.iter()
    }
}
