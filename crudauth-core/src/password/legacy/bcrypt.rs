//! Plain bcrypt, and the forms of Django and Spring.
//!
//! `$2b$<cost>$<22 characters of salt><31 of output>`

use std::fmt;

use base64::Engine;
use base64::alphabet::BCRYPT;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{LegacyHash, text};

/// Prefixes of bcrypt hashes. The versions stand for bugs of implementations: `$2x$` marks hashes
/// of a `crypt_blowfish` that misread bytes above 127.
pub(super) const PREFIXES: &[&str] = &["$2a$", "$2b$", "$2x$", "$2y$"];

/// Number of bytes of a password that bcrypt hashes.
const KEY_BYTES: usize = 72;
/// Maximum cost of a stored hash: four seconds of a core. A damaged column must not exhaust the
/// machine.
pub(super) const MAX_COST: u32 = 16;

/// Plain bcrypt of PHP, Laravel, Rails, Phoenix, Node and Supabase, which hashes the first 72 bytes
/// of a password. Also Spring's `{bcrypt}$2a$…` and Django's `bcrypt$…` and `bcrypt_sha256$…`.
///
/// Two kinds of password never match:
/// - 44 characters of base64 for 32 bytes. [`CrudauthPy`](super::CrudauthPy) hashes are bcrypt of
///   the base64 of a SHA-256, so an attacker with that SHA-256 from another leak could type it.
/// - A password with a NUL byte. Bcrypt repeats the password with a NUL in between, so `ab` and
///   `ab\0ab` have the same hash.
///
/// `Debug` redacts the pepper.
#[derive(Clone)]
pub struct Bcrypt {
    cost: u32,
    pepper: SecretString,
}

impl Default for Bcrypt {
    fn default() -> Self {
        Self { cost: 12, pepper: SecretString::default() }
    }
}

impl Bcrypt {
    /// Sets the usual cost of the table's hashes (default 12, between 4 and 16).
    ///
    /// An unknown name then costs as much as a known one. Hashes of any cost up to 16 are verified.
    #[must_use]
    pub fn cost(self, cost: u32) -> Self {
        Self { cost: cost.clamp(4, MAX_COST), ..self }
    }

    /// Sets the text that is hashed after each password (default none): `config.pepper` of Devise.
    #[must_use]
    pub fn pepper(self, pepper: impl Into<String>) -> Self {
        Self { pepper: SecretString::from(pepper.into()), ..self }
    }

    /// Returns the hashed text: password and pepper.
    fn key(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let pepper = self.pepper.expose_secret().as_bytes();
        // Memory that grew would leave a copy of the password behind.
        let mut key = Zeroizing::new(Vec::with_capacity(password.len() + pepper.len()));
        key.extend_from_slice(password);
        key.extend_from_slice(pepper);
        key
    }
}

impl LegacyHash for Bcrypt {
    fn prefixes(&self) -> &'static [&'static str] {
        &["$2a$", "$2b$", "$2x$", "$2y$", "bcrypt$", "bcrypt_sha256$", "{bcrypt}"]
    }

    fn verify(&self, password: &[u8], stored: &str) -> bool {
        if password.contains(&0) || looks_like_digest(password) {
            return false;
        }
        let key = self.key(password);
        if let Some(stored) = stored.strip_prefix("bcrypt_sha256$") {
            let digest = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(&*key)));
            let digest = Zeroizing::new(hex::encode(digest));
            return matches(digest.as_bytes(), stored, self.cost);
        }
        let bare = ["bcrypt$", "{bcrypt}"].into_iter().find_map(|one| stored.strip_prefix(one));
        matches(&key, bare.unwrap_or(stored), self.cost)
    }

    fn max_bytes(&self) -> Option<usize> {
        Some(KEY_BYTES)
    }

    fn decoy(&self) -> String {
        decoy(self.cost)
    }
}

impl fmt::Debug for Bcrypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bcrypt").field("cost", &self.cost).finish_non_exhaustive()
    }
}

fn is_base64(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

fn looks_like_digest(password: &[u8]) -> bool {
    // 43 characters and one of padding encode 32 bytes.
    match password {
        [characters @ .., b'='] => characters.len() == 43 && characters.iter().all(is_base64),
        _ => false,
    }
}

/// Returns `true` if `stored` is bcrypt of the first 72 bytes of `key`. A malformed hash costs as
/// much as one of `usual_cost`.
pub(super) fn matches(key: &[u8], stored: &str, usual_cost: u32) -> bool {
    let parsed = Stored::parse(stored);
    let decoy = Stored { cost: usual_cost, salt: [0; 16], output: [0; 23] };
    parsed.as_ref().unwrap_or(&decoy).matches(key) & parsed.is_some()
}

/// Returns a hash of that cost with an arbitrary salt and output.
pub(super) fn decoy(cost: u32) -> String {
    format!("$2b${cost:02}$Z5gT3vXnQmJ8sLwKdYhUReBqVfAoC1iPz7yE4tN0uHkMxSjWlGr2.")
}

struct Stored {
    cost: u32,
    salt: [u8; 16],
    output: [u8; 23],
}

impl Stored {
    fn parse(stored: &str) -> Option<Self> {
        let rest = PREFIXES.iter().find_map(|prefix| stored.strip_prefix(prefix))?;
        let (cost, rest) = rest.split_once('$').filter(|(cost, _)| cost.len() == 2)?;
        let cost = text::decimal(cost).filter(|cost| (4..=MAX_COST).contains(cost))?;
        let (salt, output) = rest.split_at_checked(22)?;
        Some(Self { cost, salt: decode(salt)?, output: decode(output)? })
    }

    fn matches(&self, key: &[u8]) -> bool {
        let mut padded = Zeroizing::new([0; KEY_BYTES]);
        let length = key.len().min(KEY_BYTES);
        padded[..length].copy_from_slice(&key[..length]);
        // The terminating NUL is part of the key, if there is room.
        let key = &padded[..(length + 1).min(KEY_BYTES)];
        let output = Zeroizing::new(bcrypt::bcrypt(self.cost, self.salt, key));
        text::is_equal(&output[..self.output.len()], &self.output)
    }
}

/// Decodes exactly `N` bytes. Unused bits of the last character are ignored, because apps made
/// salts of arbitrary characters, and bcrypt ignores them too.
fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&BCRYPT, config).decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
#[path = "bcrypt_tests.rs"]
mod tests;
