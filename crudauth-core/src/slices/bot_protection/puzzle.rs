//! A puzzle of the proof of work, and its solution, in the form of ALTCHA (version 1 of its
//! protocol, which the widgets 1 to 3 solve).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The only algorithm: the one that `algorithm` names is never looked up.
pub(super) const ALGORITHM: &str = "SHA-256";

/// Longest solution in bytes. That of the widget has about 400.
const MAX_SOLUTION: usize = 2048;

/// A puzzle: which number from 0 to `maxnumber`, appended to `salt`, has the hash `challenge`?
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Puzzle {
    /// `SHA-256`.
    pub algorithm: String,
    /// The hash in hexadecimal.
    pub challenge: String,
    /// Highest number to try.
    pub maxnumber: u32,
    /// Random text with the expiry: `…?expires=<seconds since 1970>&`.
    pub salt: String,
    /// Proves to the server that it made the puzzle.
    pub signature: String,
}

impl Puzzle {
    /// Solves the puzzle and returns the answer, for tests and for clients in Rust. `None` if it has no
    /// solution. It takes as long as the puzzle is hard, so run it where a thread may block.
    #[must_use]
    pub fn solve(&self) -> Option<String> {
        let number = (0..=self.maxnumber).map(u64::from);
        let number = number.into_iter().find(|n| digest(&self.salt, *n) == self.challenge)?;
        let Self { algorithm, challenge, salt, signature, .. } = self.clone();
        let solution = Solution { algorithm, challenge, number, salt, signature };
        Some(BASE64_STANDARD.encode(serde_json::to_vec(&solution).ok()?))
    }
}

/// A solution, as the widget sends it. Other members, such as the time it took, are ignored.
#[derive(Serialize, Deserialize)]
pub(super) struct Solution {
    pub(super) algorithm: String,
    pub(super) challenge: String,
    pub(super) number: u64,
    pub(super) salt: String,
    pub(super) signature: String,
}

impl Solution {
    /// Reads the answer of a client: JSON in base64.
    pub(super) fn read(answer: &str) -> Option<Self> {
        if answer.len() > MAX_SOLUTION {
            return None;
        }
        let json = BASE64_STANDARD.decode(answer).ok()?;
        let solution: Self = serde_json::from_slice(&json).ok()?;
        (solution.algorithm == ALGORITHM).then_some(solution)
    }

    /// Returns `true` if the number solves the puzzle.
    pub(super) fn is_right(&self) -> bool {
        digest(&self.salt, self.number) == self.challenge
    }

    /// When the puzzle expires, in seconds since 1970, if its salt is one of ours.
    pub(super) fn expires_at(&self) -> Option<i64> {
        let (_, expiry) = self.salt.split_once("?expires=")?;
        expiry.strip_suffix('&')?.parse().ok()
    }
}

/// The hash of a salt and a number, in lower case.
pub(super) fn digest(salt: &str, number: u64) -> String {
    hex::encode(Sha256::new().chain_update(salt).chain_update(number.to_string()).finalize())
}
