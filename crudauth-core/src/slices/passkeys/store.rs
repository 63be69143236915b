//! Port of the passkeys.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::digest::sha256;
use crate::model::{Account, AuthUser};
use crate::store_error::StoreError;
use crate::unmounted::port;

port! {
/// Keeps the passkeys of accounts: public keys, and the reports of their authenticators.
///
/// Each verb is one atomic effect. A passkey belongs to one account, and to the security stamp that
/// the account had: an account that gets the key of a deleted one has none of its passkeys.
pub trait PasskeyStore<U> {
    /// Returns the passkeys of an account, the oldest first.
    async fn list(&self, account: &Account<U>) -> Result<Vec<StoredPasskey>, StoreError>;

    /// Returns a passkey and its account.
    async fn find(&self, id: &PasskeyId)
    -> Result<Option<(StoredPasskey, Account<U>)>, StoreError>;

    /// Stores a passkey, if the account is active and has not changed, has fewer than `max`, and none
    /// under another user handle. If the passkey is a new second factor, the version of the account is
    /// counted up, so that its other credentials are invalid. Of any number of calls at once none
    /// passes the limit.
    async fn insert(
        &self,
        account: &Account<U>,
        passkey: &StoredPasskey,
        limits: Limits,
    ) -> Result<Inserted<U>, StoreError>;

    /// Records a use, unless the counter of the passkey does not allow it: a counter grows at each
    /// use, or stays zero. Returns `false`, and records nothing, if it does not, or if the passkey is
    /// gone.
    async fn record_use(
        &self,
        account: &Account<U>,
        id: &PasskeyId,
        used: &PasskeyUse,
    ) -> Result<bool, StoreError>;

    /// Renames a passkey of the account. Returns `true` if there was one.
    async fn rename(
        &self,
        account: &Account<U>,
        id: &PasskeyId,
        name: &str,
    ) -> Result<bool, StoreError>;

    /// Deletes a passkey of the account, and counts the version of the account up, also if it is
    /// disabled. With `keeps_last` the last way in stays. Of any number of calls at once for one
    /// state of the account one succeeds.
    async fn remove(
        &self,
        account: &Account<U>,
        id: &PasskeyId,
        keeps_last: bool,
        now: DateTime<Utc>,
    ) -> Result<Removed<U>, StoreError>;

    /// Deletes all passkeys of the account, and counts its version up. Returns how many there were;
    /// without any, the account stays as it is.
    async fn remove_all(&self, account: &Account<U>, now: DateTime<Utc>)
    -> Result<u64, StoreError>;
}
}

/// Public id of a passkey: a hash of its credential id. It opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PasskeyId([u8; 32]);

impl PasskeyId {
    /// The id of the passkey with this credential id.
    #[must_use]
    pub fn of(credential_id: &[u8]) -> Self {
        Self(sha256(&[b"passkey", credential_id]))
    }

    /// Reads an id that a client sent. Returns `None` unless it has the form of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// The bytes, for a store to keep.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Display for PasskeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A stored passkey.
#[derive(Clone, Debug)]
pub struct StoredPasskey {
    /// Id by which browsers and authenticators name it.
    pub credential_id: Vec<u8>,
    /// Random value by which authenticators name the account.
    pub user_handle: [u8; 16],
    /// Name that its owner gave it.
    pub name: String,
    /// The public key, as JSON.
    pub credential: String,
    /// Model of the authenticator (AAGUID), which nothing proves; `None` if it was not sent.
    pub aaguid: Option<uuid::Uuid>,
    /// Signatures that the authenticator has counted; zero if it does not count.
    pub counter: u32,
    /// Whether it may be copied to other devices.
    pub is_backup_eligible: bool,
    /// Whether it was copied, when it was last used.
    pub is_backed_up: bool,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl StoredPasskey {
    /// Its public id.
    #[must_use]
    pub fn id(&self) -> PasskeyId {
        PasskeyId::of(&self.credential_id)
    }
}

/// Limits of [`PasskeyStore::insert`].
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most passkeys of an account.
    pub max: u32,
    /// Whether the passkey is a new second factor.
    pub is_second_factor: bool,
}

/// Result of storing a passkey.
#[derive(Clone, Debug)]
pub enum Inserted<U: AuthUser> {
    /// It is stored. This is the account as it is then.
    Done(Box<Account<U>>),
    /// The account has as many as it may.
    TooMany,
    /// The passkey is stored already, for whichever account.
    Known,
    /// The account has changed meanwhile, or has got its first passkey.
    AccountChanged,
}

/// A use of a passkey.
#[derive(Clone, Copy, Debug)]
pub struct PasskeyUse {
    /// Signatures that the authenticator has counted.
    pub counter: u32,
    /// Whether the passkey was copied to other devices.
    pub is_backed_up: bool,
    /// Now.
    pub now: DateTime<Utc>,
}

/// Result of deleting a passkey.
#[derive(Clone, Debug)]
pub enum Removed<U: AuthUser> {
    /// It is deleted. This is the account as it is then.
    Done(Box<Account<U>>),
    /// It is the last one, and stays.
    Last,
    /// The account has no such passkey.
    NotFound,
    /// The account has changed meanwhile.
    AccountChanged,
}
