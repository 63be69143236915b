//! Port of the second factors.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::{Account, AuthUser, RecoveryCodeDigest, Sealed};
use crate::store_error::StoreError;

/// Keeps the authenticator and the recovery codes of accounts.
///
/// Each verb is one atomic effect. An account has one authenticator at most.
#[async_trait]
pub trait FactorStore<U: AuthUser>: Send + Sync + 'static {
    /// Returns the authenticator of an account, whether or not it is confirmed.
    async fn find(&self, account: &Account<U>) -> Result<Option<Authenticator>, StoreError>;

    /// Stores an authenticator that is not confirmed yet, in place of an earlier one. Nothing happens
    /// if the account has a confirmed one.
    async fn store_pending(
        &self,
        account: &Account<U>,
        secret: &Sealed,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Stores a confirmed authenticator and its recovery codes, and counts the version of the account
    /// up, so that its other credentials are invalid. Returns the account as it is then. Returns
    /// `None` if it has changed or has a confirmed authenticator.
    async fn enrol(
        &self,
        account: &Account<U>,
        enrolment: &Enrolment,
    ) -> Result<Option<Account<U>>, StoreError>;

    /// Deletes authenticator and recovery codes, and counts the version of the account up. Returns
    /// the account as it is then, or `None` if it has changed meanwhile.
    async fn remove(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Option<Account<U>>, StoreError>;

    /// Takes a step whose code was right, unless that step or a later one was taken. Failures are
    /// forgotten. After `max_failures` it succeeds only behind two right codes in a row.
    async fn claim_step(
        &self,
        account: &Account<U>,
        step: i64,
        max_failures: u32,
    ) -> Result<bool, StoreError>;

    /// Takes a step as one of the right codes in a row that reopen an authenticator.
    async fn record_right_code(&self, account: &Account<U>, step: i64) -> Result<(), StoreError>;

    /// Records a wrong code.
    async fn record_failure(&self, account: &Account<U>) -> Result<(), StoreError>;

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

    /// Replaces all recovery codes.
    async fn replace_recovery_codes(
        &self,
        account: &Account<U>,
        codes: &[RecoveryCodeDigest],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Returns how many recovery codes are left.
    async fn recovery_codes(&self, account: &Account<U>) -> Result<u64, StoreError>;
}

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
