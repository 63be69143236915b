//! Port of the account store.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::model::{Account, AuthUser, EmailAddress, Identifier, OneTimeDigest, PasswordHash};
use crate::store_error::StoreError;

/// Keeps accounts, in the app's own table.
///
/// Each verb is one transaction. Whenever an account's state changes, every credential that carries
/// the old state is invalid; the rows of such credentials are deleted along the way.
#[async_trait]
pub trait AccountStore<U: AuthUser>: Send + Sync + 'static {
    /// Returns the account whose identifier at position `at` of the shape has this compared form,
    /// with its password hash. A row without a compared form is found by the text as typed.
    async fn by_identifier(
        &self,
        at: usize,
        key: &str,
        typed: &str,
    ) -> Result<Option<(Account<U>, PasswordHash)>, StoreError>;

    /// Returns the account with this key.
    async fn by_id(&self, id: &U::Id) -> Result<Option<Account<U>>, StoreError>;

    /// Returns the account with this key and its password hash.
    async fn with_hash(&self, id: &U::Id)
    -> Result<Option<(Account<U>, PasswordHash)>, StoreError>;

    /// Adds an account, unless one of its identifiers or another unique column is taken, or the
    /// database refuses its values: then nothing is stored. Of several at once with one identifier,
    /// one is added.
    ///
    /// Whether the recovery contact is taken makes no difference for values that are refused: a
    /// response must not reveal it.
    ///
    /// With an invitation the account has a verified contact. It is added only if the invitation of
    /// that contact has this token: then the invitation is gone.
    async fn create(&self, account: NewAccount<U>) -> Result<Created<U::Id>, StoreError>;

    /// Returns the open invitation of an address; `None` in a mount without invitations.
    async fn invitation(
        &self,
        address: &EmailAddress,
        now: DateTime<Utc>,
    ) -> Result<Option<OpenInvitation>, StoreError>;

    /// Replaces a hash by one of the same password, if it still is `old`.
    async fn renew_hash(
        &self,
        id: &U::Id,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<(), StoreError>;

    /// Stores a new password if the account is active and still has the state of `account`; its
    /// version counts up. Returns the account as it is then, or `None` if it has changed meanwhile.
    async fn set_password(
        &self,
        account: &Account<U>,
        hash: &PasswordHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Account<U>>, StoreError>;

    /// Disables or enables an account. Disabling counts its version up. Returns `true` if there is
    /// such an account.
    async fn set_active(
        &self,
        id: &U::Id,
        is_active: bool,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Counts the version of an account up if it is disabled, by whatever means, so that enabling it
    /// again brings no credential back. Nothing happens if it is active.
    async fn revoke_disabled(&self, id: &U::Id, now: DateTime<Utc>) -> Result<(), StoreError>;

    /// Deletes an account and what the library stored for it. Returns `true` if there was one.
    async fn delete(&self, id: &U::Id) -> Result<bool, StoreError>;
}

/// An account to be added.
#[derive(Clone, Debug)]
pub struct NewAccount<U: AuthUser> {
    /// Its key, unless the database counts keys up.
    pub id: Option<U::Id>,
    /// Its identifiers, in the order of the shape; `None` where it has none.
    pub identifiers: Vec<Option<Identifier>>,
    /// Its password.
    pub hash: PasswordHash,
    /// The app's own columns.
    pub own: OwnColumns<U>,
    /// The token of the invitation that the account consumes.
    pub invitation: Option<OneTimeDigest>,
    /// A random number of this account alone.
    pub security_stamp: i64,
    /// Now.
    pub created_at: DateTime<Utc>,
}

/// The values of the app's own columns, which the library passes on without reading them.
#[derive(Clone)]
pub struct OwnColumns<U: AuthUser>(pub U::SignUp);

impl<U: AuthUser> std::fmt::Debug for OwnColumns<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OwnColumns(..)")
    }
}

/// An invitation that has not expired.
#[derive(Clone, Debug)]
pub struct OpenInvitation {
    /// Digest of the secret in its link.
    pub token: OneTimeDigest,
    /// Values of the app's own columns, by the name in a request.
    pub preset: Map<String, Value>,
}

/// Result of adding an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created<Id> {
    /// It was added under this key.
    Added(Id),
    /// Identifiers are taken.
    Taken {
        /// Their positions; none if they are free again.
        identifiers: Vec<usize>,
    },
    /// The invitation was used or revoked, or has expired.
    InvitationEnded,
    /// Another account has the value of a unique column of the app's own.
    Conflict {
        /// The field of the sign-up form.
        field: &'static str,
    },
    /// A constraint or a trigger of the app refused the values, or a column cannot hold one.
    Refused {
        /// The field of the sign-up form, if it is known.
        field: Option<&'static str>,
    },
}
