//! Accounts, and the one-time tokens that are used up in the transaction of their effect.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::{Account, AuthUser, Contact, Digest, EmailAddress, Identifier, PasswordHash};
use crate::ports::{Credential, StoreError};

/// Keeps accounts and their one-time tokens.
#[async_trait]
pub trait AccountStore<U: AuthUser>: Send + Sync + 'static {
    /// The account whose identifier at position `at` of the shape has this compared form.
    async fn by_identifier(&self, at: usize, key: &str) -> Result<Option<Account<U>>, StoreError>;

    /// The account with this key.
    async fn by_id(&self, id: &U::Id) -> Result<Option<Account<U>>, StoreError>;

    /// Adds an account, unless one of its identifiers, or another unique column, is taken: then
    /// nothing is stored. Of two at once with one identifier, one is added.
    async fn create(&self, account: NewAccount<U>) -> Result<Created<U::Id>, StoreError>;

    /// Replaces a hash by one of the same password, if it still is `old`.
    async fn renew_hash(
        &self,
        id: &U::Id,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<(), StoreError>;

    /// Stores a new password, if the account is active and still has that version: in one
    /// transaction the hash changes, the version counts up, pending resets and changes of address
    /// die, every grant, every API key and every session ends but that which the owner asks `by`, and
    /// that goes on under the new version. Nothing happens if what they ask by has ended meanwhile.
    async fn change_password(
        &self,
        account: &Account<U>,
        hash: &PasswordHash,
        by: Option<Credential>,
        now: DateTime<Utc>,
    ) -> Result<Changed, StoreError>;

    /// Disables or enables an account. Disabling ends its sessions, tokens and API keys for good.
    /// Answers whether there is such an account.
    async fn set_active(
        &self,
        id: &U::Id,
        is_active: bool,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Deletes an account with its sessions, tokens and API keys. Answers whether there was one.
    async fn delete(&self, id: &U::Id) -> Result<bool, StoreError>;

    /// Stores a one-time token.
    async fn issue(&self, token: NewToken<U::Id>) -> Result<(), StoreError>;

    /// A token of that purpose and its account, used or not, if it has not expired and the account
    /// is still the active one that it was issued to. Nothing is consumed.
    async fn one_time_token(
        &self,
        digest: &Digest,
        purpose: Purpose,
        now: DateTime<Utc>,
    ) -> Result<Option<(OneTimeToken, Account<U>)>, StoreError>;

    /// Uses up a verification token: in one transaction it is marked as used and the account's
    /// address, if it is the one that the token was mailed to, becomes verified.
    async fn confirm_address(
        &self,
        digest: &Digest,
        token: &OneTimeToken,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Consumed, StoreError>;

    /// Uses up a reset token: in one transaction it dies with the account's other resets and
    /// changes of address, the hash changes, the version counts up, the address that the token was
    /// mailed to is verified, and every session, grant and API key ends.
    async fn reset_password(
        &self,
        digest: &Digest,
        token: &OneTimeToken,
        account: &Account<U>,
        hash: &PasswordHash,
        now: DateTime<Utc>,
    ) -> Result<Consumed, StoreError>;

    /// Uses up a change token: in one transaction it dies with the account's other tokens and the
    /// account moves to the token's address, which is verified. [`Consumed::Taken`] if another
    /// account has that address: then the token is still good.
    async fn move_address(
        &self,
        digest: &Digest,
        token: &OneTimeToken,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Consumed, StoreError>;

    /// Gives an account another contact, which nobody has proved yet: in one transaction the contact
    /// changes, the account is no longer verified, and its tokens die. Only for a shape with one.
    async fn set_contact(
        &self,
        id: &U::Id,
        contact: &Contact,
        now: DateTime<Utc>,
    ) -> Result<ContactChange, StoreError>;

    /// Deletes at most `limit` tokens that have expired, and tells how many.
    async fn purge_tokens(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError>;
}

/// An account to be added.
#[derive(Debug)]
pub struct NewAccount<U: AuthUser> {
    /// Its key, unless the database makes it.
    pub id: Option<U::Id>,
    /// Its identifiers, in the order of the shape; `None` where it has none.
    pub identifiers: Vec<Option<Identifier>>,
    /// Its password.
    pub hash: PasswordHash,
    /// The app's own columns.
    pub own: NewValues<U>,
    /// A random number that is this account's alone.
    pub epoch: i64,
    /// Now.
    pub created_at: DateTime<Utc>,
}

/// The values of the app's own columns, which the library passes on unseen.
pub struct NewValues<U: AuthUser>(pub U::SignUp);

impl<U: AuthUser> std::fmt::Debug for NewValues<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewValues(..)")
    }
}

/// What became of a new account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created<Id> {
    /// It was added under this key.
    Added(Id),
    /// Something is taken.
    Taken {
        /// The identifiers at these positions of the shape; none, if it was another unique column.
        identifiers: Vec<usize>,
        /// Whether one account has all of them.
        is_one_owner: bool,
    },
}

/// What became of a change of contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContactChange {
    /// It was made.
    Done,
    /// There is no such account, or the shape has no contact of that kind.
    Nobody,
    /// Another account has it: nothing happened.
    Taken,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It was made.
    Done,
    /// The account is no longer what it was when it was read.
    Moved,
    /// What the owner asks by has ended.
    Ended,
}

/// What a one-time token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Proving the recovery address.
    Verify,
    /// Choosing a new password.
    Reset,
    /// Moving to another address.
    Change,
}

impl Purpose {
    /// Its name in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::Change => "change",
        }
    }
}

/// A one-time token to be stored.
#[derive(Debug)]
pub struct NewToken<Id> {
    /// What stands for the secret.
    pub digest: Digest,
    /// Whose it is.
    pub account: Id,
    /// What it is for.
    pub purpose: Purpose,
    /// The account's recovery address when it was issued: the token dies when that changes.
    pub bound_to: String,
    /// The address to move to.
    pub new_address: Option<EmailAddress>,
    /// Where to go on to afterwards, a path of the app's site.
    pub redirect_to: Option<String>,
    /// The account's version when it was issued.
    pub version: i32,
    /// The account's epoch.
    pub epoch: i64,
    /// When it was issued.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

/// A one-time token as it is stored.
#[derive(Clone, Debug)]
pub struct OneTimeToken {
    /// The recovery address to which it is bound.
    pub bound_to: String,
    /// The address to move to.
    pub new_address: Option<EmailAddress>,
    /// Where to go on to afterwards.
    pub redirect_to: Option<String>,
    /// The account's version when it was issued.
    pub version: i32,
    /// Whether it was used before.
    pub is_used: bool,
}

/// What became of a one-time token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consumed {
    /// It was used up, and its effect happened.
    Done,
    /// Somebody was faster: it was used up already, and nothing happened.
    Spent,
    /// What it asks for belongs to somebody else by now: nothing happened, and it is still good.
    Taken,
}
