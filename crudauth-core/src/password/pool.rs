//! The one place where passwords are hashed: a few seats, a bounded line before them.
//!
//! Argon2id is meant to be expensive, so without bounds a burst of logins takes all cores from every
//! other request and 19 MiB each. Hashes of other systems are read in the same seats. Called by every flow that takes a password.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use argon2::Params;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::argon::{self, Stored};
use super::legacy::{Formats, Knowledge};
use super::memory::Memory;
use super::{HashingConfig, LegacyHash, Password, PasswordHash};
use crate::config_error::ConfigError;
use crate::ports::Entropy;

/// Hashes and verifies passwords; clones share the seats, the line and the memory.
#[derive(Clone)]
pub struct HashingPool(Arc<Shared>);

struct Shared {
    /// One permit per caller in the pool, seated or waiting.
    line: Arc<Semaphore>,
    /// One permit per hash that is being computed.
    seats: Arc<Semaphore>,
    patience: Duration,
    params: Params,
    memory: Memory,
    /// What a password is compared with where there is nothing to compare it with. There is one:
    /// `None` would need a PHC string to have no room for 16 bytes of salt and 32 of output.
    decoy: Option<Stored>,
    legacy: Formats,
    entropy: Arc<dyn Entropy>,
}

/// What comparing a password with a stored hash told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "whoever does not look at it lets everybody in"]
pub enum Verdict {
    /// It is another password, or there is no usable hash.
    Wrong,
    /// It is the password.
    Right,
    /// It is the password, and its hash was made with another cost than the configured one, or by
    /// another system: hash it again while it is at hand.
    RightOutdated,
}

/// There are more passwords to hash than can be hashed in time.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("too many passwords to check at the moment; try again in {}s", .retry_after.as_secs())]
#[non_exhaustive]
pub struct Busy {
    /// When to try again: about the time that a full line takes to be served.
    pub retry_after: Duration,
}

impl Busy {
    const NOW: Self = Self { retry_after: Duration::from_secs(2) };
}

impl HashingPool {
    /// A pool; it starts no thread, computes nothing, and allocates its memory when first used.
    ///
    /// Whether `config` may be used is told by [`HashingConfig::validate`]. Where that was not asked,
    /// a refused cost is replaced by the default one, and no seats by one. Of the `formats`, none is
    /// in use yet: see [`found`](Self::found).
    #[must_use]
    pub fn new(
        config: HashingConfig,
        formats: Vec<Arc<dyn LegacyHash>>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self::with_params(config.params(), &config, formats, entropy)
    }

    fn with_params(
        params: Params,
        config: &HashingConfig,
        formats: Vec<Arc<dyn LegacyHash>>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self(Arc::new(Shared {
            line: Arc::new(Semaphore::new(config.capacity())),
            seats: Arc::new(Semaphore::new(config.concurrency())),
            patience: config.queue_timeout,
            memory: Memory::new(params.block_count()),
            decoy: Stored::decoy(&params, &*entropy),
            params,
            legacy: Formats::new(formats),
            entropy,
        }))
    }

