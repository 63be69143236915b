//! Cache of verified access tokens, for mounts that trust them until they expire.
//!
//! Called by the check of an access token, after its signature is verified.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use super::access::{Access, TokenId};
use crate::model::Account;

/// The owners of verified tokens, by token id. Look up verified tokens only.
pub(super) struct Trusted<U> {
    entries: Mutex<Entries<U>>,
    capacity: usize,
}

type Entries<U> = HashMap<TokenId, Entry<U>>;

/// The owner of a token, as of its first use.
#[derive(Clone)]
pub(super) struct TokenOwner<U> {
    pub(super) account: Account<U>,
    pub(super) signed_in_at: DateTime<Utc>,
}

struct Entry<U> {
    owner: TokenOwner<U>,
    expires_at: DateTime<Utc>,
}

impl<U: Clone> Trusted<U> {
    /// Creates a cache of at most `capacity` tokens, which bounds its memory.
    pub(super) fn new(capacity: usize) -> Self {
        Self { entries: Mutex::new(HashMap::new()), capacity }
    }

    /// Returns the owner of a token.
    pub(super) fn get(&self, access: &Access) -> Option<TokenOwner<U>> {
        self.entries().get(&access.id).map(|entry| entry.owner.clone())
    }

    /// Adds a token.
    pub(super) fn insert(&self, access: &Access, owner: &TokenOwner<U>, now: DateTime<Utc>) {
        let mut entries = self.entries();
        if entries.len() >= self.capacity {
            entries.retain(|_, entry| entry.expires_at > now);
        }
        // All entries are valid. Removing them only costs each token another look-up.
        if entries.len() >= self.capacity {
            entries.clear();
        }
        let entry = Entry { owner: owner.clone(), expires_at: access.expires_at };
        entries.insert(access.id, entry);
    }

    fn entries(&self) -> MutexGuard<'_, Entries<U>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
