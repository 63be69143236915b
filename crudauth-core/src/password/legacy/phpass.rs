//! The portable hashes of phpass: many rounds of MD5.
//!
//! `$P$<character for log2 of the rounds><8 characters of salt><22 of output>`

use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::{LegacyHash, text};

/// The digits of phpass, in the order of their values.
const DIGITS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Log2 of the minimum and maximum rounds of a stored hash: phpass makes no fewer, and no more keep a
/// core busy for seconds. A damaged column must not exhaust the machine.
const ROUNDS: std::ops::RangeInclusive<u32> = 7..=18;

/// Portable hashes of phpass: `$P$…` of WordPress before 6.8 and other PHP apps, `$H$…` of phpBB 3.
///
/// They are many rounds of MD5 with a salt. WordPress's present hashes are
/// [`WordPress`](super::WordPress).
#[derive(Clone, Copy, Debug)]
pub struct Phpass {
    log_rounds: u32,
}

impl Default for Phpass {
    fn default() -> Self {
        Self { log_rounds: 13 }
    }
}

impl Phpass {
    /// Sets log2 of the usual rounds of the table's hashes (default 13, as in WordPress; phpBB uses
    /// 11; between 7 and 18).
    ///
    /// An unknown name then costs as much as a known one. Hashes of any cost up to 18 are verified.
    #[must_use]
    pub fn cost(self, log_rounds: u32) -> Self {
        Self { log_rounds: log_rounds.clamp(*ROUNDS.start(), *ROUNDS.end()) }
    }
}

impl LegacyHash for Phpass {
    fn prefixes(&self) -> &'static [&'static str] {
        &["$P$", "$H$"]
    }

    fn verify(&self, password: &[u8], stored: &str) -> bool {
        let parsed = Stored::parse(stored);
        let is_valid = parsed.is_some();
        // A malformed hash must cost as much as a valid one.
        let stored = parsed.unwrap_or(Stored {
            log_rounds: self.log_rounds,
            salt: "........",
            output: "......................",
        });
        stored.matches(password) & is_valid
    }

    fn decoy(&self) -> String {
        let digit = DIGITS.get(self.log_rounds as usize).copied().unwrap_or(b'B');
        format!("$P${}Z5gT3vXnQmJ8sLwKdYhUReBqVfAoC1", char::from(digit))
    }
}

struct Stored<'a> {
    log_rounds: u32,
    salt: &'a str,
    output: &'a str,
}

impl<'a> Stored<'a> {
    fn parse(stored: &'a str) -> Option<Self> {
        let rest = ["$P$", "$H$"].iter().find_map(|prefix| stored.strip_prefix(prefix))?;
        let (digit, rest) = rest.split_at_checked(1)?;
        let (salt, output) = rest.split_at_checked(8)?;
        let log_rounds = DIGITS.iter().position(|one| digit.as_bytes() == [*one])?;
        let log_rounds = u32::try_from(log_rounds).ok().filter(|log| ROUNDS.contains(log))?;
        if output.len() == 22 { Some(Self { log_rounds, salt, output }) } else { None }
    }

    fn matches(&self, password: &[u8]) -> bool {
        let mut digest = Zeroizing::new(digest(self.salt.as_bytes(), password));
        for _ in 0..1_u32 << self.log_rounds {
            *digest = self::digest(&*digest, password);
        }
        text::is_equal(&encode(&digest), self.output.as_bytes())
    }
}

fn digest(first: &[u8], password: &[u8]) -> [u8; 16] {
    Md5::new().chain_update(first).chain_update(password).finalize().into()
}

/// Returns four digits for each three bytes, the lowest six bits first, and two for the last byte.
fn encode(digest: &[u8; 16]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(22);
    for bytes in digest.chunks(3) {
        let value = bytes.iter().rev().fold(0, |value, byte| (value << 8) | usize::from(*byte));
        encoded.extend((0..=bytes.len()).map(|at| DIGITS[(value >> (6 * at)) & 63]));
    }
    encoded
}

#[cfg(test)]
#[path = "phpass_tests.rs"]
mod tests;
