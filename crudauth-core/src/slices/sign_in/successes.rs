//! Limits how often one account signs in from one network.
//!
//! Counted in this process, because it protects the hashing pool of this process, and after the
//! password was verified, so that no stranger meets it or learns of it.

use std::sync::Arc;
use std::time::Duration;

use super::SIGN_IN;
use crate::clock::Clock;
use crate::guard::store::{CounterStore, RateLimitOutcome};
use crate::guard::{RateLimiter, Subject};
use crate::model::{Account, AuthUser, ClientAddress};
use crate::store_error::StoreError;
use crate::stores::MemoryStore;

/// Most counters that one success removes.
const PURGED: u32 = 100;

pub(super) struct Successes {
    counters: Arc<MemoryStore>,
    limits: RateLimiter,
    clock: Arc<dyn Clock>,
}

impl Successes {
    pub(super) fn new(limits: &RateLimiter, clock: Arc<dyn Clock>) -> Self {
        let counters = Arc::new(MemoryStore::default());
        Self { limits: limits.counting_in(counters.clone()), counters, clock }
    }

    /// Counts a success. Returns how long the account has to wait if there were too many.
    pub(super) async fn exceeded<U: AuthUser>(
        &self,
        account: &Account<U>,
        client: Option<ClientAddress>,
    ) -> Result<Option<Duration>, StoreError> {
        let network = client.map(ClientAddress::network).unwrap_or_default();
        let counted = format!("{} {network}", account.counter_key());
        let allowed = self.limits.hit(SIGN_IN, Subject::Account(&counted)).await?;
        self.counters.purge(self.clock.now(), PURGED).await?;
        match allowed.outcome {
            RateLimitOutcome::Allowed { .. } => Ok(None),
            RateLimitOutcome::Exceeded { retry_after } => Ok(Some(retry_after)),
        }
    }
}
