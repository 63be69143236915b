//! API keys: for programs that act for somebody, until they expire or are revoked.
//!
//! A key has a name that its owner gave it, scopes, and a secret that is shown once and kept as a
//! keyed digest. Like every credential it is bound to its account's version and epoch: changing or
//! resetting the password, disabling and deleting end it at once.

mod authenticate;
mod config;
mod create;
mod error;
#[cfg(all(test, feature = "sqlite"))]
mod flow_tests;
mod revoke;
mod secret;
mod sql;
pub(crate) mod store;
mod wanted;

use std::sync::Arc;

pub use authenticate::{ApiKeyOutcome, ApiKeyVisit};
use chrono::{DateTime, Utc};
pub use config::ApiKeyConfig;
pub use create::CreatedApiKey;
pub use error::ApiKeyError;
pub use secret::ApiKey;
pub use sql::TABLE;
pub use wanted::WantedKey;

use crate::model::{Account, AuthUser, KeyRing, Scopes};
use crate::ports::{ApiKeyEntry, ApiKeyStore, Clock, Entropy, Granting, StoreError};
use crate::slices::recovery::Recovery;
use crate::slices::sessions::end_of;

/// Makes, recognises, lists and revokes API keys.
pub struct ApiKeys<U: AuthUser> {
    store: Arc<dyn ApiKeyStore<U>>,
    keys: KeyRing,
    granting: Granting<U>,
    recovery: Option<Recovery<U>>,
    config: ApiKeyConfig,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl<U: AuthUser> ApiKeys<U> {
    /// Wires the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(
        store: Arc<dyn ApiKeyStore<U>>,
        keys: KeyRing,
        config: ApiKeyConfig,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { store, keys, granting: Granting::default(), recovery: None, config, clock, entropy }
    }

    /// Has a policy decide what a key of an account gets of the scopes that are grantable (default:
    /// all).
    #[doc(hidden)]
    #[must_use]
    pub fn granting(mut self, granting: Granting<U>) -> Self {
        self.granting = granting;
        self
    }

    /// Has owners told of every key that is made.
    #[doc(hidden)]
    #[must_use]
    pub fn with_notices(mut self, recovery: Option<Recovery<U>>) -> Self {
        self.recovery = recovery;
        self
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &ApiKeyConfig {
        &self.config
    }

    /// When a key expires: as was said when it was made, or sooner by what is said now.
    fn end_of(&self, key: &ApiKeyEntry) -> Option<DateTime<Utc>> {
        end_of(key.created_at, key.expires_at, self.config.longest)
    }

    /// What of `wanted` the account gets now.
    async fn granted(&self, account: &Account<U>, wanted: &Scopes) -> Result<Scopes, StoreError> {
        self.granting.of(account, wanted.intersection(&self.config.grantable_scopes)).await
    }
}

impl<U: AuthUser> std::fmt::Debug for ApiKeys<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeys").field("config", &self.config).finish_non_exhaustive()
    }
}
