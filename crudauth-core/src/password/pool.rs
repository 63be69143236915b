//! The hashing pool: a few workers behind a bounded queue.
//!
//! Argon2id is expensive by design. Without bounds, a burst of sign-ins takes all cores from every
//! other request, and 19 MiB each. Legacy hashes are verified by the same workers. Called by every
//! flow that takes a password.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use argon2::Params;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::argon::{self, Stored};
use super::legacy::{Formats, LegacyMatch};
use super::memory::Memory;
use super::shares::{Places, Shares};
use super::{HashingConfig, LegacyHash, Password, PasswordHash};
use crate::config_error::ConfigError;
use crate::model::CounterName;

/// The number of parties that fill the queue together.
const PARTIES: usize = 4;

/// Hashes and verifies passwords. Clones share the workers, the queue and the memory.
#[derive(Clone)]
pub struct HashingPool(Arc<Shared>);

struct Shared {
    /// One permit per caller in the pool, queued or working.
    queue: Arc<Semaphore>,
    /// One permit per hash in progress.
    workers: Arc<Semaphore>,
    queue_timeout: Duration,
    capacity: usize,
    shares: Shares,
    params: Params,
    memory: Memory,
    /// Compared with a password if there is no usable hash. Always `Some`: a PHC string has room
    /// for 16 bytes of salt and 32 of output.
    decoy: Option<Stored>,
    legacy: Formats,
}

/// Result of comparing a password with a stored hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "a wrong password must be rejected"]
pub enum Verdict {
    /// The password is wrong, or there is no usable hash.
    Wrong,
    /// The password is right.
    Right,
    /// The password is right, but its hash has another cost than the configured one, or is of
    /// another system. Hash the password again now.
    RightOutdated,
}

/// The hashing pool is full, or a caller waited too long for a worker.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("too many password checks; try again in {}s", .retry_after.as_secs())]
#[non_exhaustive]
pub struct Busy {
    /// How long to wait before the next attempt: about the time that a full queue takes.
    pub retry_after: Duration,
}

impl Busy {
    pub(super) const NOW: Self = Self { retry_after: Duration::from_secs(2) };
}

impl HashingPool {
    /// Creates a pool. It starts no thread, and allocates memory on first use.
    ///
    /// Validate `config` first. An invalid cost is replaced by the default one, and zero workers by
    /// one. None of the `formats` is in use yet, see [`enable_prefix`](Self::enable_prefix).
    #[must_use]
    pub fn new(config: HashingConfig, formats: Vec<Arc<dyn LegacyHash>>) -> Self {
        Self::with_params(config.params(), &config, formats)
    }

    fn with_params(
        params: Params,
        config: &HashingConfig,
        formats: Vec<Arc<dyn LegacyHash>>,
    ) -> Self {
        Self(Arc::new(Shared {
            queue: Arc::new(Semaphore::new(config.capacity())),
            workers: Arc::new(Semaphore::new(config.concurrency())),
            queue_timeout: config.queue_timeout,
            capacity: config.capacity(),
            shares: Shares::default(),
            memory: Memory::new(params.block_count(), config.wipe_memory),
            decoy: Stored::decoy(&params),
            params,
            legacy: Formats::new(formats),
        }))
    }

