//! Issues puzzles without storing them, and accepts each solution once.

use std::sync::Arc;
use std::time::Duration;

use super::check::BotCheckError;
use super::config::ProofOfWork;
use super::puzzle::{ALGORITHM, Puzzle, Solution, digest};
use crate::clock::Clock;
use crate::guard::store::{RateLimit, RateLimitOutcome};
use crate::guard::{RateLimiter, Subject};
use crate::model::{KeyRing, MacKey};
use crate::random::random;

/// The field of the widget.
pub(super) const FIELD: &str = "altcha";

/// One use of a solution in a time that is longer than any puzzle lives, also by the clock of another
/// process.
const ONCE: RateLimit = RateLimit::new(1, Duration::from_hours(1));

/// Issues puzzles, and checks solutions.
pub(super) struct Puzzles {
    pub(super) settings: ProofOfWork,
    pub(super) keys: KeyRing,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) limits: RateLimiter,
}

impl Puzzles {
    pub(super) fn issue(&self) -> Puzzle {
        let expires_at = (self.clock.now() + self.settings.lifetime).timestamp();
        // The last character keeps digits of the number apart from those of the expiry.
        let salt = format!("{}?expires={expires_at}&", hex::encode(random::<16>()));
        let max_number = self.settings.max_number;
        let number = u64::from_be_bytes(random()) % (u64::from(max_number) + 1);
        let challenge = digest(&salt, number);
        let key = &self.keys.current().bot_check;
        let signature = hex::encode(key.mac(&signed(&salt, &challenge)).as_bytes());
        let algorithm = ALGORITHM.to_owned();
        Puzzle { algorithm, challenge, maxnumber: max_number, salt, signature }
    }

    /// Nothing is counted, and so nothing stored, for an answer that is no solution.
    pub(super) async fn check(&self, answer: &str) -> Result<(), BotCheckError> {
        let Some(solution) = Solution::read(answer).filter(|one| self.accepts(one)) else {
            return Err(BotCheckError::Refused);
        };
        let used = Subject::Target(&solution.challenge);
        match self.limits.count("bot check", ONCE, used).await?.outcome {
            RateLimitOutcome::Allowed { .. } => Ok(()),
            RateLimitOutcome::Exceeded { .. } => Err(BotCheckError::Refused),
        }
    }

    fn accepts(&self, solution: &Solution) -> bool {
        let Ok(signature) = hex::decode(&solution.signature) else { return false };
        let parts = signed(&solution.salt, &solution.challenge);
        let verifies = |key: &MacKey| key.verifies(&parts, &signature);
        self.keys.all().any(|keys| verifies(&keys.bot_check))
            && solution.expires_at().is_some_and(|at| self.clock.now().timestamp() < at)
            && solution.is_right()
    }
}

/// The signed parts. The signature of ALTCHA's own servers covers the hash only: a digit can then move
/// from the number to the end of the salt, which changes the expiry of a solved puzzle.
fn signed<'a>(salt: &'a str, challenge: &'a str) -> [&'a [u8]; 2] {
    [salt.as_bytes(), challenge.as_bytes()]
}
