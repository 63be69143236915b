//! Port of the one-time tokens, each of which is consumed in the transaction of its effect.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::account_store::{Created, NewAccount};
use crate::model::{
    Account, AccountState, AuthUser, Contact, EmailAddress, OneTimeDigest, PasswordHash,
};
use crate::store_error::StoreError;

/// Keeps one-time tokens beside the accounts.
#[async_trait]
pub trait OneTimeTokenStore<U: AuthUser>: Send + Sync + 'static {
    /// Stores a token. Returns `false`, and stores nothing, if the account was deleted or disabled, or
    /// has another contact than the token is bound to.
    async fn issue(&self, token: NewOneTimeToken<U::Id>) -> Result<bool, StoreError>;

    /// Returns a token of that purpose with its account, unless it has expired or the account is
    /// disabled or another one. An unused token is not returned if the account has left the state
    /// that it was issued under. Nothing is consumed.
    async fn find(
        &self,
        digest: &OneTimeDigest,
        purpose: Purpose,
        now: DateTime<Utc>,
    ) -> Result<Option<OneTimeTokenRecord<U>>, StoreError>;

    /// Consumes a verification token: the account's contact, if it is the one that the token was
    /// sent to, becomes verified.
    async fn confirm_contact(
        &self,
        token: &OneTimeTokenRecord<U>,
        now: DateTime<Utc>,
    ) -> Result<Consumed, StoreError>;

    /// Consumes a reset token: the password changes, the version counts up, and the contact that the
    /// token was sent to is verified. The account's other resets and changes of address are void. If
    /// that contact was unverified, everything that the library stored for the account is deleted,
    /// except for its history and the tokens that verify.
    async fn reset_password(
        &self,
        token: &OneTimeTokenRecord<U>,
        hash: &PasswordHash,
        now: DateTime<Utc>,
    ) -> Result<Consumed, StoreError>;

    /// Consumes a change token: the account moves to the token's address, which is verified; its
    /// other tokens are void. [`Consumed::Taken`] if another account has that address: then the token
    /// is not consumed.
    async fn move_address(
        &self,
        token: &OneTimeTokenRecord<U>,
        now: DateTime<Utc>,
    ) -> Result<Consumed, StoreError>;

    /// Consumes a sign-in token: the contact that it was sent to is proved, and the account's other
    /// sign-in tokens are void. An account whose contact nobody had proved is taken from its first
    /// holder: its password is replaced by `unusable`, its version counts up, and everything that the
    /// library stored for it is deleted. Returns the account as it is then, or `None` if the token was
    /// consumed before or the account has changed.
    async fn prove_contact(
        &self,
        token: &OneTimeTokenRecord<U>,
        unusable: &PasswordHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Account<U>>, StoreError>;

    /// Adds an account with a proved contact, and stores the token that proved it as consumed. Returns
    /// `None` if it was consumed before: then nothing is stored. Of several at once with one token one
    /// adds an account.
    async fn create_proved(
        &self,
        account: NewAccount<U>,
        token: UsedLogin,
    ) -> Result<Option<Created<U::Id>>, StoreError>;

    /// Gives an account another contact, which is not verified; its tokens are void.
    async fn set_contact(
        &self,
        id: &U::Id,
        contact: &Contact,
        now: DateTime<Utc>,
    ) -> Result<ContactChange, StoreError>;
}

/// What a one-time token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Verifying the recovery contact.
    Verify,
    /// Choosing a new password.
    Reset,
    /// Moving to another address.
    Change,
    /// Deleting the account.
    Delete,
    /// Signing in.
    SignIn,
}

impl Purpose {
    /// Its name in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::Change => "change",
            Self::Delete => "delete",
            Self::SignIn => "sign_in",
        }
    }
}

/// A one-time token to be stored.
#[derive(Debug)]
pub struct NewOneTimeToken<Id> {
    /// Digest of the secret.
    pub digest: OneTimeDigest,
    /// Key of the account.
    pub account: Id,
    /// What it is for.
    pub purpose: Purpose,
    /// Compared form of the account's recovery contact, empty if it has none: the token is void when
    /// that changes.
    pub bound_to: String,
    /// Address to move to.
    pub new_address: Option<EmailAddress>,
    /// Path of the app's site to go on to.
    pub redirect_to: Option<String>,
    /// State of the account.
    pub state: AccountState,
    /// When it was issued.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

/// A consumed sign-in token of an account that is added by it.
#[derive(Debug)]
pub struct UsedLogin {
    /// Digest of the secret.
    pub digest: OneTimeDigest,
    /// The contact that it was sent to.
    pub bound_to: String,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

/// A stored one-time token.
#[derive(Clone, Debug)]
pub struct OneTimeTokenRecord<U: AuthUser> {
    /// Digest of the secret.
    pub digest: OneTimeDigest,
    /// What it is for.
    pub purpose: Purpose,
    /// Its account.
    pub account: Account<U>,
    /// Compared form of the recovery contact that it is bound to.
    pub bound_to: String,
    /// Address to move to.
    pub new_address: Option<EmailAddress>,
    /// Path of the app's site to go on to.
    pub redirect_to: Option<String>,
    /// Version of the account when it was issued.
    pub version: i32,
    /// Whether it was used before.
    pub is_used: bool,
}

/// Result of consuming a one-time token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consumed {
    /// It was consumed, and its effect happened.
    Done,
    /// It was consumed before, or the account has changed: nothing happened.
    Spent,
    /// Another account has what it asks for: nothing happened, and it can be used again.
    Taken,
}

/// Result of a change of contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactChange {
    /// It was made.
    Done,
    /// There is no such account, or its shape has no contact of that kind.
    NotFound,
    /// Another account has it: nothing happened.
    Taken,
}
