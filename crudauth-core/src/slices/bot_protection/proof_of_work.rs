//! Issues puzzles without storing them, and accepts each solution once.

use std::sync::Arc;
use std::time::Duration;

use super::check::BotCheckError;
use super::config::ProofOfWork;
use super::puzzle::{ALGORITHM, Puzzle, Solution, digest};
use crate::clock::Clock;
use crate::guard::RateLimiter;
use crate::model::{KeyRing, Keys, Mac, MacKey};
use crate::random::random;

/// The field of the widget.
pub(super) const FIELD: &str = "altcha";

/// How far the clocks of two processes may differ.
const LEEWAY: Duration = Duration::from_mins(1);

/// Issues puzzles, and checks solutions.
pub(super) struct Puzzles {
    pub(super) settings: ProofOfWork,
    /// Schema and table of the accounts: they differ between mounts with one secret.
    pub(super) mount: [&'static str; 2],
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
        let signature = hex::encode(self.mac(key, &salt, &challenge).as_bytes());
        let algorithm = ALGORITHM.to_owned();
        Puzzle { algorithm, challenge, maxnumber: max_number, salt, signature }
    }

    /// Nothing is counted, and so nothing stored, for an answer that is no solution.
    pub(super) async fn check(&self, answer: &str) -> Result<(), BotCheckError> {
        let refused = BotCheckError::Refused;
        let Some(solution) = Solution::read(answer) else { return Err(refused) };
        let Some(keys) = self.keys_of(&solution) else { return Err(refused) };
        let now = self.clock.now().timestamp();
        if solution.expires_at().is_none_or(|at| at <= now) || !solution.is_right() {
            return Err(refused);
        }
        // All of the puzzle's life: a window of its rest is too short for a late second use.
        let window = self.settings.lifetime + LEEWAY;
        let used = ("bot check", &*solution.challenge);
        if self.limits.is_first_use(keys, used, window).await? { Ok(()) } else { Err(refused) }
    }

    /// The keys that signed the puzzle.
    fn keys_of(&self, solution: &Solution) -> Option<&Keys> {
        let signature = Mac::from_bytes(&hex::decode(&solution.signature).ok()?)?;
        let mac = |keys: &Keys| self.mac(&keys.bot_check, &solution.salt, &solution.challenge);
        self.keys.all().find(|keys| mac(keys) == signature)
    }

    /// The keyed hash of the mount, its settings and the puzzle: another mount with the same secret may
    /// have easier puzzles.
    ///
    /// The signature of ALTCHA's own servers covers the hash only: a digit can then move from the number
    /// to the end of the salt, which changes the expiry of a solved puzzle.
    fn mac(&self, key: &MacKey, salt: &str, challenge: &str) -> Mac {
        let ProofOfWork { max_number, lifetime } = self.settings;
        let settings = format!("{max_number} {}", lifetime.as_millis());
        let [schema, table] = self.mount;
        let parts = [schema, table, &settings, salt, challenge];
        key.mac(&parts.map(str::as_bytes))
    }
}
