//! The configured formats, and the ones in use.
//!
//! Called by the pool only.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::LegacyHash;
use crate::config_error::ConfigError;
use crate::password::{Password, PasswordHash};

/// The formats, in configured order.
pub(in crate::password) struct Formats(Vec<Entry>);

/// Result of checking a password against a legacy hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::password) enum LegacyMatch {
    /// The password is wrong.
    No,
    /// The password begins with the right bytes, and the format hashes no more than those.
    Prefix,
    /// The password is right.
    Full,
}

struct Entry {
    format: Arc<dyn LegacyHash>,
    prefixes: &'static [&'static str],
    decoy: String,
    /// Never cleared, so that the set of checked formats does not change between sign-ins.
    is_in_use: AtomicBool,
}

impl Formats {
    /// Takes the formats; none is in use yet.
    pub(in crate::password) fn new(formats: Vec<Arc<dyn LegacyHash>>) -> Self {
        Self(formats.into_iter().map(Entry::new).collect())
    }

    /// Returns an error for each format that contradicts itself, or is configured twice.
    pub(in crate::password) fn validate(&self) -> Vec<ConfigError> {
        let mut errors = Vec::new();
        for (at, entry) in self.0.iter().enumerate() {
            let format = entry.format.name();
            let setting = "legacy_hash";
            errors.extend(entry.broken_rule().map(|rule| {
                let name = format.to_owned();
                ConfigError::InvalidName { setting, name, rule }
            }));
            if self.0[..at].iter().any(|other| other.format.name() == format) {
                let name = format.to_owned();
                errors.push(ConfigError::DuplicateName { setting, name });
            }
        }
        errors
    }

    /// Returns the distinct prefixes of all formats.
    pub(in crate::password) fn prefixes(&self) -> Vec<&'static str> {
        let mut all: Vec<_> = self.0.iter().flat_map(|entry| entry.prefixes).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Enables every format with this prefix.
    pub(in crate::password) fn enable_prefix(&self, prefix: &str) {
        let entries: Vec<_> =
            self.0.iter().filter(|entry| entry.prefixes.contains(&prefix)).collect();
        for entry in &entries {
            let is_first_use = entry.enable();
            if is_first_use
                && entries.len() == 1
                && let Some(caution) = entry.format.caution()
            {
                tracing::info!(prefix, "{caution}");
            }
        }
    }

    /// Returns `true` if a wrong password costs more than one argon2id hash.
    pub(in crate::password) fn is_any_in_use(&self) -> bool {
        self.0.iter().any(Entry::is_in_use)
    }

    /// Compares `password` with `stored`. Costs the same for every `stored` and every result.
    pub(in crate::password) fn verify(
        &self,
        password: &Password,
        stored: Option<&PasswordHash>,
    ) -> LegacyMatch {
        // An unusable hash never matches, even if a format of the app would accept it.
        let stored = stored.filter(|hash| hash.is_usable()).map(PasswordHash::expose);
        let has_prefix = stored.is_some_and(|text| self.has_known_prefix(text));
        let mut is_match = false;
        let mut is_full_match = false;
        for entry in &self.0 {
            let own = stored.filter(|text| entry.claims(text, has_prefix));
            if own.is_some() {
                entry.enable();
            } else if !entry.is_in_use() {
                continue;
            }
            for reading in password.readings() {
                // `|` and `&` do not short-circuit, so a match skips no later check.
                let matches = entry.verify(reading, own.unwrap_or(&entry.decoy)) & own.is_some();
                is_match |= matches;
                is_full_match |= matches & entry.hashes_all_of(reading);
            }
        }
        if is_full_match {
            LegacyMatch::Full
        } else if is_match {
            LegacyMatch::Prefix
        } else {
            LegacyMatch::No
        }
    }

    /// Returns `true` if argon2 or a format with a prefix claims the hash.
    fn has_known_prefix(&self, stored: &str) -> bool {
        let mut with_prefix = self.0.iter().filter(|entry| !entry.is_column_wide());
        stored.starts_with("$argon2") || with_prefix.any(|entry| entry.fits(stored))
    }
}

/// Returns `true` for a prefix that also matches the library's own hashes.
fn is_reserved(prefix: &str) -> bool {
    const OWN: &str = "$argon2id$";
    OWN.starts_with(prefix) || prefix.starts_with(OWN)
}

impl Entry {
    fn new(format: Arc<dyn LegacyHash>) -> Self {
        let (prefixes, decoy) =
            catch_panic(&[], || (format.prefixes(), format.decoy())).unwrap_or_default();
        Self { format, prefixes, decoy, is_in_use: AtomicBool::new(false) }
    }

    /// Returns the first rule that the format breaks.
    fn broken_rule(&self) -> Option<&'static str> {
        if self.prefixes.is_empty() {
            Some("a format that names its prefixes, and does not panic")
        } else if self.is_column_wide() {
            None
        } else if self.prefixes.iter().any(|prefix| is_reserved(prefix)) {
            Some("a format without a prefix of crudauth's own hashes")
        } else if !self.fits(&self.decoy) {
            Some("a format whose decoy has one of its prefixes")
        } else {
            None
        }
    }

    /// Returns `true` if the format claims all hashes without a known prefix.
    fn is_column_wide(&self) -> bool {
        self.prefixes == [""]
    }

    fn claims(&self, stored: &str, has_known_prefix: bool) -> bool {
        self.fits(stored) && !(self.is_column_wide() && has_known_prefix)
    }

    fn fits(&self, stored: &str) -> bool {
        self.prefixes.iter().any(|prefix| stored.starts_with(prefix))
    }

    fn hashes_all_of(&self, reading: &str) -> bool {
        self.format.max_bytes().is_none_or(|max| reading.len() <= max)
    }

    fn is_in_use(&self) -> bool {
        self.is_in_use.load(Ordering::Relaxed)
    }

    /// Takes the format into use; returns `true` the first time.
    fn enable(&self) -> bool {
        let is_first_use = !self.is_in_use.swap(true, Ordering::Relaxed);
        if is_first_use {
            let format = self.format.name();
            tracing::info!(format, prefixes = ?self.prefixes, "legacy hash format in use");
        }
        is_first_use
    }

    fn verify(&self, reading: &str, stored: &str) -> bool {
        catch_panic(self.prefixes, || self.format.verify(reading.as_bytes(), stored))
            .unwrap_or(false)
    }
}

/// Calls code of the app. The message of a panic is not logged, because it may contain a password.
fn catch_panic<T>(prefixes: &[&str], call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call))
        .inspect_err(|_| tracing::error!(?prefixes, "legacy hash format panicked"))
        .ok()
}

impl fmt::Debug for Formats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|entry| entry.prefixes)).finish()
    }
}

#[cfg(test)]
#[path = "formats_tests.rs"]
mod tests;