    /// Returns an error for each configured legacy format that contradicts itself.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        self.0.legacy.validate()
    }

    /// What the hashes of the configured legacy formats begin with, each once: look whether the
    /// account table has any, and say so to [`found`](Self::found).
    #[must_use]
    pub fn legacy_prefixes(&self) -> Vec<&'static str> {
        self.0.legacy.prefixes()
    }

    /// Takes the legacy formats with that prefix into use: from now on every miss costs one check of
    /// each. Until then a format is asked by nobody, and is taken into use by itself when a hash of
    /// it is met; names that nobody has cost less than that one did, so it is better said at start.
    pub fn found(&self, prefix: &str) {
        self.0.legacy.found(prefix);
    }

    /// Hashes a password with a fresh salt and the configured cost.
    ///
    /// # Errors
    /// [`Busy`] if the line is full, or no seat became free within the configured patience.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash, Busy> {
        let password = password.clone();
        let hashed = self
            .seated(move |pool| argon::hash(&password, &pool.params, &*pool.entropy, &pool.memory))
            .await?;
        hashed.ok_or(Busy::NOW)
    }

    /// Compares a password with what an account's row holds.
    ///
    /// `None`, an unusable and a malformed hash are [`Verdict::Wrong`] at the cost of a real one, or
    /// the time of an answer would tell which accounts exist and have a password. A hash that another
    /// system made, of a configured format, is [`Verdict::RightOutdated`] for its password.
    ///
    /// # Errors
    /// [`Busy`] if the line is full, or no seat became free within the configured patience.
    pub async fn verify(
        &self,
        password: &Password,
        stored: Option<&PasswordHash>,
    ) -> Result<Verdict, Busy> {
        let (password, stored) = (password.clone(), stored.cloned());
        self.seated(move |pool| pool.compare(&password, stored.as_ref())).await
    }

    /// Spends what a miss costs and a match of argon2id does not, after the password of an account
    /// with `stored` was right and was refused all the same. Costs nothing where nothing is missing.
    ///
    /// # Errors
    /// [`Busy`] if the line is full, or no seat became free within the configured patience.
    pub(crate) async fn spend_like_a_miss(
        &self,
        password: &Password,
        stored: &PasswordHash,
    ) -> Result<(), Busy> {
        let is_argon = Stored::parse(stored.expose()).is_some();
        if !is_argon || !self.0.legacy.is_any_in_use() {
            return Ok(()); // a format was right, and all of them were asked then
        }
        let password = password.clone();
        self.seated(move |pool| pool.legacy.know(&password, None)).await.map(drop)
    }

    /// Runs `work` in a seat, off the runtime's own threads.
    async fn seated<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let held = self.seat().await?;
        let pool = Arc::clone(&self.0);
        let task = spawn_blocking(move || {
            // Here and not in the future: a caller who hangs up leaves, but the core is busy until
            // the hash is done, and its seat must not be given away before.
            let _held = held;
            work(&pool)
        });
        task.await.map_err(|error| {
            tracing::error!(%error, "hashing a password ended early");
            Busy::NOW
        })
    }

    async fn seat(&self) -> Result<(OwnedSemaphorePermit, OwnedSemaphorePermit), Busy> {
        let Self(pool) = self;
        let place = Arc::clone(&pool.line).try_acquire_owned().map_err(|_| {
            tracing::debug!("password refused: the line is full");
            Busy::NOW
        })?;
        let seat = timeout(pool.patience, Arc::clone(&pool.seats).acquire_owned()).await;
        let Ok(Ok(seat)) = seat else {
            tracing::debug!(waited = ?pool.patience, "password refused: no seat became free");
            return Err(Busy::NOW);
        };
        Ok((place, seat))
    }
}

impl Shared {
    fn compare(&self, password: &Password, stored: Option<&PasswordHash>) -> Verdict {
        let verdict = self.compare_argon(password, stored);
        if verdict != Verdict::Wrong {
            return verdict;
        }
        match self.legacy.know(password, stored) {
            Knowledge::None => Verdict::Wrong,
            Knowledge::Beginning => Verdict::Right,
            Knowledge::Whole => Verdict::RightOutdated,
        }
    }

    fn compare_argon(&self, password: &Password, stored: Option<&PasswordHash>) -> Verdict {
        // No unusable one parses.
        let Some(stored) = stored.and_then(|hash| Stored::parse(hash.expose())) else {
            if let Some(decoy) = &self.decoy {
                let _ = decoy.is_of(password, &self.memory);
            }
            return Verdict::Wrong;
        };
        match stored.is_of(password, &self.memory) {
            false => Verdict::Wrong,
            true if stored.is_outdated(&self.params) => Verdict::RightOutdated,
            true => Verdict::Right,
        }
    }
}

impl fmt::Debug for HashingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashingPool")
            .field("free_places", &self.0.line.available_permits())
            .field("free_seats", &self.0.seats.available_permits())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
impl HashingPool {
    /// One whose hashes take no noticeable time, for the tests of whatever takes passwords.
    pub(crate) fn fast() -> Self {
        Self::fast_with(&HashingConfig::default())
    }

    pub(crate) fn fast_with(config: &HashingConfig) -> Self {
        Self::fast_reading(config, Vec::new())
    }

    fn fast_reading(config: &HashingConfig, formats: Vec<Arc<dyn LegacyHash>>) -> Self {
        let params = Params::new(64, 1, 1, None).unwrap();
        Self::with_params(params, config, formats, Arc::new(crate::ports::OsEntropy))
    }
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "pool_legacy_tests.rs"]
mod legacy_tests;
