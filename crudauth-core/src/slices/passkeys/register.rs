//! Adds a passkey to an account.

use super::ceremony::{CeremonyOptions, Purpose};
use super::manage::valid_name;
use super::store::{Inserted, Limits, StoredPasskey};
use super::{AcceptedPasskeys, PasskeyError, Passkeys, ProofError};
use crate::event::EventKind;
use crate::guard::Binding;
use crate::model::{Account, AuthUser, BrowserToken, IdentifierKind};
use crate::notify::MessageKind;
use crate::principal::{CurrentSession, Principal};
use crate::random::random;
use crate::slices::sessions::RenewedSession;

/// A new passkey.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AddedPasskey<U: AuthUser> {
    /// The passkey.
    pub passkey: StoredPasskey,
    /// All passkeys of the account, for the authenticators. `None` if the store failed afterwards.
    pub accepted: Option<AcceptedPasskeys>,
    /// The account in its new state.
    pub account: Account<U>,
    /// The session of the caller, which has another token now.
    pub session: Option<RenewedSession>,
}

impl<U: AuthUser> Passkeys<U> {
    /// Begins to register a passkey of the principal's account, in the browser that `binding`
    /// describes.
    ///
    /// # Errors
    /// [`PasskeyError`].
    pub async fn start_registration(
        &self,
        principal: &Principal<U>,
        binding: &Binding,
    ) -> Result<CeremonyOptions, PasskeyError> {
        let account = principal.owned_account()?;
        self.check_may_register(account)?;
        self.check_fresh(principal).await?;
        let known = self.store.list(account).await?;
        if known.len() >= self.max() {
            return Err(self.too_many());
        }
        // Authenticators keep one account for all passkeys of a handle. It reveals nothing about the
        // account (WebAuthn Level 3, section 14.6.1).
        let user_handle = known.first().map_or_else(random, |passkey| passkey.user_handle);
        let started = self.party.registration(user_handle, &shown_name(account), &known)?;
        let owner = Some((account.user.id().clone(), account.state()));
        let options = self.begin(Purpose::Register, started, owner, Some(user_handle), binding);
        Ok(options.await?)
    }

    /// Registers the passkey that the authenticator has made. Without a `name` the model of the
    /// authenticator gives one. The owner gets a notice, and the session of the caller another token.
    ///
    /// If passkeys are [second factors](super::PasskeyConfig::is_second_factor), every other session,
    /// every bearer token and every API key is revoked.
    ///
    /// # Errors
    /// [`PasskeyError`]; nothing is stored then.
    pub async fn finish_registration(
        &self,
        principal: &Principal<U>,
        browsers: &[BrowserToken],
        answer: &str,
        name: Option<&str>,
    ) -> Result<AddedPasskey<U>, PasskeyError> {
        let account = principal.owned_account()?;
        self.check_may_register(account)?;
        self.check_fresh(principal).await?;
        let name = name.map(valid_name).transpose().map_err(PasskeyError::Invalid)?;
        let ceremony = self.take(Purpose::Register, answer, browsers).await?;
        let is_owner = ceremony.account == Some((account.user.id().clone(), account.state()));
        let Some(user_handle) = ceremony.user_handle.filter(|_| is_owner) else {
            return Err(ProofError::Ended.into());
        };
        let now = self.kit.now();
        let mut passkey = self.party.registered(answer, &ceremony.state, user_handle, now)?;
        passkey.name = name.unwrap_or(passkey.name);
        self.callers.check(principal).await?;
        let event = self.kit.event(EventKind::PasskeyAdded).account(account);
        let event = event.credential(&passkey.id());
        let (event, account) = self.kit.recording(event, self.insert(account, &passkey)).await?;
        self.kit.emit(event);
        self.notify(MessageKind::PasskeyAdded, &account);
        // Nobody has proved to be the owner by a passkey that is new.
        let proofs = principal.session().map(CurrentSession::proofs).unwrap_or_default();
        let session = self.callers.renew(principal, account.state(), proofs).await;
        let accepted = self.accepted_now(&account, user_handle).await;
        Ok(AddedPasskey { passkey, accepted, account, session })
    }

    async fn insert(
        &self,
        account: &Account<U>,
        passkey: &StoredPasskey,
    ) -> Result<Account<U>, PasskeyError> {
        let limits = Limits {
            max: self.config.max_passkeys,
            is_second_factor: self.config.is_second_factor,
        };
        match self.store.insert(account, passkey, limits).await? {
            Inserted::Done(account) => Ok(*account),
            Inserted::TooMany => Err(self.too_many()),
            Inserted::Known => Err(PasskeyError::Known),
            Inserted::AccountChanged => Err(PasskeyError::Ended),
        }
    }

    fn check_may_register(&self, account: &Account<U>) -> Result<(), PasskeyError> {
        let must_be_verified = self.config.requires_verified && U::SHAPE.recovery.is_some();
        if must_be_verified && !account.is_verified() {
            return Err(PasskeyError::NotVerified);
        }
        Ok(())
    }

    fn max(&self) -> usize {
        usize::try_from(self.config.max_passkeys).unwrap_or(usize::MAX)
    }

    fn too_many(&self) -> PasskeyError {
        PasskeyError::TooMany { max: self.config.max_passkeys }
    }
}

/// The name by which the dialogs of a browser show the account.
fn shown_name<U: AuthUser>(account: &Account<U>) -> String {
    let kinds = [IdentifierKind::Email, IdentifierKind::Username];
    let name = kinds.into_iter().find_map(|kind| account.named(kind)).map(str::to_owned);
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| account.user.id().to_string())
}
