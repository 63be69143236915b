//! Port of the second factors.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::digest::sha256;
use crate::model::{Account, AuthUser, RecoveryCodeDigest, Sealed, TrustDigest};
use crate::store_error::StoreError;
use crate::unmounted::port;

port! {
/// Keeps the authenticator and the recovery codes of accounts.
///
/// Each verb is one atomic effect. An account has one authenticator at most.
pub trait FactorStore<U> {
    /// Returns the authenticator of an account, whether or not it is confirmed.
    async fn find(&self, account: &Account<U>) -> Result<Option<Authenticator>, StoreError>;

    /// Stores an authenticator that is not confirmed yet, in place of an earlier one. Returns `false`,
    /// and stores nothing, if the account has a confirmed one.
    async fn store_pending(
        &self,
        account: &Account<U>,
        secret: &Sealed,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Stores a confirmed authenticator and its recovery codes, and counts the version of the account
    /// up, so that its other credentials are invalid. Returns the account as it is then. Returns
    /// `None` if it has changed or has a confirmed authenticator.
    async fn enrol(
        &self,
        account: &Account<U>,
        enrolment: &Enrolment,
    ) -> Result<Option<Account<U>>, StoreError>;

    /// Deletes authenticator and recovery codes, and counts the version of the account up, also if it
    /// is disabled. Returns the account as it is then, or `None` if it has changed meanwhile.
    async fn remove(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Option<Account<U>>, StoreError>;

    /// Takes a step whose code was right, unless that step or a later one was taken. Failures are
    /// forgotten. After `max_failures` it succeeds only behind two right codes in a row of `guesser`.
    async fn claim_step(
        &self,
        account: &Account<U>,
        step: i64,
        guesser: &Guesser,
        max_failures: u32,
    ) -> Result<bool, StoreError>;

    /// Takes a step as one of the right codes in a row of `guesser` that reopen an authenticator.
    async fn record_right_code(
        &self,
        account: &Account<U>,
        step: i64,
        guesser: &Guesser,
    ) -> Result<(), StoreError>;

    /// Records a wrong code, and returns the number of them in a row. A row of right codes ends only
    /// with a wrong code of the same guesser: strangers cannot interrupt it.
    async fn record_failure(
        &self,
        account: &Account<U>,
        guesser: &Guesser,
    ) -> Result<u32, StoreError>;

    /// Replaces the encrypted secret if it still is `old`.
    async fn renew_secret(
        &self,
        account: &Account<U>,
        old: &Sealed,
        new: &Sealed,
    ) -> Result<(), StoreError>;

    /// Returns `true` if the account has this recovery code.
    async fn has_recovery_code(
        &self,
        account: &Account<U>,
        code: &RecoveryCodeDigest,
    ) -> Result<bool, StoreError>;

    /// Deletes a recovery code, and forgets failures. Of any number of calls at once one returns
    /// `true`.
    async fn spend_recovery_code(
        &self,
        account: &Account<U>,
        code: &RecoveryCodeDigest,
    ) -> Result<bool, StoreError>;

    /// Replaces all recovery codes. Returns `false`, and changes nothing, if the account has no
    /// confirmed authenticator.
    async fn replace_recovery_codes(
        &self,
        account: &Account<U>,
        codes: &[RecoveryCodeDigest],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Returns the number of recovery codes that are left.
    async fn recovery_codes(&self, account: &Account<U>) -> Result<u64, StoreError>;
}
}

port! {
/// Keeps which browsers an account trusts.
///
/// Each verb is one atomic effect. A trust is valid while the account has the state that it was given
/// in.
pub trait TrustStore<U> {
    /// Stores a trust of the account in its present state.
    async fn trust(&self, account: &Account<U>, trust: &Trust) -> Result<(), StoreError>;

    /// Returns the valid trusts of an account, at most 100, the newest first.
    async fn trusts(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Trust>, StoreError>;

    /// Deletes a trust of the account. Returns `true` if there was one.
    async fn distrust(
        &self,
        account: &Account<U>,
        digest: &TrustDigest,
    ) -> Result<bool, StoreError>;

    /// Deletes every trust of the account. Returns how many there were.
    async fn distrust_all(&self, account: &Account<U>) -> Result<u64, StoreError>;
}
}

/// The trust of an account in one browser.
#[derive(Clone, Debug)]
pub struct Trust {
    /// Digest of the secret in the cookie.
    pub digest: TrustDigest,
    /// User agent of the browser.
    pub user_agent: Option<String>,
    /// When it was given.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Who enters codes: one unfinished sign-in, or one credential of the owner.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Guesser([u8; 32]);

impl Guesser {
    /// The guesser with this id.
    #[must_use]
    pub(crate) fn new(id: &[u8]) -> Self {
        Self(sha256(&[b"guesser", id]))
    }

    /// The bytes, for a store to keep.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

crate::opaque::opaque!(Guesser);

/// A stored authenticator.
#[derive(Clone, Debug)]
pub struct Authenticator {
    /// Its secret.
    pub secret: Sealed,
    /// Version of the account when it was stored. Without a confirmation it is valid only while the
    /// account has that version.
    pub version: i32,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// When its first code was verified; `None` while it is not in use.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// The last step whose code was accepted.
    pub last_step: Option<i64>,
    /// Wrong codes in a row.
    pub failures: u32,
    /// Right codes in a row since the failures were too many.
    pub right_codes: u32,
    /// The [`Guesser`] of these right codes.
    pub right_by: Option<Vec<u8>>,
}

/// A confirmed authenticator to be stored, with the codes that go with it.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// The secret.
    pub secret: Sealed,
    /// The step of its first code.
    pub step: i64,
    /// The recovery codes.
    pub recovery_codes: Vec<RecoveryCodeDigest>,
    /// Now.
    pub now: DateTime<Utc>,
}
