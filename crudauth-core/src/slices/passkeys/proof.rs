//! The proof of a verified passkey, for the flows that ask for factors.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::PasskeyConfig;
use super::store::PasskeyStore;
use crate::model::{Account, AuthUser};
use crate::store_error::StoreError;

/// Proof that the holder of a passkey of an account is there, and was verified by the authenticator.
/// Only [`Passkeys`](super::Passkeys) makes one. `Debug` does not show it.
#[derive(Clone)]
pub struct PasskeyProof {
    owner: String,
    counts_as_both: bool,
}

crate::opaque::opaque!(PasskeyProof);

impl PasskeyProof {
    #[cfg(feature = "passkeys")]
    pub(super) fn of<U: AuthUser>(account: &Account<U>, counts_as_both: bool) -> Self {
        Self { owner: account.counter_key(), counts_as_both }
    }

    /// Returns `true` if it is a proof of this account.
    pub(crate) fn is_of<U: AuthUser>(&self, account: &Account<U>) -> bool {
        self.owner == account.counter_key()
    }

    /// Whether it counts as both factors.
    pub(crate) fn counts_as_both(&self) -> bool {
        self.counts_as_both
    }
}

/// The passkeys of accounts, as sign-in and `sudo` see them.
pub struct PasskeyFactor<U: AuthUser> {
    store: Arc<dyn PasskeyStore<U>>,
    is_second_factor: bool,
    counts_as_both: bool,
}

impl<U: AuthUser> PasskeyFactor<U> {
    /// Creates it over the store of the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(store: Arc<dyn PasskeyStore<U>>, config: &PasskeyConfig) -> Self {
        let PasskeyConfig { is_second_factor, counts_as_both, .. } = *config;
        Self { store, is_second_factor, counts_as_both }
    }

    /// Returns `true` if the account has a passkey.
    pub(crate) async fn has_one(&self, account: &Account<U>) -> Result<bool, StoreError> {
        Ok(!self.store.list(account).await?.is_empty())
    }

    /// Removes all passkeys of an account. Returns their number.
    pub(crate) async fn remove_all(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.store.remove_all(account, now).await
    }

    /// Whether a passkey is a second factor of its account.
    pub(crate) fn is_second_factor(&self) -> bool {
        self.is_second_factor
    }

    /// Whether a passkey counts as both factors.
    pub(crate) fn counts_as_both(&self) -> bool {
        self.counts_as_both
    }
}

impl<U: AuthUser> Clone for PasskeyFactor<U> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store), ..*self }
    }
}

impl<U: AuthUser> std::fmt::Debug for PasskeyFactor<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasskeyFactor(..)")
    }
}
