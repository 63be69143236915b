//! Faults on demand: of all calls to the stores of a world, counted together, one fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::hooked::failure;
use super::{Hooked, World};
use crate::store_error::StoreError;

/// How a call to a store fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The store does not see the call.
    Unseen,
    /// The call takes effect, but its answer is lost.
    Unanswered,
    /// The store sees neither this call nor any after it.
    Outage,
}

/// What becomes of the answer of a call.
pub(crate) enum Answer {
    Returned,
    Lost,
}

/// Chooses the call that fails. Calls are counted from [`start`](Self::start) to
/// [`stop`](Self::stop), and no others fail.
pub(crate) struct Faults {
    fault: Fault,
    step: usize,
    calls: AtomicUsize,
}

impl Faults {
    /// Number of calls if the stores are sound.
    const SOUND: usize = usize::MAX / 2;

    /// Fails the call number `step`, counted from 1.
    pub(crate) fn at(step: usize, fault: Fault) -> Arc<Self> {
        Arc::new(Self { fault, step, calls: AtomicUsize::new(Self::SOUND) })
    }

    pub(crate) fn start(&self) {
        self.calls.store(0, Ordering::SeqCst);
    }

    /// Makes the stores sound again. Returns `true` if a call has failed.
    pub(crate) fn stop(&self) -> bool {
        self.calls.swap(Self::SOUND, Ordering::SeqCst) >= self.step
    }

    pub(super) fn call(&self, verb: &'static str) -> Result<Answer, StoreError> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let is_outage = self.fault == Fault::Outage && (self.step..Self::SOUND).contains(&number);
        if number != self.step && !is_outage {
            return Ok(Answer::Returned);
        }
        match self.fault {
            Fault::Unseen | Fault::Outage => Err(failure(verb)),
            Fault::Unanswered => Ok(Answer::Lost),
        }
    }
}

impl World {
    /// The same stores behind faults.
    pub(crate) fn with_faults(&self, faults: &Arc<Faults>) -> Self {
        Self {
            accounts: Hooked::faulty(&self.accounts, faults),
            sessions: Hooked::faulty(&self.sessions, faults),
            #[cfg(feature = "oauth")]
            connections: Hooked::faulty(&self.connections, faults),
            families: Hooked::faulty(&self.families, faults),
            api_keys: Hooked::faulty(&self.api_keys, faults),
            one_time_tokens: Hooked::faulty(&self.one_time_tokens, faults),
            factors: Hooked::faulty(&self.factors, faults),
            trusts: Hooked::faulty(&self.trusts, faults),
            counters: Hooked::faulty(&self.counters, faults),
            challenges: Hooked::faulty(&self.challenges, faults),
            ..self.clone()
        }
    }
}
