//! Port of the invitations. The store of the accounts reads and consumes them, in the transaction that
//! adds the account.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::model::{EmailAddress, OneTimeDigest};
use crate::store_error::StoreError;

/// Keeps invitations beside the accounts.
#[async_trait]
pub trait InvitationStore: Send + Sync + 'static {
    /// Stores an invitation, in place of an earlier one of its address.
    async fn put(&self, invitation: &Invitation, token: &OneTimeDigest) -> Result<(), StoreError>;

    /// Returns the next 100 invitations that expire.
    async fn list(&self, now: DateTime<Utc>) -> Result<Vec<Invitation>, StoreError>;

    /// Deletes the invitation of an address. Returns `true` if there was one.
    async fn revoke(&self, address: &EmailAddress) -> Result<bool, StoreError>;
}

/// An invitation that is not accepted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invitation {
    /// The invited address.
    pub address: EmailAddress,
    /// Values of columns with `#[auth(register)]`, which the invited person cannot change.
    pub preset: Map<String, Value>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

impl Invitation {
    /// Characters of the longest preset, as JSON.
    pub const MAX_PRESET_CHARS: u16 = 4096;
}
