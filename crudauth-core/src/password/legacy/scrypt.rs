//! Scrypt, in the PHC form that passlib writes as well, and in Django's form.
//!
//! `$scrypt$ln=16,r=8,p=1$<base64>$<base64>`, `scrypt$<N>$<salt>$<r>$<p>$<base64>`

use scrypt::Params;
use zeroize::Zeroizing;

use super::{LegacyHash, text};

/// The most memory that a stored hash may ask for, in bytes: a damaged column must not take the
/// machine down.
const MAX_MEMORY: u64 = 256 << 20;
/// The most passes over that memory.
const MAX_PASSES: u32 = 16;

/// Scrypt: `$scrypt$ln=16,r=8,p=1$…` as in PHC strings and passlib, and Django's `scrypt$16384$…`.
///
/// Each check takes `128 * r * 2^ln` bytes, 64 MiB by default, in each of the hashing pool's seats.
#[derive(Clone, Copy, Debug)]
pub struct Scrypt {
    usual: Cost,
}

impl Default for Scrypt {
    fn default() -> Self {
        Self { usual: Cost { log_n: 16, r: 8, p: 1 } }
    }
}

impl Scrypt {
    /// The cost that most hashes of the table have (default ln = 16, r = 8, p = 1; Django's are 14,
    /// 8, 5): by it a name that nobody has costs what others cost. Hashes of any cost up to 256 MiB
    /// and p = 16 are read, and a usual one above that is not taken.
    #[must_use]
    pub fn cost(self, ln: u32, r: u32, p: u32) -> Self {
        Cost::new(ln, r, p).map_or(self, |usual| Self { usual })
    }
}

impl LegacyHash for Scrypt {
    fn prefixes(&self) -> &'static [&'static str] {
        &["$scrypt$", "scrypt$"]
    }

    fn verify(&self, password: &[u8], stored: &str) -> bool {
        let read = Stored::phc(stored).or_else(|| Stored::django(stored));
        let is_one = read.is_some();
        let usual = || Stored { cost: self.usual, salt: vec![0; 16], output: vec![0; 32] };
        read.unwrap_or_else(usual).is_of(password) & is_one
    }

    fn decoy(&self) -> String {
        let Cost { log_n, r, p } = self.usual;
        let output = "q7Yt0vXnQmJ8sLwKdYhUReBqVfAoC1iPz7yE4tN5uHk";
        format!("$scrypt$ln={log_n},r={r},p={p}$Z5gT3vXnQmJ8sLwKdYhURQ${output}")
    }
}

/// A cost within the bounds.
#[derive(Clone, Copy, Debug)]
struct Cost {
    log_n: u8,
    r: u32,
    p: u32,
}

impl Cost {
    fn new(log_n: u32, r: u32, p: u32) -> Option<Self> {
        let n = 1_u64.checked_shl(log_n)?;
        let memory = n.checked_add(p.into())?.checked_mul(r.into())?.checked_mul(128)?;
        let is_within = log_n > 0 && r > 0 && (1..=MAX_PASSES).contains(&p) && memory <= MAX_MEMORY;
        is_within.then_some(Self { log_n: log_n.try_into().ok()?, r, p })
    }
}

struct Stored {
    cost: Cost,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Stored {
    fn phc(stored: &str) -> Option<Self> {
        let mut parts = stored.strip_prefix("$scrypt$")?.split('$');
        let mut part = || parts.next();
        let (params, salt, output) = (part()?, text::base64(part()?)?, text::base64(part()?)?);
        let mut params = params.split(',');
        let mut param = |name| text::decimal(params.next()?.strip_prefix(name)?);
        let cost = Cost::new(param("ln=")?, param("r=")?, param("p=")?)?;
        let is_whole = part().is_none() && params.next().is_none();
        Self::bounded(cost, salt, output).filter(|_| is_whole)
    }

    fn django(stored: &str) -> Option<Self> {
        let mut parts = stored.strip_prefix("scrypt$")?.split('$');
        let mut part = || parts.next();
        let n = text::decimal(part()?).filter(|n| n.is_power_of_two())?;
        let salt = part()?.as_bytes().to_vec();
        let cost = Cost::new(n.trailing_zeros(), text::decimal(part()?)?, text::decimal(part()?)?)?;
        let output = text::base64(part()?)?;
        let is_whole = part().is_none();
        Self::bounded(cost, salt, output).filter(|_| is_whole)
    }

    fn bounded(cost: Cost, salt: Vec<u8>, output: Vec<u8>) -> Option<Self> {
        // Shorter is a damaged column that more passwords fit, longer is nobody's.
        (16..=64).contains(&output.len()).then_some(Self { cost, salt, output })
    }

    fn is_of(&self, password: &[u8]) -> bool {
        let Cost { log_n, r, p } = self.cost;
        let Ok(params) = Params::new(log_n, r, p) else { return false };
        let mut output = Zeroizing::new(vec![0; self.output.len()]);
        scrypt::scrypt(password, &self.salt, &params, &mut output).is_ok()
            && text::is_same(&output, &self.output)
    }
}

#[cfg(test)]
#[path = "scrypt_tests.rs"]
mod tests;
