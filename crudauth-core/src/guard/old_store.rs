//! Counters: allowances, and the misses and locks of sign-in.
//!
//! Names are keyed digests, so that a table of them tells nobody who was counted.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::store::RateLimit;
use crate::model::Digest;
use crate::store_error::StoreError;

/// Keeps counters. Each verb is atomic, also across workers.
#[async_trait]
pub trait CounterStore: Send + Sync + 'static {
    /// Counts one use of an allowance, unless it is used up: then nothing changes.
    async fn count(
        &self,
        name: &Digest,
        allowance: RateLimit,
        now: DateTime<Utc>,
    ) -> Result<Counted, StoreError>;

    /// Where these counters stand; one that was never used stands open.
    async fn locks(&self, names: [&Digest; 3]) -> Result<Vec<(Digest, LockState)>, StoreError>;

    /// Counts one miss on each of `names`, in windows that start with their first miss; locks
    /// those that exceed the rule. Answers the latest end of a lock among `judged`, if any.
    async fn miss(
        &self,
        names: &[Digest],
        judged: &[Digest],
        rule: &LockRule,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError>;

    /// Locks those of `names` whose tries are used up, each lock twice as long as the one before.
    /// Answers the latest end of a lock among them.
    async fn lock(
        &self,
        names: &[Digest],
        rule: &LockRule,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError>;

    /// Forgets misses, locks and rounds of `names`, and gives back what is to be given back: once,
    /// however many ask for it at the same time.
    async fn forgive(
        &self,
        names: &[Digest],
        given_back: Option<GivenBack<'_>>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Deletes at most `limit` counters that have run out, and tells how many.
    async fn purge_counters(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError>;
}

/// What a success gives back: the misses that `pair` counted, to `shared`, as far as they were
/// counted there in its present window. Locks of `shared` stay.
#[derive(Clone, Copy, Debug)]
pub struct GivenBack<'a> {
    /// The counter that others count on, too.
    pub shared: &'a Digest,
    /// The counter of what this one had a part in.
    pub pair: &'a Digest,
}

/// What became of a use of an allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It was counted.
    Allowed {
        /// How many are left now.
        remaining: u32,
    },
    /// None was left.
    UsedUp {
        /// How long until one is.
        retry_after: Duration,
    },
}

/// When tries are used up, and for how long they are then locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockRule {
    /// How many misses are free.
    pub free: u32,
    /// In what time, from the first one on.
    pub window: Duration,
    /// The first lock.
    pub first: Duration,
    /// The longest lock.
    pub longest: Duration,
    /// How long after a lock its round is remembered.
    pub memory: Duration,
}

impl LockRule {
    /// For what no counter guards.
    pub(crate) const NONE: Self = Self {
        free: u32::MAX,
        window: Duration::ZERO,
        first: Duration::ZERO,
        longest: Duration::ZERO,
        memory: Duration::ZERO,
    };
}

/// Where a counter of misses stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockState {
    /// Misses in its window.
    pub misses: u32,
    /// When the window ends.
    pub window_ends_at: DateTime<Utc>,
    /// Until when it is locked; in the past if it is not.
    pub locked_until: DateTime<Utc>,
}

impl LockState {
    /// Whether the next try is one too many.
    #[must_use]
    pub fn is_used_up(&self, rule: &LockRule, now: DateTime<Utc>) -> bool {
        self.misses >= rule.free && self.window_ends_at > now
    }

    /// Until when it is locked, if it is.
    #[must_use]
    pub fn lock(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (self.locked_until > now).then_some(self.locked_until)
    }
}
