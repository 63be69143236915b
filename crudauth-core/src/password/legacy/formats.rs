//! The configured formats, and which of them are in use.
//!
//! Called by the pool only.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::LegacyHash;
use crate::config_error::{ConfigError, InvalidLegacyHash};
use crate::password::{Password, PasswordHash};

/// The formats, in the order they were configured.
pub(in crate::password) struct Formats(Vec<Entry>);

/// What the formats know of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::password) enum Knowledge {
    /// It is another one.
    None,
    /// It begins as the right one does, and the format knows no more.
    Beginning,
    /// It is the right one.
    Whole,
}

struct Entry {
    format: Arc<dyn LegacyHash>,
    prefixes: &'static [&'static str],
    decoy: String,
    /// Only ever set: who is asked changes once, not from sign-in to sign-in.
    is_in_use: AtomicBool,
}

impl Formats {
    /// None of them is in use.
    pub(in crate::password) fn new(formats: Vec<Arc<dyn LegacyHash>>) -> Self {
        Self(formats.into_iter().map(Entry::new).collect())
    }

    /// Returns an error for each format that contradicts itself, or is configured twice.
    pub(in crate::password) fn validate(&self) -> Vec<ConfigError> {
        let mut errors = Vec::new();
        for (at, entry) in self.0.iter().enumerate() {
            let format = entry.format.name();
            errors.extend(
                entry.inconsistency().map(|reason| ConfigError::LegacyHash { format, reason }),
            );
            if self.0[..at].iter().any(|other| other.format.name() == format) {
                let name = format.to_owned();
                errors.push(ConfigError::DuplicateName { setting: "legacy_hash", name });
            }
        }
        errors
    }

    /// What the stored texts of these formats begin with, each once.
    pub(in crate::password) fn prefixes(&self) -> Vec<&'static str> {
        let mut all: Vec<_> = self.0.iter().flat_map(|entry| entry.prefixes).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Takes into use every format that has this prefix.
    pub(in crate::password) fn found(&self, prefix: &str) {
        let readers = || self.0.iter().filter(|entry| entry.prefixes.contains(&prefix));
        let is_sole = readers().nth(1).is_none();
        for entry in readers() {
            let is_news = entry.take_into_use();
            if let Some(caution) = entry.format.caution().filter(|_| is_news && is_sole) {
                tracing::info!(prefix, "{caution}");
            }
        }
    }

    /// Whether a miss costs more than argon2id does.
    pub(in crate::password) fn is_any_in_use(&self) -> bool {
        self.0.iter().any(Entry::is_in_use)
    }

    /// Whether a format knows `stored` as made from `password`. Costs the same whatever `stored`
    /// is, and whether or not it is.
    pub(in crate::password) fn know(
        &self,
        password: &Password,
        stored: Option<&PasswordHash>,
    ) -> Knowledge {
        // What is no password opens nothing, whatever an app's own format makes of it.
        let stored = stored.filter(|hash| hash.is_usable()).map(PasswordHash::expose);
        let (mut is_known, mut is_whole) = (false, false);
        for entry in &self.0 {
            let own = stored.filter(|text| entry.fits(text));
            if own.is_some() {
                entry.take_into_use();
            } else if !entry.is_in_use() {
                continue;
            }
            for reading in password.readings() {
                // `|` and `&`: whether it matched decides nothing about what else is computed.
                let is_match = entry.verify(reading, own.unwrap_or(&entry.decoy));
                is_known |= is_match & own.is_some();
                is_whole |= is_match & own.is_some() & entry.counts_all_of(reading);
            }
        }
        match (is_known, is_whole) {
            (false, _) => Knowledge::None,
            (true, false) => Knowledge::Beginning,
            (true, true) => Knowledge::Whole,
        }
    }
}

impl Entry {
    fn new(format: Arc<dyn LegacyHash>) -> Self {
        let about = guarded(&[], || (format.prefixes(), format.decoy()));
        let (prefixes, decoy) = about.unwrap_or_default();
        Self { format, prefixes, decoy, is_in_use: AtomicBool::new(false) }
    }

    fn inconsistency(&self) -> Option<InvalidLegacyHash> {
        const OURS: &str = "$argon2id$";
        let is_reserved = |prefix: &&str| {
            prefix.is_empty() || OURS.starts_with(prefix) || prefix.starts_with(OURS)
        };
        if self.prefixes.is_empty() {
            Some(InvalidLegacyHash::NoPrefix)
        } else if self.prefixes.iter().any(is_reserved) {
            Some(InvalidLegacyHash::ReservedPrefix)
        } else if !self.fits(&self.decoy) {
            Some(InvalidLegacyHash::Decoy)
        } else {
            None
        }
    }

    fn fits(&self, stored: &str) -> bool {
        self.prefixes.iter().any(|prefix| stored.starts_with(prefix))
    }

    fn counts_all_of(&self, reading: &str) -> bool {
        self.format.max_bytes().is_none_or(|max| reading.len() <= max)
    }

    fn is_in_use(&self) -> bool {
        self.is_in_use.load(Ordering::Relaxed)
    }

    /// Answers whether it was not before.
    fn take_into_use(&self) -> bool {
        let is_news = !self.is_in_use.swap(true, Ordering::Relaxed);
        if is_news {
            let format = self.format.name();
            tracing::info!(
                format, prefixes = ?self.prefixes,
                "hashes of another system are in use, and are read as this format"
            );
        }
        is_news
    }

    fn verify(&self, reading: &str, stored: &str) -> bool {
        guarded(self.prefixes, || self.format.verify(reading.as_bytes(), stored)).unwrap_or(false)
    }
}

/// Calls an app's code. The payload of its panic stays out of the log: it may have a password in it.
fn guarded<T>(prefixes: &[&str], call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call))
        .inspect_err(|_| tracing::error!(?prefixes, "a format of legacy hashes panicked"))
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
