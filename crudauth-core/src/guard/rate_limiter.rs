//! Counts uses against rate limits, by client network, account or target of a message.

use std::sync::Arc;
use std::time::Duration;

use super::store::{CounterStore, RateLimit, RateLimitOutcome};
use super::{Action, RateLimits};
use crate::clock::Clock;
use crate::model::{ClientAddress, CounterName, KeyRing, Keys};
use crate::store_error::StoreError;

/// Counts uses of rate-limited actions. If the store of counters fails, so does the request.
#[derive(Clone)]
pub struct RateLimiter {
    counters: Arc<dyn CounterStore>,
    keys: KeyRing,
    clock: Arc<dyn Clock>,
    limits: RateLimits,
}

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// The client's network: an IPv4 address, or the /64 of an IPv6 address. Clients without an
    /// address share one counter.
    Client(Option<ClientAddress>),
    /// The account that is counted under this text: [`Account::counter_key`](crate::model::Account::counter_key).
    Account(&'a str),
    /// The address or number that a message would go to.
    Target(&'a str),
}

/// State of a rate limit after one use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Number of uses that the limit allows; 0 if it is off.
    pub limit: u32,
    /// Whether this use was allowed.
    pub outcome: RateLimitOutcome,
}

impl RateLimiter {
    /// Creates a limiter over a store.
    #[must_use]
    pub fn new(
        counters: Arc<dyn CounterStore>,
        keys: KeyRing,
        clock: Arc<dyn Clock>,
        limits: RateLimits,
    ) -> Self {
        Self { counters, keys, clock, limits }
    }

    /// The same limits, counted in another store.
    pub(crate) fn counting_in(&self, counters: Arc<dyn CounterStore>) -> Self {
        Self { counters, ..self.clone() }
    }

    /// Counts one use of `action` by `subject`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn hit(&self, action: Action, subject: Subject<'_>) -> Result<Allowed, StoreError> {
        self.count(action.counter, self.limits.of(action), subject).await
    }

    /// Counts one use under this limit, which no setting changes.
    pub(crate) async fn count(
        &self,
        counter: &str,
        limit: RateLimit,
        subject: Subject<'_>,
    ) -> Result<Allowed, StoreError> {
        if limit.limit == 0 {
            let outcome = RateLimitOutcome::Allowed { remaining: 0 };
            return Ok(Allowed { limit: 0, outcome });
        }
        let name = name(self.keys.current(), counter, subject);
        let outcome = self.counters.hit(&name, limit, self.clock.now()).await?;
        Ok(Allowed { limit: limit.limit, outcome })
    }

    /// Returns `true` for the first use of a value within `window`.
    ///
    /// The keys are those that made the value: it has the same counter after a change of the secret.
    pub(crate) async fn is_first_use(
        &self,
        keys: &Keys,
        (counter, value): (&str, &str),
        window: Duration,
    ) -> Result<bool, StoreError> {
        let name = name(keys, counter, Subject::Target(value));
        let once = RateLimit::new(1, window);
        let outcome = self.counters.hit(&name, once, self.clock.now()).await?;
        Ok(matches!(outcome, RateLimitOutcome::Allowed { .. }))
    }

    /// As [`allows`](Self::allows), in a window of at most `longest`.
    pub(crate) async fn allows_within(
        &self,
        action: Action,
        subject: Subject<'_>,
        longest: Duration,
    ) -> bool {
        let limit = self.limits.of(action);
        let limit = RateLimit { window: limit.window.min(longest), ..limit };
        is_allowed(action, self.count(action.counter, limit, subject).await)
    }

    /// Allows one use in `window` that another limit refuses, whatever the limit of `action`.
    pub(crate) async fn allows_in_reserve(
        &self,
        action: Action,
        subject: Subject<'_>,
        window: Duration,
    ) -> bool {
        let counter = format!("{} in reserve", action.counter);
        is_allowed(action, self.count(&counter, RateLimit::new(1, window), subject).await)
    }

    /// Counts one use and returns `true` if it was allowed, for limits that no client is told of. If
    /// the store fails, the use is not allowed.
    pub(crate) async fn allows(&self, action: Action, subject: Subject<'_>) -> bool {
        is_allowed(action, self.hit(action, subject).await)
    }
}

fn name(keys: &Keys, counter: &str, subject: Subject<'_>) -> CounterName {
    let (kind, value) = match subject {
        Subject::Client(client) => {
            ("client", client.map(|client| client.network()).unwrap_or_default())
        }
        Subject::Account(id) => ("account", id.to_owned()),
        Subject::Target(target) => ("target", target.to_owned()),
    };
    let parts = ["rate limit", counter, kind, &value].map(str::as_bytes);
    CounterName::new(*keys.counter.mac(&parts).as_bytes())
}

fn is_allowed(action: Action, counted: Result<Allowed, StoreError>) -> bool {
    match counted {
        Ok(allowed) => matches!(allowed.outcome, RateLimitOutcome::Allowed { .. }),
        Err(error) => {
            error.log(action.name);
            false
        }
    }
}

impl std::fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RateLimiter").field("limits", &self.limits).finish_non_exhaustive()
    }
}
