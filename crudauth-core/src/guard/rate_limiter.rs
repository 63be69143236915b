//! Rate limits: how often an action may be asked for by one client, one account or about one target.
//!
//! An allowance holds within any stretch of time of its length, not from one full hour to the
//! next. Where the store of counters fails, so does the request.

use std::sync::Arc;

use super::{Action, RateLimits};
use crate::model::{ClientAddress, KeyRing};
use crate::ports::{Clock, Counted, CounterStore, StoreError};

/// Counts uses.
#[derive(Clone)]
pub struct Throttle {
    counters: Arc<dyn CounterStore>,
    keys: KeyRing,
    clock: Arc<dyn Clock>,
    allowances: RateLimits,
}

/// Who or what is counted.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// The client's network: an IPv4 address, or the /64 of an IPv6 one. Clients without an
    /// address are counted together.
    Client(Option<ClientAddress>),
    /// The account with this key.
    Account(&'a str),
    /// The address that a message would go to.
    Target(&'a str),
}

/// How an allowance stands after a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How many uses it allows; 0 if it is switched off.
    pub limit: u32,
    /// Whether this use was one too many, or how many are left.
    pub counted: Counted,
}

impl Throttle {
    /// A throttle over that store.
    #[must_use]
    pub fn new(
        counters: Arc<dyn CounterStore>,
        keys: KeyRing,
        clock: Arc<dyn Clock>,
        allowances: RateLimits,
    ) -> Self {
        Self { counters, keys, clock, allowances }
    }

    /// Counts one use of `action` by `subject`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn count(
        &self,
        action: Action,
        subject: Subject<'_>,
    ) -> Result<Standing, StoreError> {
        let allowance = self.allowances.of(action);
        let limit = allowance.limit;
        if limit == 0 {
            return Ok(Standing { limit, counted: Counted::Allowed { remaining: 0 } });
        }
        let (kind, who) = match subject {
            Subject::Client(client) => {
                ("client", client.map(|client| client.network()).unwrap_or_default())
            }
            Subject::Account(id) => ("account", id.to_owned()),
            Subject::Target(target) => ("target", target.to_owned()),
        };
        let name = self.keys.current().counter.digest(&[
            b"allowance",
            action.as_str().as_bytes(),
            kind.as_bytes(),
            who.as_bytes(),
        ]);
        let counted = self.counters.count(&name, allowance, self.clock.now()).await?;
        Ok(Standing { limit, counted })
    }

    /// Counts one use and answers whether it was allowed, for limits that nobody is told of: what
    /// fails is not allowed.
    pub(crate) async fn allows(&self, action: Action, subject: Subject<'_>) -> bool {
        match self.count(action, subject).await {
            Ok(standing) => matches!(standing.counted, Counted::Allowed { .. }),
            Err(error) => {
                error.log(action.as_str());
                false
            }
        }
    }
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Throttle(..)")
    }
}
