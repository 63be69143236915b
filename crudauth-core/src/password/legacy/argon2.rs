//! Argon2 with the prefix of another system before its PHC string.
//!
//! `argon2$argon2id$v=19$m=102400,t=2,p=8$<salt>$<output>`

use super::LegacyHash;
use crate::password::argon::{self, Stored};
use crate::password::memory::Memory;

/// Prefix of Django, which ends before the `$` of the PHC string.
const DJANGO: &str = "argon2";
/// Prefixes of Spring.
const SPRING: [&str; 2] = ["{argon2}", "{argon2@SpringSecurity_v5_8}"];

/// Argon2 of Django (`argon2$argon2id$…`) and Spring (`{argon2}$argon2id$…`,
/// `{argon2@SpringSecurity_v5_8}$argon2id$…`).
///
/// Argon2 hashes that begin with `$argon2` need no format. The limits are the same: 1 GiB of memory,
/// memory times passes of 4 GiB, and 255 lanes. Each check takes the memory of the hash, 100 MiB by
/// default, in each worker of the hashing pool.
#[derive(Clone, Copy, Debug)]
pub struct Argon2 {
    memory_kib: u32,
    passes: u32,
}

impl Default for Argon2 {
    fn default() -> Self {
        Self { memory_kib: 102_400, passes: 2 }
    }
}

impl Argon2 {
    /// Sets the usual memory in KiB and number of passes of the table's hashes (default 102,400 and
    /// 2, as in Django; Spring uses 16,384 and 2, and 4,096 and 3 before 5.8).
    ///
    /// An unknown name then costs as much as a known one. A cost above the limits is ignored.
    #[must_use]
    pub fn cost(self, memory_kib: u32, passes: u32) -> Self {
        let cost = Self { memory_kib, passes };
        if argon::head(&cost.phc()).is_some_and(|(_, is_read)| is_read) { cost } else { self }
    }

    fn phc(self) -> String {
        let Self { memory_kib, passes } = self;
        let output = "q7Yt0vXnQmJ8sLwKdYhUReBqVfAoC1iPz7yE4tN5uHk";
        format!("$argon2id$v=19$m={memory_kib},t={passes},p=1$Z5gT3vXnQmJ8sLwKdYhURQ${output}")
    }
}

impl LegacyHash for Argon2 {
    fn prefixes(&self) -> &'static [&'static str] {
        &["argon2$", SPRING[0], SPRING[1]]
    }

    fn verify(&self, password: &[u8], stored: &str) -> bool {
        let phc = SPRING.into_iter().chain([DJANGO]).find_map(|one| stored.strip_prefix(one));
        let parsed = phc.and_then(Stored::parse);
        let is_valid = parsed.is_some();
        // A malformed hash must cost as much as a valid one.
        let stored = parsed.or_else(|| Stored::parse(&self.phc()));
        // Such hashes are replaced one by one, so no memory is kept for the next one.
        stored.is_some_and(|stored| stored.matches(password, &Memory::new(0, true))) & is_valid
    }

    fn decoy(&self) -> String {
        format!("{DJANGO}{}", self.phc())
    }
}

#[cfg(test)]
#[path = "argon2_tests.rs"]
mod tests;
