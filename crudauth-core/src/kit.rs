//! What every flow is given.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::account_store::AccountStore;
use crate::clock::Clock;
use crate::event::Event;
use crate::guard::{Lockout, RateLimiter};
use crate::model::{Account, AuthUser, Contact, KeyRing};
use crate::notify::Notifier;
use crate::password::{HashingPool, PasswordPolicy};
use crate::principal::ScopePolicyHandle;
use crate::store_error::StoreError;

/// The shared parts of a mount. Clones share everything.
#[derive(Clone)]
pub struct Kit<U: AuthUser> {
    /// Accounts.
    pub accounts: Arc<dyn AccountStore<U>>,
    /// Keys derived from the app's secrets.
    pub keys: KeyRing,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Hashes and verifies passwords.
    pub hashing: HashingPool,
    /// Judges new passwords.
    pub policy: PasswordPolicy,
    /// Selects the scopes that accounts get.
    pub scopes: ScopePolicyHandle<U>,
    /// Counts uses against rate limits.
    pub limits: RateLimiter,
    /// Counts failed sign-ins.
    pub lockout: Lockout,
    /// Sends messages; `None` if the mount has no way to send any.
    pub notifier: Option<Notifier>,
}

impl<U: AuthUser> Kit<U> {
    /// The present instant. One reading serves one decision.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Returns the account that has that recovery contact.
    pub(crate) async fn account_with(
        &self,
        contact: &Contact,
    ) -> Result<Option<Account<U>>, StoreError> {
        let at = U::SHAPE.recovery.unwrap_or_default();
        let key = contact.as_str();
        let mut found = self.accounts.by_identifier(at, key, key).await?;
        let alternate = U::SHAPE.identifiers.get(at).and_then(|column| column.alternate(key));
        if let (None, Some(other)) = (&found, alternate) {
            found = self.accounts.by_identifier(at, &other, key).await?;
        }
        Ok(found.map(|(account, _)| account))
    }

    /// Records an event, unless it affected nothing. Every flow reports its outcome here and nowhere
    /// else.
    pub(crate) fn emit(&self, event: Event) {
        if event.has_effect() {
            event.log();
        }
    }

    /// Revokes every credential of a disabled account whose credential was just used, so that
    /// enabling the account brings none back.
    #[doc(hidden)]
    pub async fn revoke_disabled(&self, account: &Account<U>) -> Result<(), StoreError> {
        let event = Event::new("credential rejected, all credentials revoked: account disabled");
        self.emit(event.account(account));
        self.accounts.revoke_disabled(account.user.id(), self.now()).await
    }
}

impl<U: AuthUser> std::fmt::Debug for Kit<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kit(..)")
    }
}
