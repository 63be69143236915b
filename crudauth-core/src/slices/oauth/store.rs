//! Port of the connections between accounts and people at providers.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::account_store::{Created, NewAccount};
use crate::model::digest::sha256;
use crate::model::{Account, AuthUser, PasswordHash, Sealed};
use crate::store_error::StoreError;
use crate::unmounted::port;

port! {
/// Keeps connections.
///
/// Each verb is one transaction. A person at a provider is connected to one account at most.
pub trait ConnectionStore<U> {
    /// Returns the account of a person at a provider, also if it is disabled.
    async fn find(&self, person: &ConnectionId) -> Result<Option<Account<U>>, StoreError>;

    /// Stores when a connection was used.
    async fn record_use(&self, person: &ConnectionId, now: DateTime<Utc>)
    -> Result<(), StoreError>;

    /// Deletes a connection without an account, as after a DELETE by other software.
    async fn forget_orphan(&self, person: &ConnectionId) -> Result<(), StoreError>;

    /// Adds an account with a proved address, and its connection. Of any number of calls at once
    /// for one person, one adds an account.
    async fn create(
        &self,
        account: NewAccount<U>,
        connection: &NewConnection,
    ) -> Result<CreatedConnected<U::Id>, StoreError>;

    /// Connects an account that is active and verified. Its state stays. With `alone` it must have no
    /// other connection to the same issuer.
    async fn connect(
        &self,
        account: &Account<U>,
        connection: &NewConnection,
        alone: bool,
    ) -> Result<Connecting, StoreError>;

    /// Connects an account without a verified address, and gives it to the person at the provider: its
    /// password is replaced by `unusable`, its version counts up, and everything that the library
    /// stored for it is deleted. Returns the account as it is then, or `None` if it has changed
    /// meanwhile.
    async fn claim(
        &self,
        account: &Account<U>,
        connection: &NewConnection,
        unusable: &PasswordHash,
    ) -> Result<Option<Account<U>>, StoreError>;

    /// Returns the connections of an account, the oldest first.
    async fn list(&self, account: &Account<U>) -> Result<Vec<Connection>, StoreError>;

    /// Removes a connection, unless it is the last way into the account. The version of the account
    /// counts up, so that sessions which were opened by it end.
    async fn disconnect(
        &self,
        account: &Account<U>,
        connection: &ConnectionId,
        now: DateTime<Utc>,
    ) -> Result<Disconnecting<U>, StoreError>;

    /// Returns the tokens of each connection of an account, the one that was used last first.
    async fn tokens(&self, account: &Account<U>) -> Result<Vec<KeptTokens>, StoreError>;

    /// Replaces the tokens of a connection if they still are in this revision. Of any number of calls
    /// at once one returns `true`.
    async fn replace_tokens(
        &self,
        account: &Account<U>,
        revision: i64,
        next: &KeptTokens,
    ) -> Result<bool, StoreError>;
}
}

/// A person at a provider: the digest of issuer and subject. It is the public id of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ConnectionId([u8; 32]);

impl ConnectionId {
    /// The id of this person.
    #[must_use]
    pub fn new(issuer: &str, subject: &str) -> Self {
        let length = (issuer.len() as u64).to_be_bytes();
        Self(sha256(&[b"connection", &length, issuer.as_bytes(), subject.as_bytes()]))
    }

    /// Reads an id that a client sent, or that a store kept in this form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// Wraps the bytes that a store kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a store to keep.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

crate::opaque::opaque!(ConnectionId);

/// A connection to be stored.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// Its id.
    pub id: ConnectionId,
    /// The name of the provider.
    pub provider: String,
    /// The issuer.
    pub issuer: String,
    /// The person at the issuer.
    pub subject: String,
    /// The address in the profile, for the list.
    pub address: Option<String>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// A stored connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// The name of the provider when it was made.
    pub provider: String,
    /// The issuer.
    pub issuer: String,
    /// The person at the issuer.
    pub subject: String,
    /// The address in the profile when it was made.
    pub address: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub last_used_at: DateTime<Utc>,
}

/// The tokens of a connection, as the store keeps them.
#[derive(Clone, Debug)]
pub struct KeptTokens {
    /// The connection.
    pub connection: ConnectionId,
    /// The name of the provider.
    pub provider: String,
    /// The issuer.
    pub issuer: String,
    /// The person at the issuer.
    pub subject: String,
    /// The tokens; `None` if there are none.
    pub sealed: Option<Sealed>,
    /// Until when one call has the refresh for itself.
    pub leased_until: Option<DateTime<Utc>>,
    /// A random number, which each change replaces; 0 before the first.
    pub revision: i64,
}

impl KeptTokens {
    /// Most bytes of encrypted tokens. A row of MySQL has 64 KiB.
    pub(super) const MOST: u16 = 32_768;
}

/// Result of adding an account with its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreatedConnected<Id> {
    /// As without a connection.
    Account(Created<Id>),
    /// The person is connected already.
    Connected,
}

/// Result of connecting an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connecting {
    /// The account is connected.
    Done,
    /// The person is connected already, to this account or another one.
    Taken,
    /// The account is connected to another person of this issuer.
    NotAlone,
    /// The account has changed meanwhile, or is not verified.
    Changed,
}

/// Result of removing a connection.
#[derive(Clone, Debug)]
pub enum Disconnecting<U: AuthUser> {
    /// The account in its new state.
    Done(Account<U>),
    /// The account has no such connection.
    NotFound,
    /// It is the last way into the account.
    LastWayIn,
    /// The account has changed meanwhile.
    Changed,
}
