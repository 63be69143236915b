//! A check of the app, which is asked a limited number of times for the answers of one network.

use std::sync::Arc;
use std::time::Duration;

use super::check::{AnyBotCheck, BotAnswer, BotCheckError};
use crate::clock::Clock;
use crate::guard::store::LockRule;
use crate::guard::{Guess, Lockout};
use crate::password::Shares;

/// 60 refused answers within 10 minutes lock the network for 10 minutes.
const REFUSALS: LockRule = LockRule {
    max_failures: 59,
    window: Duration::from_mins(10),
    base: Duration::from_mins(10),
    max: Duration::from_mins(10),
    escalation_window: Duration::ZERO,
};

/// How many answers of one network the check may look at in this process at the same time.
const AT_ONCE: usize = 60;

/// How long a client waits that sent one more.
const SOON: Duration = Duration::from_secs(1);

/// A check of the app. It may call a service, so junk could use up the app's allowance there, or make it
/// wait.
pub(super) struct OwnCheck {
    pub(super) check: Arc<dyn AnyBotCheck>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) lockout: Lockout,
    /// The answers that the check is looking at, by network.
    pub(super) waiting: Shares,
}

impl OwnCheck {
    /// A failure of the check counts for no network: honest answers fail then as well.
    pub(super) async fn check(
        &self,
        answer: BotAnswer<'_>,
        is_cross_site: bool,
    ) -> Result<(), BotCheckError> {
        let refusals = self.refusals(&answer, is_cross_site);
        // Before the lock is read, so that answers at the same time do not all pass it.
        let Ok(_place) = self.waiting.take(&[refusals.counter()], AT_ONCE) else {
            return Err(BotCheckError::TooMany { retry_after: SOON });
        };
        if let Some(retry_after) = self.lockout.guess_lock(&refusals, self.clock.now()).await? {
            return Err(BotCheckError::TooMany { retry_after });
        }
        let checked = self.check.ask(answer).await;
        if matches!(checked, Err(BotCheckError::Refused)) {
            self.lockout.record_guess(&refusals, self.clock.now()).await?;
        }
        checked
    }

    /// The counter of refused answers of the client's network.
    fn refusals(&self, answer: &BotAnswer<'_>, is_cross_site: bool) -> Guess {
        let side = if is_cross_site { "cross-site" } else { "same site" };
        let network = answer.client.address.map(|address| address.network()).unwrap_or_default();
        self.lockout.guess("bot check", &[side, &network], REFUSALS)
    }
}

#[cfg(test)]
#[path = "own_tests.rs"]
mod tests;
