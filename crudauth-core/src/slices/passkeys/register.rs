//! Adds a passkey to an account.

use super::ceremony::{CeremonyOptions, Found, Mediation, NewPasskey, Purpose};
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
use crate::store_error::StoreError;

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
    /// The session of the caller, which has another token now. `None` for an accepted offer.
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
        Ok(self.options(account, &known, Mediation::Required, binding).await?)
    }

    /// Offers a passkey to an account that has just signed in by password, in a browser that makes one
    /// without a dialog (WebAuthn Level 3, conditional create). The caller must pass the options on to
    /// the page that sent the password: [`finish_registration`](Self::finish_registration) asks for no
    /// fresh proof then.
    ///
    /// Returns `None` for an account that must not or cannot get one in this way: without a verified
    /// address, with an authenticator app, with the maximum number, where every account needs a second
    /// factor, or where passkeys are [second factors](super::PasskeyConfig::is_second_factor). A failure
    /// of the store is logged, because the sign-in is not to fail with its offer.
    pub async fn offer(&self, account: &Account<U>, binding: &Binding) -> Option<CeremonyOptions> {
        let offered = self.offered(account, binding).await;
        offered.inspect_err(|error| error.log("offering a passkey")).ok().flatten()
    }

    async fn offered(
        &self,
        account: &Account<U>,
        binding: &Binding,
    ) -> Result<Option<CeremonyOptions>, StoreError> {
        let is_open = self.makes_offers() && self.check_may_register(account).is_ok();
        if !is_open || self.sudo.is_enrolled(account).await? {
            return Ok(None);
        }
        let known = self.store.list(account).await?;
        if known.len() >= self.max() {
            return Ok(None);
        }
        self.options(account, &known, Mediation::Conditional, binding).await.map(Some)
    }

    /// A passkey without a dialog must not become a second factor.
    fn makes_offers(&self) -> bool {
        !self.config.is_second_factor && !self.sudo.needs_second_factor()
    }

    async fn options(
        &self,
        account: &Account<U>,
        known: &[StoredPasskey],
        mediation: Mediation,
        binding: &Binding,
    ) -> Result<CeremonyOptions, StoreError> {
        // Authenticators keep one account for all passkeys of a handle. It reveals nothing about the
        // account (WebAuthn Level 3, section 14.6.1).
        let user_handle = known.first().map_or_else(random, |passkey| passkey.user_handle);
        let new = NewPasskey { user_handle, mediation };
        let started = self.party.registration(new, &shown_name(account), known)?;
        let owner = Some((account.user.id().clone(), account.state()));
        self.begin(Purpose::Register, started, owner, Some(new), binding).await
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
        let name = name.map(valid_name).transpose().map_err(PasskeyError::Invalid)?;
        let fresh = self.check_fresh(principal).await;
        let found = self.find(Purpose::Register, answer, browsers).await;
        if self.makes_offers() && found.as_ref().is_ok_and(Found::is_offer) {
            // Only the page that sent the password got the options, so nobody needs to prove it again.
            principal.check_fresh(self.config.max_sign_in_age, self.kit.now())?;
        } else {
            fresh?;
        }
        let ceremony = self.take_found(found?).await?;
        let is_owner = ceremony.account == Some((account.user.id().clone(), account.state()));
        let Some(new) = ceremony.new.filter(|_| is_owner) else {
            return Err(ProofError::Ended.into());
        };
        let now = self.kit.now();
        let mut passkey = self.party.registered(answer, &ceremony.state, new, now)?;
        passkey.name = name.unwrap_or(passkey.name);
        self.callers.check(principal).await?;
        let event = self.kit.event(EventKind::PasskeyAdded).account(account);
        let event = event.credential(&passkey.id());
        let (event, account) = self.kit.recording(event, self.insert(account, &passkey)).await?;
        self.kit.emit(event);
        self.notify(MessageKind::PasskeyAdded, &account);
        // Nobody has proved to be the owner by a passkey that is new. A page that accepts an offer has
        // other requests under way, which another token would refuse.
        let proofs = principal.session().map(CurrentSession::proofs).unwrap_or_default();
        let session = match new.mediation {
            Mediation::Required => self.callers.renew(principal, account.state(), proofs).await,
            Mediation::Conditional => None,
        };
        let accepted = self.accepted_now(&account, new.user_handle).await;
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
