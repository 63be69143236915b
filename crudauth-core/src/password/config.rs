//! Settings of password hashing: the cost of one hash, and the size of the pool.

use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Duration;

use argon2::Params;
use tokio::sync::Semaphore;

use crate::config_error::ConfigError;

/// Pairs of memory (KiB) and passes that OWASP treats as equally strong with one lane. A
/// configuration must reach one of them (Password Storage Cheat Sheet, "Argon2id").
const OWASP_MINIMUM: [(u32, u32); 5] =
    [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];

/// Maximum memory of a new hash, in KiB.
const MAX_MEMORY_KIB: u32 = 262_144;
/// Maximum passes of a new hash.
const MAX_PASSES: u32 = 16;

/// A core computes about 45 hashes a second, so the last caller of a full queue waits less than
/// two seconds.
const QUEUED_PER_CORE: usize = 64;

crate::settings! {
    /// Settings of argon2id, the hash of passwords, and of the pool that computes it.
    ///
    /// The pool uses, and keeps, at most `max_concurrent` times `memory_kib` of memory. The number
    /// of lanes is 1, since a hash is computed on one thread.
    #[derive(Clone, Debug)]
    pub struct HashingConfig {
        /// Memory of one hash in KiB (default 19,456; at most 262,144). With `passes` it must reach
        /// OWASP's minimum: 19,456 KiB with 2 passes, 47,104 KiB with 1, or 7,168 KiB with 5.
        memory_kib: u32 = Params::DEFAULT_M_COST,
        /// Number of passes over the memory (default 2, at most 16).
        passes: u32 = Params::DEFAULT_T_COST,
        /// Number of hashes computed at the same time (default: the cores available to the process;
        /// at least 1). More than one a core only slows each of them down.
        max_concurrent: usize = cores(),
        /// Number of hashes that wait for their turn (default 64 a core). A further one fails at
        /// once with [`Busy`](super::Busy).
        max_queued: usize = cores().saturating_mul(QUEUED_PER_CORE),
        /// Longest wait of a hash, after which it fails with [`Busy`](super::Busy) (default 10
        /// seconds).
        queue_timeout: Duration = Duration::from_secs(10),
        /// Wipes the memory of a hash after its use (default `true`, for about 6 % of the time of a
        /// sign-in).
        ///
        /// The memory is kept for the next hash. To someone who reads it, in a core dump, a swapped
        /// page or through another flaw, it is worth more than the stored hash: the passes can be
        /// undone to the first blocks, and a guess checked against those costs one BLAKE2b instead
        /// of an argon2id. Without the wipe, the last passwords that were checked can be guessed
        /// that fast.
        wipe_memory: bool = true,
    }
    private {
        /// Allows costs below the minimum.
        is_for_tests: bool = false,
    }
}

fn cores() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}

impl HashingConfig {
    /// A cost for tests: fast, and without protection. In a build without `debug_assertions` it is
    /// the default, so that no program ships with it by mistake.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn cheap() -> Self {
        if cfg!(debug_assertions) {
            Self { is_for_tests: true, memory_kib: 64, passes: 1, ..Self::default() }
        } else {
            Self::default()
        }
    }

    /// Returns an error for a cost that is too low, for one so high that stored hashes could not be
    /// read back, and for a pool that computes nothing.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let memory_bounds = 0..=u64::from(MAX_MEMORY_KIB);
        let passes_bounds = 0..=u64::from(MAX_PASSES);
        ConfigError::found([
            ConfigError::at_least_one("hashing.max_concurrent", self.max_concurrent),
            self.weak_hashing(),
            ConfigError::number("hashing.memory_kib", self.memory_kib, memory_bounds),
            ConfigError::number("hashing.passes", self.passes, passes_bounds),
        ])
    }

    fn weak_hashing(&self) -> Option<ConfigError> {
        let Self { memory_kib, passes, .. } = *self;
        let is_strong = OWASP_MINIMUM.iter().any(|&(least_memory, least_passes)| {
            memory_kib >= least_memory && passes >= least_passes
        });
        if self.is_for_tests || is_strong {
            return None;
        }
        Some(ConfigError::Requires {
            setting: "hashing",
            value: format!("{memory_kib} KiB with {passes} passes"),
            requirement: "at least 19456 KiB with 2 passes, or 47104 KiB with 1",
        })
    }

    /// Returns argon2's parameters, or the default ones if the configured cost is rejected.
    pub(super) fn params(&self) -> Params {
        if !self.validate().is_empty() {
            return Params::default();
        }
        Params::new(self.memory_kib, self.passes, Params::DEFAULT_P_COST, None).unwrap_or_default()
    }

    /// Number of hashes computed at the same time, at least 1.
    pub(super) fn concurrency(&self) -> usize {
        self.max_concurrent.clamp(1, Semaphore::MAX_PERMITS)
    }

    /// Number of hashes that are computed or wait.
    pub(super) fn capacity(&self) -> usize {
        self.concurrency().saturating_add(self.max_queued).min(Semaphore::MAX_PERMITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_and_every_minimum_of_owasp_are_valid() {
        assert_eq!(HashingConfig::default().validate(), []);
        for (memory_kib, passes) in OWASP_MINIMUM {
            let config = HashingConfig::default().memory_kib(memory_kib).passes(passes);
            assert_eq!(config.validate(), []);
        }
    }

    #[test]
    fn the_default_queue_has_64_places_per_core() {
        let cores = available_parallelism().map_or(1, NonZero::get);
        assert!(HashingConfig::default().capacity() >= 64 * cores);
    }

    #[cfg(feature = "testing")]
    #[test]
    fn the_cost_for_tests_is_cheap_in_a_debug_build_only() {
        let config = HashingConfig::cheap();
        assert_eq!(config.validate(), []);
        let expected = if cfg!(debug_assertions) { 64 } else { Params::DEFAULT_M_COST };
        assert_eq!(config.params().m_cost(), expected);
        let impossible = config.memory_kib(0).passes(0);
        assert_eq!(impossible.params(), Params::DEFAULT, "argon2 has a minimum of its own");
    }

    #[test]
    fn a_rejected_cost_is_never_used() {
        let default = HashingConfig::default;
        for config in [
            default().memory_kib(19_455),
            default().passes(1),
            default().memory_kib(47_103).passes(1),
            default().memory_kib(7_167).passes(16),
            default().memory_kib(MAX_MEMORY_KIB + 1),
            default().passes(17),
            default().memory_kib(0).passes(0),
        ] {
            assert_eq!(config.validate().len(), 1, "{config:?}");
            assert_eq!(config.params(), Params::DEFAULT);
        }
    }

    #[test]
    fn a_pool_without_workers_is_rejected_and_gets_one() {
        let none = HashingConfig::default().max_concurrent(0).max_queued(usize::MAX);
        let setting = "hashing.max_concurrent";
        assert_eq!(none.validate(), [ConfigError::NumberOutOfRange { setting, min: 1, max: None }]);
        assert_eq!(none.concurrency(), 1);
        assert_eq!(none.capacity(), Semaphore::MAX_PERMITS);
    }
}
