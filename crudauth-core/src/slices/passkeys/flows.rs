//! The parts of the slice, and checks that its flows share.

use std::sync::Arc;

use super::store::PasskeyStore;
use super::{PasskeyConfig, PasskeyError, RelyingParty};
use crate::guard::challenges::ChallengeStore;
use crate::kit::Kit;
use crate::model::{Account, AuthUser};
use crate::notify::MessageKind;
use crate::principal::{Principal, is_recent};
use crate::slices::accounts::Callers;

/// Registers, verifies, lists and removes passkeys.
pub struct Passkeys<U: AuthUser> {
    pub(super) kit: Kit<U>,
    pub(super) store: Arc<dyn PasskeyStore<U>>,
    pub(super) challenges: Arc<dyn ChallengeStore>,
    pub(super) callers: Callers<U>,
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
        callers: Callers<U>,
        party: RelyingParty,
        config: PasskeyConfig,
    ) -> Self {
        Self { kit, store, challenges, callers, party, config }
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &PasskeyConfig {
        &self.config
    }

    /// A found session, or an open browser, works for a while; a passkey made with it would last.
    pub(super) fn check_fresh(&self, principal: &Principal<U>) -> Result<(), PasskeyError> {
        let now = self.kit.now();
        let max_age = self.config.max_sign_in_age;
        let elevated_at = principal.session().and_then(|session| session.proofs().elevated_at);
        let is_elevated = elevated_at.is_some_and(|at| is_recent(at, max_age, now));
        if is_elevated || principal.is_fresh(max_age, now) {
            Ok(())
        } else {
            Err(PasskeyError::NotFresh)
        }
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
