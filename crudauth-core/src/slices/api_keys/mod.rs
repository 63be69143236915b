//! API keys: long-lived secrets for programs, until they expire or are revoked.
//!
//! A key has a name that its owner gave it, scopes, and a secret that is shown once and stored as a
//! digest. Like every credential it is bound to the state of its account: changing or resetting the
//! password, disabling and deleting revoke it at once.

mod authenticate;
mod config;
mod create;
#[cfg(all(test, feature = "sqlite"))]
mod creator_tests;
mod error;
#[cfg(all(test, feature = "sqlite"))]
mod flow_tests;
mod new_key;
mod revoke;
mod secret;
mod sql;
pub mod store;

use std::sync::Arc;

use chrono::{DateTime, Utc};
pub use config::ApiKeyConfig;
pub use create::CreatedApiKey;
pub use error::ApiKeyError;
pub use new_key::NewApiKey;
pub use secret::ApiKey;
pub use sql::TABLE;
pub use store::ApiKeyEntry;
use store::ApiKeyStore;

use crate::guard::Action;
use crate::kit::Kit;
use crate::model::{Account, AuthUser, Scopes};
use crate::principal::absolute_expiry;
use crate::slices::accounts::Callers;
use crate::store_error::StoreError;

/// API keys created by one account: 20 an hour by default.
pub const CREATE: Action = Action::per_hour("create_api_key", 20);

/// Creates, checks, lists and revokes API keys.
pub struct ApiKeys<U: AuthUser> {
    kit: Kit<U>,
    store: Arc<dyn ApiKeyStore<U>>,
    callers: Callers<U>,
    config: ApiKeyConfig,
}

impl<U: AuthUser> ApiKeys<U> {
    /// Creates the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(
        kit: Kit<U>,
        store: Arc<dyn ApiKeyStore<U>>,
        callers: Callers<U>,
        config: ApiKeyConfig,
    ) -> Self {
        Self { kit, store, callers, config }
    }

    /// When a key expires: the stored limit or the configured one, whichever is earlier.
    fn end_of(&self, key: &ApiKeyEntry) -> Option<DateTime<Utc>> {
        absolute_expiry(key.created_at, key.expires_at, self.config.max_lifetime)
    }

    /// The scopes of `wanted` that the account gets now.
    async fn effective_scopes(
        &self,
        account: &Account<U>,
        wanted: &Scopes,
    ) -> Result<Scopes, StoreError> {
        let wanted = wanted.intersection(&self.config.grantable_scopes);
        self.kit.scopes.effective_scopes(account, wanted).await
    }
}

impl<U: AuthUser> std::fmt::Debug for ApiKeys<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeys").field("config", &self.config).finish_non_exhaustive()
    }
}