    /// Returns an error for each legacy format that contradicts itself, or is configured twice.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        self.0.legacy.validate()
    }

    /// Returns the distinct prefixes of the configured legacy formats. Pass those that the account
    /// table contains to [`enable_prefix`](Self::enable_prefix).
    #[must_use]
    pub fn legacy_prefixes(&self) -> Vec<&'static str> {
        self.0.legacy.prefixes()
    }

    /// Enables the legacy formats with that prefix. From then on, every failed verification costs
    /// one check of each.
    ///
    /// Until then the format is skipped. It is enabled on the first hash of it, but that sign-in
    /// then takes longer than one for an unknown name. Enable it at start-up to hide the
    /// difference.
    pub fn enable_prefix(&self, prefix: &str) {
        self.0.legacy.enable_prefix(prefix);
    }

    /// Hashes a password with a new salt and the configured cost.
    ///
    /// # Errors
    /// [`Busy`] if the queue is full, or no worker became free within the queue timeout.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash, Busy> {
        let password = password.clone();
        let hashed =
            self.run(move |pool| argon::hash(&password, &pool.params, &pool.memory)).await?;
        hashed.ok_or(Busy::NOW)
    }

    /// Takes a place of the queue for each of these parties, such as an account and a client network.
    /// No party holds more than a quarter of the places.
    ///
    /// # Errors
    /// [`Busy`] if one of them has its share.
    pub(crate) fn reserve(&self, parties: &[CounterName]) -> Result<Places, Busy> {
        self.0.shares.take(parties, self.0.capacity.div_ceil(PARTIES))
    }

    /// Compares a password with the stored hash of an account.
    ///
    /// `None`, an unusable hash and a malformed hash give [`Verdict::Wrong`] at the cost of a real
    /// one, or response times would reveal which accounts exist and have a password. A right
    /// password for a hash of a configured legacy format gives [`Verdict::RightOutdated`].
    ///
    /// # Errors
    /// [`Busy`] if the queue is full, or no worker became free within the queue timeout.
    pub async fn verify(
        &self,
        password: &Password,
        stored: Option<&PasswordHash>,
    ) -> Result<Verdict, Busy> {
        let password = password.clone();
        let stored = stored.cloned();
        self.run(move |pool| pool.compare(&password, stored.as_ref())).await
    }

    /// Makes a sign-in that fails despite its right password take as long as a wrong password.
    ///
    /// A wrong password also costs one check of each legacy format in use; a match of argon2id
    /// skips them. This spends those checks, if `stored` is argon2 and any format is in use.
    ///
    /// # Errors
    /// [`Busy`] if the queue is full, or no worker became free within the queue timeout.
    pub(crate) async fn equalize_timing(
        &self,
        password: &Password,
        stored: &PasswordHash,
    ) -> Result<(), Busy> {
        let is_argon = Stored::parse(stored.expose()).is_some();
        if !is_argon || !self.0.legacy.is_any_in_use() {
            return Ok(()); // A legacy match has checked all formats already.
        }
        let password = password.clone();
        self.run(move |pool| pool.legacy.verify(&password, None)).await.map(drop)
    }

    /// Runs `work` on a blocking thread, once a worker is free.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let permits = self.acquire().await?;
        let pool = Arc::clone(&self.0);
        let task = spawn_blocking(move || {
            // The blocking task holds the permits, not the future: a caller may disconnect, but the
            // core stays busy until the hash is done.
            let _permits = permits;
            work(&pool)
        });
        task.await.map_err(|error| {
            tracing::error!(%error, "password hashing task failed");
            Busy::NOW
        })
    }

    /// Waits for a place in the queue and for a worker.
    async fn acquire(&self) -> Result<(OwnedSemaphorePermit, OwnedSemaphorePermit), Busy> {
        let Self(pool) = self;
        let queued = Arc::clone(&pool.queue).try_acquire_owned().map_err(|_| {
            tracing::debug!("password check rejected: queue is full");
            Busy::NOW
        })?;
        let worker = timeout(pool.queue_timeout, Arc::clone(&pool.workers).acquire_owned()).await;
        let Ok(Ok(worker)) = worker else {
            tracing::debug!(waited = ?pool.queue_timeout, "password check rejected: queue timeout");
            return Err(Busy::NOW);
        };
        Ok((queued, worker))
    }
}

impl Shared {
    fn compare(&self, password: &Password, stored: Option<&PasswordHash>) -> Verdict {
        let verdict = self.compare_argon(password, stored);
        if verdict != Verdict::Wrong {
            return verdict;
        }
        match self.legacy.verify(password, stored) {
            LegacyMatch::No => Verdict::Wrong,
            LegacyMatch::Prefix => Verdict::Right,
            LegacyMatch::Full => Verdict::RightOutdated,
        }
    }

    fn compare_argon(&self, password: &Password, stored: Option<&PasswordHash>) -> Verdict {
        // An unusable hash does not parse.
        let Some(stored) = stored.and_then(|hash| Stored::parse(hash.expose())) else {
            if let Some(decoy) = &self.decoy {
                let _ = decoy.matches(password.expose().as_bytes(), &self.memory);
            }
            return Verdict::Wrong;
        };
        if !stored.matches(password.expose().as_bytes(), &self.memory) {
            Verdict::Wrong
        } else if stored.is_outdated(&self.params) {
            Verdict::RightOutdated
        } else {
            Verdict::Right
        }
    }
}

impl fmt::Debug for HashingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashingPool")
            .field("free_places", &self.0.queue.available_permits())
            .field("free_workers", &self.0.workers.available_permits())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
impl HashingPool {
    /// Creates a pool for tests; its hashes take no noticeable time.
    pub(crate) fn fast() -> Self {
        Self::fast_with(&HashingConfig::default())
    }

    pub(crate) fn fast_with(config: &HashingConfig) -> Self {
        Self::fast_with_formats(config, Vec::new())
    }

    /// A pool of another cost, whose hashes are outdated for [`fast`](Self::fast).
    pub(crate) fn outdated() -> Self {
        let params = Params::new(32, 1, 1, None).unwrap();
        Self::with_params(params, &HashingConfig::default(), Vec::new())
    }

    /// Takes every place of the queue, until the returned value is dropped.
    pub(crate) fn fill(&self) -> OwnedSemaphorePermit {
        let places = u32::try_from(self.0.queue.available_permits()).unwrap();
        Arc::clone(&self.0.queue).try_acquire_many_owned(places).unwrap()
    }

    pub(crate) fn fast_with_formats(
        config: &HashingConfig,
        formats: Vec<Arc<dyn LegacyHash>>,
    ) -> Self {
        let params = Params::new(64, 1, 1, None).unwrap();
        Self::with_params(params, config, formats)
    }
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "pool_legacy_tests.rs"]
mod legacy_tests;
