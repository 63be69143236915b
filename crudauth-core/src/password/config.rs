//! What hashing a password costs, and how much of that is done at once.

use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Duration;

use argon2::Params;
use tokio::sync::Semaphore;

use super::argon::{MAX_MEMORY_KIB, MAX_PASSES};

/// Pairs of memory (KiB) and passes that OWASP holds equal, at one lane; a configuration must reach
/// one of them (Password Storage Cheat Sheet, "Argon2id").
const OWASP_MINIMUM: [(u32, u32); 5] =
    [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];

/// Places in the line per seat: a core does about 45 hashes a second, so the last in a full line
/// is served within two.
const PLACES_PER_SEAT: usize = 64;

/// The cost of one hash and the number of hashes at once.
///
/// The default is argon2id with 19 MiB, two passes and one lane; a seat per core, 64 callers in
/// line per core, and 10 s of patience. At most `seats` times `memory_kib` are used, and kept.
#[derive(Clone, Debug)]
pub struct HashingConfig {
    memory_kib: u32,
    passes: u32,
    max_concurrent: usize,
    max_queued: usize,
    queue_timeout: Duration,
    /// May be cheaper than anything that is safe.
    is_for_tests: bool,
}

impl Default for HashingConfig {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, NonZero::get);
        Self {
            memory_kib: Params::DEFAULT_M_COST,
            passes: Params::DEFAULT_T_COST,
            max_concurrent: cores,
            max_queued: cores.saturating_mul(PLACES_PER_SEAT),
            queue_timeout: Duration::from_secs(10),
            is_for_tests: false,
        }
    }
}

impl HashingConfig {
    /// A cost that no test waits for, and that is no protection. Without `debug_assertions` it is
    /// the default, so that no program hashes so by mistake.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn cheap() -> Self {
        if cfg!(debug_assertions) {
            Self { is_for_tests: true, ..Self::default() }.memory_kib(64).passes(1)
        } else {
            Self::default()
        }
    }

    /// The memory that one hash fills, in KiB (default 19,456; at most 262,144).
    #[must_use]
    pub const fn memory_kib(mut self, memory_kib: u32) -> Self {
        self.memory_kib = memory_kib;
        self
    }

    /// How often the memory is passed over (default 2, at most 16).
    #[must_use]
    pub const fn passes(mut self, passes: u32) -> Self {
        self.passes = passes;
        self
    }

    /// How many hashes are computed at once (default: the cores that the process may use). More
    /// than cores only makes each of them slower.
    #[must_use]
    pub const fn max_concurrent(mut self, max_concurrent: usize) -> Self {
        self.max_concurrent = max_concurrent;
        self
    }

    /// How many callers may wait for a seat (default 64 per core); the next is [`Busy`] at once.
    ///
    /// [`Busy`]: super::Busy
    #[must_use]
    pub const fn max_queued(mut self, max_queued: usize) -> Self {
        self.max_queued = max_queued;
        self
    }

    /// How long a caller waits for a seat before it is [`Busy`] (default 10 s).
    ///
    /// [`Busy`]: super::Busy
    #[must_use]
    pub const fn queue_timeout(mut self, queue_timeout: Duration) -> Self {
        self.queue_timeout = queue_timeout;
        self
    }

    /// What is wrong with it: it would hash weakly, not at all, or so expensively that the hash could
    /// not be read back.
    #[must_use]
    pub fn mistakes(&self) -> Vec<HashingConfigError> {
        let Self { memory_kib, passes, max_concurrent, .. } = *self;
        let is_cheap = !self.is_for_tests
            && !OWASP_MINIMUM.iter().any(|&(m, t)| memory_kib >= m && passes >= t);
        let is_expensive = memory_kib > MAX_MEMORY_KIB || passes > MAX_PASSES;
        let judged = [
            (max_concurrent == 0, HashingConfigError::NoSeats),
            (is_cheap, HashingConfigError::TooCheap { memory_kib, passes }),
            (is_expensive, HashingConfigError::TooExpensive { memory_kib, passes }),
        ];
        judged.into_iter().filter_map(|(is_one, mistake)| is_one.then_some(mistake)).collect()
    }

    /// Argon2's parameters: the default's instead of ones that [`mistakes`](Self::mistakes) refuses.
    pub(super) fn params(&self) -> Params {
        let is_right = self.mistakes().is_empty();
        let params =
            || Params::new(self.memory_kib, self.passes, Params::DEFAULT_P_COST, None).ok();
        is_right.then(params).flatten().unwrap_or_default()
    }

    pub(super) fn seat_count(&self) -> usize {
        self.max_concurrent.clamp(1, Semaphore::MAX_PERMITS)
    }

    /// Everyone in the pool, whether waiting or seated.
    pub(super) fn place_count(&self) -> usize {
        self.seat_count().saturating_add(self.max_queued).min(Semaphore::MAX_PERMITS)
    }

    pub(super) const fn longest_wait(&self) -> Duration {
        self.queue_timeout
    }
}

/// A [`HashingConfig`] that must not be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HashingConfigError {
    /// Nothing could ever be hashed.
    #[error("password hashing needs at least one seat")]
    NoSeats,
    /// Below what OWASP asks of argon2id.
    #[error(
        "hashing with {memory_kib} KiB and {passes} passes is too cheap: use at least 19456 KiB \
         with 2 passes, or 47104 KiB with 1"
    )]
    TooCheap {
        /// The memory asked for, in KiB.
        memory_kib: u32,
        /// The passes asked for.
        passes: u32,
    },
    /// Above what a stored hash may ask for, so that it would be taken for a damaged one.
    #[error(
        "hashing with {memory_kib} KiB and {passes} passes is too expensive: use at most \
         {MAX_MEMORY_KIB} KiB and {MAX_PASSES} passes"
    )]
    TooExpensive {
        /// The memory asked for, in KiB.
        memory_kib: u32,
        /// The passes asked for.
        passes: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_and_every_pair_of_owasps_may_be_used() {
        assert_eq!(HashingConfig::default().mistakes(), []);
        for (memory_kib, passes) in OWASP_MINIMUM {
            let config = HashingConfig::default().memory_kib(memory_kib).passes(passes);
            assert_eq!(config.mistakes(), []);
        }
    }

    #[test]
    fn two_cores_take_64_logins_at_once() {
        let cores = available_parallelism().map_or(1, NonZero::get);
        assert!(HashingConfig::default().place_count() >= 64 * cores);
    }

    #[cfg(feature = "testing")]
    #[test]
    fn a_cost_for_tests_is_cheap_in_a_debug_build_only() {
        let config = HashingConfig::cheap();
        assert_eq!(config.mistakes(), []);
        let expected = if cfg!(debug_assertions) { 64 } else { Params::DEFAULT_M_COST };
        assert_eq!(config.params().m_cost(), expected);
        let impossible = config.memory_kib(0).passes(0);
        assert_eq!(impossible.params(), Params::DEFAULT, "argon2 has its own least");
    }

    #[test]
    fn what_is_weak_or_impossible_is_refused_and_never_used() {
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
            assert!(!config.mistakes().is_empty(), "{config:?}");
            assert_eq!(config.params(), Params::DEFAULT);
        }
        let none = default().max_concurrent(0).max_queued(usize::MAX);
        assert_eq!(none.mistakes(), [HashingConfigError::NoSeats]);
        assert_eq!((none.seat_count(), none.place_count()), (1, Semaphore::MAX_PERMITS));
    }
}
