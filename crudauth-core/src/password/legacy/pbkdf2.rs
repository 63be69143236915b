//! PBKDF2 with HMAC, in the formats of Django, passlib, Werkzeug and Spring.
//!
//! - `pbkdf2_sha256$<iterations>$<salt>$<base64>`
//! - `$pbkdf2-sha256$<iterations>$<ab64>$<ab64>`
//! - `pbkdf2:sha256:<iterations>$<salt>$<hex>`
//! - `{pbkdf2@SpringSecurity_v5_8}<hex of salt and output>`

use hmac::EagerHash;
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use super::{LegacyHash, text};

/// Maximum iterations of a stored hash: a few seconds of a core. A damaged column must not exhaust
/// the machine.
const MAX_ITERATIONS: u32 = 10_000_000;

/// Prefixes of Spring, before and since version 5.8.
const SPRING: [&str; 2] = ["{pbkdf2}", "{pbkdf2@SpringSecurity_v5_8}"];

/// PBKDF2:
/// - Django's `pbkdf2_sha256$…` and `pbkdf2_sha1$…`;
/// - passlib's `$pbkdf2-sha256$…`, `$pbkdf2-sha512$…` and `$pbkdf2$…` (SHA-1);
/// - Werkzeug's `pbkdf2:sha256:…`, `pbkdf2:sha512:…` and `pbkdf2:sha1:…`;
/// - Spring's `{pbkdf2}…` and `{pbkdf2@SpringSecurity_v5_8}…`, without a secret of the encoder.
#[derive(Clone, Copy, Debug)]
pub struct Pbkdf2 {
    iterations: u32,
}

impl Default for Pbkdf2 {
    fn default() -> Self {
        Self { iterations: 600_000 }
    }
}

impl Pbkdf2 {
    /// Sets the usual number of iterations of the table's hashes (default 600,000, at most 10
    /// million). The hashes contain their number, except Spring's: 310,000, and 185,000 before 5.8.
    ///
    /// An unknown name then costs as much as a known one. Hashes of any number of iterations up to
    /// 10 million are verified.
    #[must_use]
    pub fn iterations(self, iterations: u32) -> Self {
        Self { iterations: iterations.clamp(1, MAX_ITERATIONS) }
    }
}

impl LegacyHash for Pbkdf2 {
    fn prefixes(&self) -> &'static [&'static str] {
        &[
            "pbkdf2_sha256$",
            "pbkdf2_sha1$",
            "$pbkdf2-sha256$",
            "$pbkdf2-sha512$",
            "$pbkdf2$",
            "pbkdf2:",
            SPRING[0],
            SPRING[1],
        ]
    }

    fn verify(&self, password: &[u8], stored: &str) -> bool {
        let parsed = Stored::parse(stored);
        let is_valid = parsed.is_some();
        // A malformed hash must cost as much as a valid one.
        let stored = parsed.unwrap_or_else(|| Stored {
            hash: Hash::Sha256,
            iterations: self.iterations,
            salt: vec![0; 16],
            output: vec![0; 32],
        });
        stored.matches(password) & is_valid
    }

    fn decoy(&self) -> String {
        let output = "q7Yt0vXnQmJ8sLwKdYhUReBqVfAoC1iPz7yE4tN5uHk=";
        format!("pbkdf2_sha256${}$Z5gT3vXnQmJ8sLwKdYhURe${output}", self.iterations)
    }
}

#[derive(Clone, Copy)]
enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

struct Stored {
    hash: Hash,
    iterations: u32,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Stored {
    fn parse(stored: &str) -> Option<Self> {
        if let Some(rest) = stored.strip_prefix(SPRING[0]) {
            Self::spring(Hash::Sha1, 185_000, 8, rest)
        } else if let Some(rest) = stored.strip_prefix(SPRING[1]) {
            Self::spring(Hash::Sha256, 310_000, 16, rest)
        } else if let Some(rest) = stored.strip_prefix("pbkdf2:") {
            Self::werkzeug(rest)
        } else if let Some(rest) = stored.strip_prefix('$') {
            Self::passlib(rest)
        } else {
            Self::django(stored)
        }
    }

    fn django(stored: &str) -> Option<Self> {
        let [name, iterations, salt, output] = text::parts(stored)?;
        let hash = match name {
            "pbkdf2_sha1" => Hash::Sha1,
            "pbkdf2_sha256" => Hash::Sha256,
            _ => return None,
        };
        Self::new(hash, iterations, salt.as_bytes().to_vec(), text::base64(output)?)
    }

    fn passlib(stored: &str) -> Option<Self> {
        let [name, iterations, salt, output] = text::parts(stored)?;
        let hash = match name {
            "pbkdf2" => Hash::Sha1,
            "pbkdf2-sha256" => Hash::Sha256,
            "pbkdf2-sha512" => Hash::Sha512,
            _ => return None,
        };
        Self::new(hash, iterations, text::adapted_base64(salt)?, text::adapted_base64(output)?)
    }

    fn werkzeug(stored: &str) -> Option<Self> {
        let [method, salt, output] = text::parts(stored)?;
        let (name, iterations) = method.split_once(':')?;
        let hash = match name {
            "sha1" => Hash::Sha1,
            "sha256" => Hash::Sha256,
            "sha512" => Hash::Sha512,
            _ => return None,
        };
        Self::new(hash, iterations, salt.as_bytes().to_vec(), hex::decode(output).ok()?)
    }

    /// Reads salt and output, without a mark between them. The output has 32 bytes for any hash.
    fn spring(hash: Hash, iterations: u32, salt_bytes: usize, stored: &str) -> Option<Self> {
        let mut salt = hex::decode(stored).ok()?;
        if salt.len() != salt_bytes + 32 {
            return None;
        }
        let output = salt.split_off(salt_bytes);
        Some(Self { hash, iterations, salt, output })
    }

    fn new(hash: Hash, iterations: &str, salt: Vec<u8>, output: Vec<u8>) -> Option<Self> {
        let iterations = text::decimal(iterations)?;
        // More passwords match a shorter output, so it must be a damaged one.
        let is_valid =
            (1..=MAX_ITERATIONS).contains(&iterations) && output.len() == hash.output_bytes();
        if is_valid { Some(Self { hash, iterations, salt, output }) } else { None }
    }

    fn matches(&self, password: &[u8]) -> bool {
        match self.hash {
            Hash::Sha1 => self.matches_with::<Sha1>(password),
            Hash::Sha256 => self.matches_with::<Sha256>(password),
            Hash::Sha512 => self.matches_with::<Sha512>(password),
        }
    }

    fn matches_with<D: EagerHash>(&self, password: &[u8]) -> bool {
        let mut output = Zeroizing::new(vec![0; self.output.len()]);
        pbkdf2_hmac::<D>(password, &self.salt, self.iterations, &mut output);
        text::is_equal(&output, &self.output)
    }
}

impl Hash {
    fn output_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

#[cfg(test)]
#[path = "pbkdf2_tests.rs"]
mod tests;
