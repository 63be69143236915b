//! The second factors of accounts, and the decision whether a sign-in asks for one.

use std::sync::Arc;

use crate::guard::challenges::ChallengeStore;
use crate::model::{Account, AuthUser, Proofs, TrustHandle};
use crate::slices::mfa::Mfa;
use crate::slices::passkeys::PasskeyFactor;
use crate::store_error::StoreError;

/// The slices and the store behind a second step.
pub(super) struct SecondFactor<U: AuthUser> {
    pub(super) mfa: Arc<Mfa<U>>,
    /// Whether the mount has authenticators. Otherwise `mfa` gives the limits of challenges only.
    pub(super) has_mfa: bool,
    /// `None` if the mount has no passkeys.
    pub(super) passkeys: Option<PasskeyFactor<U>>,
    pub(super) challenges: Arc<dyn ChallengeStore>,
}

/// What a sign-in needs after its first factor.
pub(super) enum Needs {
    /// Nothing.
    Nothing,
    /// Nothing, since its owner trusts the browser.
    Trusted(TrustHandle),
    /// One of these factors. Without any, the account adds an authenticator.
    Factor { takes_code: bool, takes_passkey: bool },
}

impl<U: AuthUser> SecondFactor<U> {
    /// Returns what a sign-in with these proofs needs.
    ///
    /// A passkey is one factor, so it is no second one after itself, unless it counts as both: then
    /// it is enough. An account with a passkey adds no authenticator in its place: a thief of the
    /// password could add one. A trusted browser, by one of its `cookies`, is not asked for a
    /// factor that the account has.
    pub(super) async fn needs(
        &self,
        account: &Account<U>,
        proofs: Proofs,
        cookies: &[String],
    ) -> Result<Needs, StoreError> {
        let is_by_passkey = proofs.passkey_at.is_some();
        if is_by_passkey && self.passkeys.as_ref().is_some_and(PasskeyFactor::counts_as_both) {
            return Ok(Needs::Nothing);
        }
        let takes_code = self.has_mfa && self.mfa.is_enrolled(account).await?;
        let takes_passkey = !is_by_passkey && self.has_passkey(account).await?;
        let is_factor = self.passkeys.as_ref().is_some_and(PasskeyFactor::is_second_factor);
        let is_required = self.has_mfa && self.mfa.config().is_required;
        let is_asked = takes_code || (takes_passkey && is_factor) || is_required;
        if !is_asked {
            return Ok(Needs::Nothing);
        }
        let has_factor = takes_code || takes_passkey;
        if has_factor && let Some(trust) = self.mfa.trust_of(account, cookies).await? {
            return Ok(Needs::Trusted(trust));
        }
        Ok(Needs::Factor { takes_code, takes_passkey })
    }

    async fn has_passkey(&self, account: &Account<U>) -> Result<bool, StoreError> {
        match &self.passkeys {
            Some(passkeys) => passkeys.has_one(account).await,
            None => Ok(false),
        }
    }
}
