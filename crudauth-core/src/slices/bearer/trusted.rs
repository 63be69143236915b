//! Access tokens that were good once, for mounts that take them at their word until they expire.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use super::access::{Access, TokenId};
use crate::model::Account;

/// The accounts of tokens whose signature has been verified before it is asked.
pub(super) struct Trusted<U> {
    entries: Mutex<Entries<U>>,
    most: usize,
}

type Entries<U> = HashMap<TokenId, Entry<U>>;

/// What a token was found to stand on.
#[derive(Clone)]
pub(super) struct Known<U> {
    pub(super) account: Account<U>,
    pub(super) signed_in_at: DateTime<Utc>,
}

/// The same, with the instant at which the token expires.
struct Entry<U> {
    known: Known<U>,
    expires_at: DateTime<Utc>,
}

impl<U: Clone> Trusted<U> {
    /// Remembers at most so many; the memory that they take is bounded, whoever asks for how many.
    pub(super) fn new(most: usize) -> Self {
        Self { entries: Mutex::new(HashMap::new()), most }
    }

    /// Whose token it was found to be.
    pub(super) fn get(&self, access: &Access) -> Option<Known<U>> {
        self.entries().get(&access.id).map(|entry| entry.known.clone())
    }

    /// Remembers whose token it is.
    pub(super) fn put(&self, access: &Access, known: &Known<U>, now: DateTime<Utc>) {
        let mut entries = self.entries();
        if entries.len() >= self.most {
            entries.retain(|_, entry| entry.expires_at > now);
        }
        // Still full of live ones: forgetting them costs each a look-up, and nothing else.
        if entries.len() >= self.most {
            entries.clear();
        }
        let entry = Entry { known: known.clone(), expires_at: access.expires_at };
        entries.insert(access.id, entry);
    }

    fn entries(&self) -> MutexGuard<'_, Entries<U>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
