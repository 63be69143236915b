//! Counts uses against rate limits, by client network, account or target of a message.

use std::sync::Arc;

use super::store::{CounterStore, RateLimitOutcome};
use super::{Action, RateLimits};
use crate::clock::Clock;
use crate::model::{ClientAddress, CounterName, KeyRing};
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

    /// Counts one use of `action` by `subject`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn hit(&self, action: Action, subject: Subject<'_>) -> Result<Allowed, StoreError> {
        let limit = self.limits.of(action);
        if limit.limit == 0 {
            let outcome = RateLimitOutcome::Allowed { remaining: 0 };
            return Ok(Allowed { limit: 0, outcome });
        }
        let (kind, value) = match subject {
            Subject::Client(client) => {
                ("client", client.map(|client| client.network()).unwrap_or_default())
            }
            Subject::Account(id) => ("account", id.to_owned()),
            Subject::Target(target) => ("target", target.to_owned()),
        };
        let key = &self.keys.current().counter;
        let parts: [&[u8]; 4] =
            [b"rate limit", action.counter.as_bytes(), kind.as_bytes(), value.as_bytes()];
        let name = CounterName::new(*key.mac(&parts).as_bytes());
        let outcome = self.counters.hit(&name, limit, self.clock.now()).await?;
        Ok(Allowed { limit: limit.limit, outcome })
    }

    /// Counts one use and returns `true` if it was allowed, for limits that no client is told of. If
    /// the store fails, the use is not allowed.
    pub(crate) async fn allows(&self, action: Action, subject: Subject<'_>) -> bool {
        match self.hit(action, subject).await {
            Ok(allowed) => matches!(allowed.outcome, RateLimitOutcome::Allowed { .. }),
            Err(error) => {
                error.log(action.name);
                false
            }
        }
    }
}

impl std::fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RateLimiter").field("limits", &self.limits).finish_non_exhaustive()
    }
}
