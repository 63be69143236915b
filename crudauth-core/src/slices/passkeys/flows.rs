//! The parts of the slice, and checks that its flows share.

use std::sync::Arc;

use super::store::PasskeyStore;
use super::{PasskeyConfig, PasskeyError, RelyingParty};
use crate::guard::challenges::ChallengeStore;
use crate::kit::Kit;
use crate::model::{Account, AuthUser};
use crate::notify::MessageKind;
use crate::principal::{Principal, Role};
use crate::slices::accounts::Callers;
use crate::slices::sudo::Sudo;

/// Registers, verifies, lists and removes passkeys.
pub struct Passkeys<U: AuthUser> {
    pub(super) kit: Kit<U>,
    pub(super) store: Arc<dyn PasskeyStore<U>>,
    pub(super) challenges: Arc<dyn ChallengeStore>,
    pub(super) callers: Callers<U>,
    pub(super) sudo: Arc<Sudo<U>>,
    pub(super) party: RelyingParty,
    pub(super) config: PasskeyConfig,
}

impl<U: AuthUser> Passkeys<U> {
    /// Creates the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(
        kit: Kit<U>,
        (store, challenges): (Arc<dyn PasskeyStore<U>>, Arc<dyn ChallengeStore>),
        (callers, sudo): (Callers<U>, Arc<Sudo<U>>),
        party: RelyingParty,
        config: PasskeyConfig,
    ) -> Self {
        Self { kit, store, challenges, callers, sudo, party, config }
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &PasskeyConfig {
        &self.config
    }

    /// A found session, or an open browser, works for a while; a passkey made with it would last.
    ///
    /// Where passkeys elevate a session, only an elevated one makes another: a copied cookie must not
    /// prove the owner by a passkey of its own. An account without any other factor cannot elevate one.
    pub(super) async fn check_fresh(&self, principal: &Principal<U>) -> Result<(), PasskeyError> {
        if self.sudo.is_elevated(principal) {
            return Ok(());
        }
        let is_owner = principal.role() == Role::Owner;
        if is_owner && self.sudo.is_mounted() && self.sudo.has_factor(principal.account()).await? {
            return Err(PasskeyError::NotElevated(self.sudo.missing(principal).await?));
        }
        Ok(principal.check_fresh(self.config.max_sign_in_age, self.kit.now())?)
    }

    pub(super) fn notify(&self, kind: MessageKind, account: &Account<U>) {
        if let Some(notifier) = &self.kit.notifier {
            notifier.notify_account(kind, account);
        }
    }
}

impl<U: AuthUser> std::fmt::Debug for Passkeys<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passkeys").field("config", &self.config).finish_non_exhaustive()
    }
}
