//! Bcrypt over the password itself, and Django's two forms of it.
//!
//! `$2b$<cost>$<22 characters of salt><31 of output>`

use base64::Engine;
use base64::alphabet::BCRYPT;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{LegacyHash, text};

/// What a bcrypt text begins with. The versions differ in what implementations did wrong:
/// `$2x$` marks hashes of a `crypt_blowfish` that misread bytes above 127.
pub(super) const PREFIXES: &[&str] = &["$2a$", "$2b$", "$2x$", "$2y$"];

/// What bcrypt takes of a password, in bytes.
const KEY_BYTES: usize = 72;
/// Four seconds of a core: a damaged column must not take the machine down.
const MAX_COST: u32 = 16;

/// Plain bcrypt, as PHP, Laravel, Spring, Rails and Node have it: its first 72 bytes are the
/// password. Also Django's `bcrypt$…` and `bcrypt_sha256$…`.
///
/// Two kinds of password are refused, whatever is stored:
/// - 44 characters of base64 for 32 bytes. [`CrudauthPy`](super::CrudauthPy) hashes are bcrypt over
///   the base64 of a SHA-256, so somebody who has that SHA-256 from another leak could type it;
/// - one with a NUL byte: bcrypt repeats what it is given with a NUL between, so that `ab` and
///   `ab\0ab` are one password to it.
#[derive(Clone, Copy, Debug)]
pub struct Bcrypt {
    cost: u32,
}

impl Default for Bcrypt {
    fn default() -> Self {
        Self { cost: 12 }
    }
}

impl Bcrypt {
    /// The cost that most hashes of the table have (default 12, between 4 and 16): by it a name
    /// that nobody has costs what others cost. Hashes of any cost up to 16 are read.
    #[must_use]
    pub fn cost(self, cost: u32) -> Self {
        Self { cost: cost.clamp(4, MAX_COST) }
    }
}

impl LegacyHash for Bcrypt {
    fn prefixes(&self) -> &'static [&'static str] {
        &["$2a$", "$2b$", "$2x$", "$2y$", "bcrypt$", "bcrypt_sha256$"]
    }

    fn verify(&self, password: &[u8], stored: &str) -> bool {
        if password.contains(&0) || is_shaped_like_a_digest(password) {
            return false;
        }
        if let Some(stored) = stored.strip_prefix("bcrypt_sha256$") {
            let digest = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(password)));
            let digest = Zeroizing::new(hex::encode(digest));
            return is_of(digest.as_bytes(), stored, self.cost);
        }
        is_of(password, stored.strip_prefix("bcrypt$").unwrap_or(stored), self.cost)
    }

    fn max_bytes(&self) -> Option<usize> {
        Some(KEY_BYTES)
    }

    fn decoy(&self) -> String {
        decoy(self.cost)
    }
}

fn is_shaped_like_a_digest(password: &[u8]) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    // 43 characters and one of padding are 32 bytes.
    matches!(password, [characters @ .., b'='] if characters.len() == 43 && characters.iter().all(is_base64))
}

/// Whether `stored` is bcrypt of `key`, of which 72 bytes count. A malformed one costs what one of
/// the cost `usual` does.
pub(super) fn is_of(key: &[u8], stored: &str, usual: u32) -> bool {
    let read = Stored::read(stored);
    let none = Stored { cost: usual, salt: [0; 16], output: [0; 23] };
    read.as_ref().unwrap_or(&none).is_of(key) & read.is_some()
}

/// A text of that cost; its salt and its output are arbitrary.
pub(super) fn decoy(cost: u32) -> String {
    format!("$2b${cost:02}$Z5gT3vXnQmJ8sLwKdYhUReBqVfAoC1iPz7yE4tN0uHkMxSjWlGr2.")
}

struct Stored {
    cost: u32,
    salt: [u8; 16],
    output: [u8; 23],
}

impl Stored {
    fn read(stored: &str) -> Option<Self> {
        let rest = PREFIXES.iter().find_map(|prefix| stored.strip_prefix(prefix))?;
        let (cost, rest) = rest.split_once('$').filter(|(cost, _)| cost.len() == 2)?;
        let cost = text::decimal(cost).filter(|cost| (4..=MAX_COST).contains(cost))?;
        let (salt, output) = rest.split_at_checked(22)?;
        Some(Self { cost, salt: decode(salt)?, output: decode(output)? })
    }

    fn is_of(&self, key: &[u8]) -> bool {
        let mut padded = Zeroizing::new([0; KEY_BYTES]);
        let length = key.len().min(KEY_BYTES);
        padded[..length].copy_from_slice(&key[..length]);
        // The NUL after it counts, where there is room.
        let key = &padded[..(length + 1).min(KEY_BYTES)];
        let output = Zeroizing::new(bcrypt::bcrypt(self.cost, self.salt, key));
        text::is_same(&output[..self.output.len()], &self.output)
    }
}

/// Exactly `N` bytes. Bits of the last character that belong to no byte may be anything: apps made
/// salts of arbitrary characters, and bcrypt never looked at them.
fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&BCRYPT, config).decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
#[path = "bcrypt_tests.rs"]
mod tests;
