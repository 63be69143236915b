//! Guesses of a secret by somebody who is signed in already, counted apart from sign-in.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Lockout;
use super::lockout::remaining;
use super::store::{AttemptCounters, LockRule};
use crate::model::CounterName;
use crate::store_error::StoreError;

/// The counter of such guesses.
pub(crate) struct Guess {
    counter: CounterName,
    rule: LockRule,
}

impl Lockout {
    /// The counter of the guesses of this kind that `parts` name.
    pub(crate) fn guess(&self, kind: &str, parts: &[impl AsRef<str>], rule: LockRule) -> Guess {
        let parts: Vec<_> = parts.iter().map(AsRef::as_ref).collect();
        Guess { counter: self.name(kind, &parts), rule }
    }

    /// Returns how long guesses are locked.
    pub(crate) async fn guess_lock(
        &self,
        guess: &Guess,
        now: DateTime<Utc>,
    ) -> Result<Option<Duration>, StoreError> {
        Ok(self.counters.locked_until(&[guess.counter], now).await?.map(|end| remaining(end, now)))
    }

    /// Records a wrong guess. Returns how long guesses are locked then.
    pub(crate) async fn record_guess(
        &self,
        guess: &Guess,
        now: DateTime<Utc>,
    ) -> Result<Option<Duration>, StoreError> {
        let ends = self.counters.record_failure(&[(guess.counter, guess.rule)], now).await?;
        Ok(ends.into_iter().flatten().next().map(|end| remaining(end, now)))
    }

    /// Admits a right guess and clears the counter, unless guesses at the same time used it up.
    pub(crate) async fn admit_guess(
        &self,
        guess: &Guess,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let attempt = AttemptCounters {
            // The guess that would lock may still be right.
            checked: vec![(
                guess.counter,
                LockRule { max_failures: guess.rule.max_failures + 1, ..guess.rule },
            )],
            cleared: vec![guess.counter],
            refunds: Vec::new(),
        };
        self.counters.admit(&attempt, now).await
    }
}
