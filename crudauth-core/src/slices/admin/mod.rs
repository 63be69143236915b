//! Administration: superusers find accounts, disable them for a reason, and help their owners.
//!
//! No administrator chooses or sees a password. The last active superuser stays one: of
//! two that disable each other at once, the second is refused.

mod act;
mod config;
mod error;
mod find;
mod impersonate;
mod sql;
pub mod store;

use std::sync::Arc;

pub use act::Administrator;
pub use config::AdminConfig;
pub use error::AdminError;
pub use find::{AccountPage, AccountQuery, Search};
pub use impersonate::Impersonation;
pub use sql::SUSPENSIONS;
use store::AdminStore;
pub use store::Suspension;

use crate::guard::Action;
use crate::guard::store::RateLimit;
use crate::kit::Kit;
use crate::model::{Account, AuthUser, Contact};
use crate::notify::MessageKind;
use crate::slices::accounts::Callers;
use crate::slices::bearer::BearerTokens;
use crate::slices::mfa::Mfa;
use crate::slices::passkeys::PasskeyFactor;
use crate::slices::recovery::Recovery;
use crate::slices::sessions::Sessions;
use crate::slices::sudo::Sudo;

/// Actions of one administrator, right or refused: 60 a minute by default.
pub const ACT: Action = Action::new("admin", RateLimit::new(60, std::time::Duration::from_mins(1)));

/// Actions of superusers.
pub struct Administrators<U: AuthUser> {
    kit: Kit<U>,
    store: Arc<dyn AdminStore<U>>,
    callers: Callers<U>,
    sudo: Arc<Sudo<U>>,
    config: AdminConfig,
    tools: Tools<U>,
}

/// The slices that administrators act through; `None` for those that the mount does not have.
#[doc(hidden)]
#[derive(Debug)]
pub struct Tools<U: AuthUser> {
    pub sessions: Option<Arc<Sessions<U>>>,
    pub tokens: Option<Arc<BearerTokens<U>>>,
    pub mfa: Option<Arc<Mfa<U>>>,
    pub passkeys: Option<PasskeyFactor<U>>,
    pub recovery: Option<Recovery<U>>,
}

impl<U: AuthUser> Administrators<U> {
    /// Creates the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(
        kit: Kit<U>,
        store: Arc<dyn AdminStore<U>>,
        callers: Callers<U>,
        sudo: Arc<Sudo<U>>,
        config: AdminConfig,
        tools: Tools<U>,
    ) -> Self {
        Self { kit, store, callers, sudo, config, tools }
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &AdminConfig {
        &self.config
    }

    /// Returns how to reach the owner of an account.
    fn reachable(&self, account: &Account<U>) -> Result<(&Recovery<U>, Contact), AdminError> {
        let contact = account.contact().ok_or(AdminError::NoContact)?;
        let recovery = self.tools.recovery.as_ref().ok_or(AdminError::NoContact)?;
        Ok((recovery, contact))
    }

    fn notify(&self, kind: MessageKind, account: &Account<U>) {
        if let Some(notifier) = &self.kit.notifier {
            notifier.notify_account(kind, account);
        }
    }
}

impl<U: AuthUser> std::fmt::Debug for Administrators<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Administrators").field("config", &self.config).finish_non_exhaustive()
    }
}
