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

    /// Returns `false` if guesses at the same time have used the counter up: then a right guess is
    /// not told.
    pub(crate) async fn is_admitted(
        &self,
        guess: &Guess,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        // The guess that would lock may still be right.
        let rule = LockRule { max_failures: guess.rule.max_failures + 1, ..guess.rule };
        let checked = vec![(guess.counter, rule)];
        self.counters.admit(&AttemptCounters { checked, ..Default::default() }, now).await
    }

    /// Forgets wrong guesses.
    pub(crate) async fn clear_guesses(&self, guess: &Guess) -> Result<(), StoreError> {
        self.counters.clear(&[guess.counter]).await
    }
}

impl Guess {
    /// The counter, as a holder of places in a queue.
    pub(crate) fn counter(&self) -> CounterName {
        self.counter
    }
}
