//! Leaving: owners export their data, and delete their accounts.
//!
//! An account is closed first, in one transaction that invalidates every credential, and deleted
//! second, after the hooks of the app have erased their part. With a grace period the second step
//! waits, and a mailed link undoes the first. A deletion that stops halfway is finished by a purge.

mod config;
mod data;
mod delete;
mod error;
mod export;
mod references;
mod restore;
mod sql;
pub mod store;
mod tombstone;

use std::sync::Arc;

pub use config::AccountConfig;
pub use data::{AccountData, BoxError, SharedData};
pub use delete::Departure;
pub use error::AccountError;
pub use references::{OnDelete, Reference};
pub use sql::DELETIONS;
use store::DeletionStore;
pub use tombstone::Tombstone;

use crate::guard::Action;
use crate::kit::Kit;
use crate::model::{Account, AuthUser};
use crate::notify::MessageKind;
use crate::slices::accounts::Callers;
use crate::slices::recovery::Recovery;
use crate::slices::sudo::Sudo;

/// Exports, by account: 5 an hour by default.
pub const EXPORT: Action = Action::per_hour("account_export", 5);

/// Requests to delete the account, by account: 5 an hour by default.
pub const DELETE: Action = Action::per_hour("account_delete", 5);

/// Exports and deletes accounts for their owners.
pub struct SelfService<U: AuthUser> {
    kit: Kit<U>,
    store: Arc<dyn DeletionStore<U>>,
    callers: Callers<U>,
    sudo: Arc<Sudo<U>>,
    /// `None` if the mount sends no messages.
    recovery: Option<Recovery<U>>,
    data: Vec<SharedData<U>>,
    config: AccountConfig,
}

impl<U: AuthUser> SelfService<U> {
    /// Creates the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(
        kit: Kit<U>,
        store: Arc<dyn DeletionStore<U>>,
        callers: Callers<U>,
        sudo: Arc<Sudo<U>>,
        config: AccountConfig,
    ) -> Self {
        Self { kit, store, callers, sudo, recovery: None, data: Vec::new(), config }
    }

    /// Mails links.
    #[doc(hidden)]
    #[must_use]
    pub fn with_recovery(self, recovery: Option<Recovery<U>>) -> Self {
        Self { recovery, ..self }
    }

    /// Exports and erases this as well.
    #[doc(hidden)]
    #[must_use]
    pub fn with_data(self, data: Vec<SharedData<U>>) -> Self {
        Self { data, ..self }
    }

    fn notify(&self, kind: MessageKind, account: &Account<U>) {
        if let Some(notifier) = &self.kit.notifier {
            notifier.notify_account(kind, account);
        }
    }
}

impl<U: AuthUser> std::fmt::Debug for SelfService<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SelfService").field("config", &self.config).finish_non_exhaustive()
    }
}
