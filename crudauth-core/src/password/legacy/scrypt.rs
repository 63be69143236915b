//! Scrypt, in the PHC format, which passlib uses too, and in those of Django, Werkzeug and Spring.
//!
//! - `$scrypt$ln=16,r=8,p=1$<base64>$<base64>`
//! - `scrypt$<N>$<salt>$<r>$<p>$<base64>`
//! - `scrypt:<N>:<r>:<p>$<salt>$<hex>`
//! - `{scrypt}$<hex of log2 N, r and p>$<base64>$<base64>`

use scrypt::Params;
use zeroize::Zeroizing;

use super::{LegacyHash, text};

/// Maximum memory of a stored hash, in bytes. A damaged column must not exhaust the machine.
const MAX_MEMORY: u64 = 256 << 20;
/// Maximum passes (`p`) of a stored hash.
const MAX_PASSES: u32 = 16;

/// Prefixes of Spring, before and since version 5.8.
const SPRING: [&str; 2] = ["{scrypt}", "{scrypt@SpringSecurity_v5_8}"];

/// Scrypt:
/// - `$scrypt$ln=16,r=8,p=1$…` as in PHC strings and passlib;
/// - Django's `scrypt$16384$…`;
/// - Werkzeug's `scrypt:32768:8:1$…`;
/// - Spring's `{scrypt}$e0801$…` and `{scrypt@SpringSecurity_v5_8}$100801$…`.
///
/// Each check takes `128 * r * 2^ln` bytes, 64 MiB by default, in each worker of the hashing pool.
#[derive(Clone, Copy, Debug)]
pub struct Scrypt {
    usual_cost: Cost,
}

impl Default for Scrypt {
    fn default() -> Self {
        Self { usual_cost: Cost { log_n: 16, r: 8, p: 1 } }
    }
}

impl Scrypt {
    /// Sets the usual cost of the table's hashes (default ln = 16, r = 8, p = 1). Django uses 14, 8, 5;
    /// Werkzeug 15, 8, 1; Spring 16, 8, 1, and 14, 8, 1 before version 5.8.
    ///
    /// An unknown name then costs as much as a known one. Hashes of any cost up to 256 MiB and p =
    /// 16 are verified; a usual cost above that is ignored.
    #[must_use]
    pub fn cost(self, ln: u32, r: u32, p: u32) -> Self {
        Cost::new(ln, r, p).map_or(self, |usual_cost| Self { usual_cost })
    }
}

impl LegacyHash for Scrypt {
    fn prefixes(&self) -> &'static [&'static str] {
        &["$scrypt$", "scrypt$", "scrypt:", SPRING[0], SPRING[1]]
    }

    fn verify(&self, password: &[u8], stored: &str) -> bool {
        let parsed = Stored::parse(stored);
        let is_valid = parsed.is_some();
        // A malformed hash must cost as much as a valid one.
        let stored = parsed.unwrap_or_else(|| Stored {
            cost: self.usual_cost,
            salt: vec![0; 16],
            output: vec![0; 32],
        });
        stored.matches(password) & is_valid
    }

    fn decoy(&self) -> String {
        let Cost { log_n, r, p } = self.usual_cost;
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
        let is_valid = log_n > 0 && r > 0 && (1..=MAX_PASSES).contains(&p) && memory <= MAX_MEMORY;
        if is_valid { Some(Self { log_n: log_n.try_into().ok()?, r, p }) } else { None }
    }

    /// Reads N itself, and the other two parameters.
    fn parse(n: &str, r: &str, p: &str) -> Option<Self> {
        let n = text::decimal(n).filter(|n| n.is_power_of_two())?;
        Self::new(n.trailing_zeros(), text::decimal(r)?, text::decimal(p)?)
    }
}

struct Stored {
    cost: Cost,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Stored {
    fn parse(stored: &str) -> Option<Self> {
        if let Some(rest) = SPRING.iter().find_map(|prefix| stored.strip_prefix(prefix)) {
            Self::spring(rest.strip_prefix('$')?)
        } else if let Some(rest) = stored.strip_prefix("$scrypt$") {
            Self::phc(rest)
        } else if let Some(rest) = stored.strip_prefix("scrypt:") {
            Self::werkzeug(rest)
        } else {
            Self::django(stored.strip_prefix("scrypt$")?)
        }
    }

    fn phc(stored: &str) -> Option<Self> {
        let [params, salt, output] = text::parts(stored)?;
        let mut params = params.split(',');
        let log_n = text::decimal(params.next()?.strip_prefix("ln=")?)?;
        let r = text::decimal(params.next()?.strip_prefix("r=")?)?;
        let p = text::decimal(params.next()?.strip_prefix("p=")?)?;
        if params.next().is_some() {
            return None;
        }
        Self::new(Cost::new(log_n, r, p)?, text::base64(salt)?, text::base64(output)?)
    }

    fn django(stored: &str) -> Option<Self> {
        let [n, salt, r, p, output] = text::parts(stored)?;
        Self::new(Cost::parse(n, r, p)?, salt.as_bytes().to_vec(), text::base64(output)?)
    }

    fn werkzeug(stored: &str) -> Option<Self> {
        let [params, salt, output] = text::parts(stored)?;
        let (n, params) = params.split_once(':')?;
        let (r, p) = params.split_once(':')?;
        Self::new(Cost::parse(n, r, p)?, salt.as_bytes().to_vec(), hex::decode(output).ok()?)
    }

    fn spring(stored: &str) -> Option<Self> {
        let [params, salt, output] = text::parts(stored)?;
        let is_hex = params.bytes().all(|byte| byte.is_ascii_hexdigit());
        let params = u32::from_str_radix(params, 16).ok().filter(|_| is_hex)?;
        let cost = Cost::new(params >> 16, (params >> 8) & 0xff, params & 0xff)?;
        Self::new(cost, text::base64(salt)?, text::base64(output)?)
    }

    fn new(cost: Cost, salt: Vec<u8>, output: Vec<u8>) -> Option<Self> {
        // More passwords match a shorter output, so it must be a damaged one. No system makes a
        // longer one.
        if (16..=64).contains(&output.len()) { Some(Self { cost, salt, output }) } else { None }
    }

    fn matches(&self, password: &[u8]) -> bool {
        let Cost { log_n, r, p } = self.cost;
        let Ok(params) = Params::new(log_n, r, p) else { return false };
        let mut output = Zeroizing::new(vec![0; self.output.len()]);
        scrypt::scrypt(password, &self.salt, &params, &mut output).is_ok()
            && text::is_equal(&output, &self.output)
    }
}

#[cfg(test)]
#[path = "scrypt_tests.rs"]
mod tests;
