//! What somebody sends who wants to sign in.

use crate::password::Password;
use crate::slices::sessions::Opening;

/// Someone wants to sign in.
#[non_exhaustive]
pub struct Attempt {
    /// What was typed to name the account.
    pub identifier: String,
    /// What was typed to prove it.
    pub password: Password,
    /// What was sent as [`SignedIn::device`](super::SignedIn::device), if anything: one that this account knows counts, for
    /// a neighbouring site may have put a cookie of its own before ours.
    pub devices: Vec<String>,
    /// From where, and what session is wanted.
    pub opening: Opening,
    /// Whether a page of another site had a browser send it: what such pages get wrong is counted
    /// apart, or they could lock out the networks of those who look at them.
    pub is_from_stranger: bool,
}

impl Attempt {
    /// Somebody who types these two, from nowhere in particular: [`devices`](Self::devices) and
    /// [`opening`](Self::opening) say more.
    pub fn new(identifier: impl Into<String>, password: &Password) -> Self {
        Self {
            identifier: identifier.into(),
            password: password.clone(),
            devices: Vec::new(),
            opening: Opening::default(),
            is_from_stranger: false,
        }
    }
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempt").field("opening", &self.opening).finish_non_exhaustive()
    }
}
