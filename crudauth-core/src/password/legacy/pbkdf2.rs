//! PBKDF2 with HMAC, in Django's and in passlib's form.
//!
//! `pbkdf2_sha256$<iterations>$<salt>$<base64>`, `$pbkdf2-sha256$<iterations>$<ab64>$<ab64>`

use hmac::EagerHash;
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use super::{LegacyHash, text};

/// A few seconds of a core: a damaged column must not take the machine down.
const MAX_ITERATIONS: u32 = 10_000_000;

/// PBKDF2: Django's `pbkdf2_sha256$…` and `pbkdf2_sha1$…`, passlib's `$pbkdf2-sha256$…`,
/// `$pbkdf2-sha512$…` and `$pbkdf2$…` (SHA-1).
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
    /// The iterations that most hashes of the table have (default 600,000, at most 10 million; they
    /// stand in the hash): by it a name that nobody has costs what others cost. Hashes of any
    /// number up to 10 million are read.
    #[must_use]
    pub fn iterations(self, iterations: u32) -> Self {
        Self { iterations: iterations.clamp(1, MAX_ITERATIONS) }
    }
}

impl LegacyHash for Pbkdf2 {
    fn prefixes(&self) -> &'static [&'static str] {
        &["pbkdf2_sha256$", "pbkdf2_sha1$", "$pbkdf2-sha256$", "$pbkdf2-sha512$", "$pbkdf2$"]
    }

    fn verify(&self, password: &[u8], stored: &str) -> bool {
        let read = Stored::read(stored);
        let usual = || Stored {
            hash: Hash::Sha256,
            iterations: self.iterations,
            salt: vec![0; 16],
            output: vec![0; 32],
        };
        let is_one = read.is_some();
        read.unwrap_or_else(usual).is_of(password) & is_one
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
    fn read(stored: &str) -> Option<Self> {
        let is_passlib = stored.starts_with('$');
        let mut parts = stored.strip_prefix('$').unwrap_or(stored).split('$');
        let mut part = || parts.next();
        let (name, iterations, salt, output) = (part()?, part()?, part()?, part()?);
        let hash = match (is_passlib, name) {
            (false, "pbkdf2_sha1") | (true, "pbkdf2") => Hash::Sha1,
            (false, "pbkdf2_sha256") | (true, "pbkdf2-sha256") => Hash::Sha256,
            (true, "pbkdf2-sha512") => Hash::Sha512,
            _ => return None,
        };
        let (salt, output) = match is_passlib {
            true => (text::adapted_base64(salt)?, text::adapted_base64(output)?),
            false => (salt.as_bytes().to_vec(), text::base64(output)?),
        };
        let iterations = text::decimal(iterations)?;
        let is_within = (1..=MAX_ITERATIONS).contains(&iterations);
        // A shorter output would be a damaged column that more passwords fit.
        let is_whole = output.len() == hash.output_bytes() && part().is_none();
        (is_within && is_whole).then_some(Self { hash, iterations, salt, output })
    }

    fn is_of(&self, password: &[u8]) -> bool {
        match self.hash {
            Hash::Sha1 => self.is_of_by::<Sha1>(password),
            Hash::Sha256 => self.is_of_by::<Sha256>(password),
            Hash::Sha512 => self.is_of_by::<Sha512>(password),
        }
    }

    fn is_of_by<D: EagerHash>(&self, password: &[u8]) -> bool {
        let mut output = Zeroizing::new(vec![0; self.output.len()]);
        pbkdf2_hmac::<D>(password, &self.salt, self.iterations, &mut output);
        text::is_same(&output, &self.output)
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
