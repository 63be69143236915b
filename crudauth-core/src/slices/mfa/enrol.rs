//! Adds and removes the second factor of an account.

use std::fmt;

use chrono::{DateTime, Utc};
use qrcode::QrCode;
use qrcode::render::svg;
use zeroize::Zeroizing;

use super::Mfa;
use super::error::{CodeError, MfaError};
use super::recovery_code::RecoveryCode;
use super::store::{Authenticator, Enrolment, Guesser};
use super::totp::TotpSecret;
use super::verify::totp_code;
use crate::event::EventKind;
use crate::model::{Account, AuthUser, IdentifierKind, Proofs};
use crate::notify::MessageKind;
use crate::password::{Password, Verdict};
use crate::principal::{CurrentSession, NotFresh, Principal, Role};
use crate::slices::sessions::RenewedSession;
use crate::store_error::StoreError;

/// Pixels of one square of a QR code.
const MODULE: u32 = 4;

/// An authenticator to be added to the owner's app. `Debug` does not show the secret.
#[derive(Clone)]
#[non_exhaustive]
pub struct Setup {
    /// The secret.
    pub secret: TotpSecret,
    /// The address that the QR code shows.
    pub uri: Zeroizing<String>,
}

impl Setup {
    /// The QR code that an authenticator scans, as an SVG image.
    #[must_use]
    pub fn qr_code(&self) -> Option<Zeroizing<String>> {
        // An address of the longest names fits: QR codes take 2,953 bytes.
        let code = QrCode::new(self.uri.as_bytes()).ok()?;
        let image = code.render::<svg::Color<'_>>().module_dimensions(MODULE, MODULE).build();
        Some(Zeroizing::new(image))
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Setup(..)")
    }
}

/// An account with its new second factor.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Enrolled<U: AuthUser> {
    /// The account in its new state.
    pub account: Account<U>,
    /// The recovery codes, to be shown once.
    pub recovery_codes: Vec<RecoveryCode>,
    /// The session of the caller, which has another token now.
    pub session: Option<RenewedSession>,
}

/// An account whose second factor was removed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Disabled<U: AuthUser> {
    /// The account in its new state.
    pub account: Account<U>,
    /// The session of the caller, which has another token now.
    pub session: Option<RenewedSession>,
}

/// State of the second factor of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MfaStatus {
    /// Whether a second factor is asked for at sign-in.
    pub is_enabled: bool,
    /// Whether every account needs one.
    pub is_required: bool,
    /// How many recovery codes are left.
    pub recovery_codes: u64,
}

impl<U: AuthUser> Mfa<U> {
    /// State of the second factor.
    ///
    /// # Errors
    /// [`MfaError::NotOwner`], [`MfaError::Store`].
    pub async fn status(&self, principal: &Principal<U>) -> Result<MfaStatus, MfaError> {
        let account = principal.owned_account()?;
        Ok(MfaStatus {
            is_enabled: self.is_enrolled(account).await?,
            is_required: self.config.is_required,
            recovery_codes: self.store.recovery_codes(account).await?,
        })
    }

    /// Begins to add an authenticator: it has no effect before [`confirm`](Self::confirm). An earlier
    /// authenticator that awaits its first code is void.
    ///
    /// The owner gives the password. Without one the owner must have signed in
    /// [recently](super::MfaConfig::max_sign_in_age), by a session.
    ///
    /// # Errors
    /// [`MfaError`]; nothing changes then.
    pub async fn set_up(
        &self,
        principal: &Principal<U>,
        password: Option<&Password>,
    ) -> Result<Setup, MfaError> {
        let account = principal.owned_account()?;
        self.check_owner(principal, password).await?;
        if !self.may_enrol(account) {
            return Err(MfaError::NotVerified);
        }
        if self.is_enrolled(account).await? {
            return Err(MfaError::AlreadyEnabled);
        }
        let setup = self.new_setup(account);
        let secret = self.kit.keys.seal(&account.counter_key(), setup.secret.as_bytes())?;
        if !self.store.store_pending(account, &secret, self.kit.now()).await? {
            return Err(MfaError::AlreadyEnabled);
        }
        Ok(setup)
    }

    /// Adds the authenticator whose first code this is. Every session but the caller's, every bearer
    /// token and every API key is revoked, and the owner gets a notice.
    ///
    /// # Errors
    /// [`MfaError`]; nothing changes then.
    pub async fn confirm(
        &self,
        principal: &Principal<U>,
        code: &str,
    ) -> Result<Enrolled<U>, MfaError> {
        let account = principal.owned_account()?;
        let found = self.store.find(account).await?;
        if found.as_ref().is_some_and(|found| found.confirmed_at.is_some()) {
            return Err(MfaError::AlreadyEnabled);
        }
        let pending = found.filter(|found| self.is_pending(found, account));
        let secret = pending.and_then(|pending| {
            self.kit.keys.open(&account.counter_key(), &pending.secret).map(TotpSecret::from_bytes)
        });
        let secret = secret.ok_or(MfaError::NoSetup)?;
        self.callers.check(principal).await?;
        let mut enrolled = self.enrol(account, &secret, code).await?.ok_or(MfaError::Ended)?;
        let before = principal.session().map(CurrentSession::proofs).unwrap_or_default();
        let proofs = Proofs { second_factor_at: Some(self.kit.now()), elevated_at: None, ..before };
        let state = enrolled.account.state();
        enrolled.session = self.callers.renew(principal, state, proofs).await;
        Ok(enrolled)
    }

    /// Stores an authenticator if this is its first code. Returns `None` if the account has changed
    /// or got an authenticator meanwhile.
    pub(crate) async fn enrol(
        &self,
        account: &Account<U>,
        secret: &TotpSecret,
        code: &str,
    ) -> Result<Option<Enrolled<U>>, CodeError> {
        let now = self.kit.now();
        let step = totp_code(code).and_then(|code| secret.step_of(&code, now));
        let step = step.ok_or(CodeError::Invalid)?;
        let recovery_codes = self.new_codes();
        let enrolment = Enrolment {
            secret: self.kit.keys.seal(&account.counter_key(), secret.as_bytes())?,
            step,
            recovery_codes: recovery_codes.iter().map(|code| code.digest(account)).collect(),
            now,
        };
        let event = self.kit.event(EventKind::SecondFactorAdded).account(account);
        let enrol = self.store.enrol(account, &enrolment);
        let (event, enrolled) = self.kit.recording(event, enrol).await?;
        let Some(account) = enrolled else { return Ok(None) };
        self.kit.emit(event);
        self.notify(MessageKind::SecondFactorAdded, &account);
        Ok(Some(Enrolled { account, recovery_codes, session: None }))
    }

    /// Removes the second factor, by a code of the authenticator or a recovery code. Every session
    /// but the caller's, every bearer token and every API key is revoked, and the owner gets a notice.
    ///
    /// # Errors
    /// [`MfaError`]; nothing changes then, except that a code is used up.
    pub async fn disable(
        &self,
        principal: &Principal<U>,
        code: &str,
    ) -> Result<Disabled<U>, MfaError> {
        let account = principal.owned_account()?;
        if self.config.is_required {
            return Err(MfaError::Required);
        }
        self.callers.check(principal).await?;
        self.accept(account, code, &guesser(principal)).await?;
        let account = self.remove_from(account).await?.ok_or(MfaError::Ended)?;
        let before = principal.session().map(CurrentSession::proofs).unwrap_or_default();
        let proofs = Proofs { second_factor_at: None, elevated_at: None, ..before };
        let session = self.callers.renew(principal, account.state(), proofs).await;
        Ok(Disabled { account, session })
    }

    /// Removes the second factor of an owner who has lost it, for a support desk that has made sure
    /// by other means who asks. Returns `true` if the account had one: then its credentials are
    /// revoked, and the owner gets a notice.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn remove(&self, account: &Account<U>) -> Result<bool, StoreError> {
        if !self.is_enrolled(account).await? {
            return Ok(false);
        }
        Ok(self.remove_from(account).await?.is_some())
    }

    /// As [`remove`](Self::remove), as a part of an action that reports and tells it. Returns the account
    /// as it is then, or `None` if it had no second factor.
    pub(crate) async fn take_away(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Option<Account<U>>, StoreError> {
        if !self.is_enrolled(account).await? {
            return Ok(None);
        }
        self.store.remove(account, now).await
    }

    async fn remove_from(&self, account: &Account<U>) -> Result<Option<Account<U>>, StoreError> {
        let event = self.kit.event(EventKind::SecondFactorRemoved).account(account);
        let remove = self.store.remove(account, event.at());
        let (event, removed) = self.kit.recording(event, remove).await?;
        if let Some(account) = &removed {
            self.kit.emit(event);
            self.notify(MessageKind::SecondFactorRemoved, account);
        }
        Ok(removed)
    }

    /// Replaces all recovery codes, by a code of the authenticator or a recovery code. Trust in browsers
    /// ends.
    ///
    /// # Errors
    /// [`MfaError`]; the codes stay then, except that one may be used up.
    pub async fn replace_recovery_codes(
        &self,
        principal: &Principal<U>,
        code: &str,
    ) -> Result<Vec<RecoveryCode>, MfaError> {
        let account = principal.owned_account()?;
        self.callers.check(principal).await?;
        self.accept(account, code, &guesser(principal)).await?;
        // Whoever found the former codes may have signed in by them.
        self.end_trust(account).await?;
        let codes = self.new_codes();
        let digests: Vec<_> = codes.iter().map(|code| code.digest(account)).collect();
        let event = self.kit.event(EventKind::RecoveryCodesReplaced).account(account);
        let replace = self.store.replace_recovery_codes(account, &digests, event.at());
        let (event, replaced) = self.kit.recording(event, replace).await?;
        if !replaced {
            return Err(CodeError::Invalid.into());
        }
        self.kit.emit(event);
        self.notify(MessageKind::RecoveryCodesReplaced, account);
        Ok(codes)
    }

    /// Whether the settings allow the account a second factor.
    pub(crate) fn may_enrol(&self, account: &Account<U>) -> bool {
        !self.config.requires_verified || U::SHAPE.recovery.is_none() || account.is_verified()
    }

    /// A new secret with its address, which nothing has stored.
    pub(crate) fn new_setup(&self, account: &Account<U>) -> Setup {
        self.setup_of(account, TotpSecret::generate())
    }

    pub(crate) fn setup_of(&self, account: &Account<U>, secret: TotpSecret) -> Setup {
        let kinds = [IdentifierKind::Email, IdentifierKind::Username];
        let name = kinds.into_iter().find_map(|kind| account.named(kind));
        let id = account.user.id().to_string();
        let uri = secret.uri(&self.config.issuer, name.unwrap_or(&id));
        Setup { secret, uri }
    }

    fn new_codes(&self) -> Vec<RecoveryCode> {
        (0..self.config.recovery_codes).map(|_| RecoveryCode::generate()).collect()
    }

    /// Whether an authenticator awaits its first code, since at most [`Self::SETUP_LIFETIME`].
    fn is_pending(&self, found: &Authenticator, account: &Account<U>) -> bool {
        let is_current = found.version == account.state.version;
        is_current && self.kit.now() - found.created_at < Self::SETUP_LIFETIME
    }

    async fn check_owner(
        &self,
        principal: &Principal<U>,
        password: Option<&Password>,
    ) -> Result<(), MfaError> {
        if principal.role() == Role::Application {
            return Ok(());
        }
        let account = principal.account();
        let found = self.kit.accounts.with_hash(account.user.id()).await?;
        let Some((_, hash)) = found.filter(|(found, _)| found.state() == account.state()) else {
            return Err(MfaError::Ended);
        };
        if !hash.is_usable() {
            let max_age = self.config.max_sign_in_age;
            principal.session().ok_or(NotFresh::TooOld)?;
            return Ok(principal.check_fresh(max_age, self.kit.now())?);
        }
        let password = password.ok_or(MfaError::WrongPassword)?;
        if self.kit.hashing.verify(password, Some(&hash)).await? == Verdict::Wrong {
            self.kit.emit(self.kit.event(EventKind::SecondFactorRejected).account(account));
            return Err(MfaError::WrongPassword);
        }
        Ok(())
    }
}

/// The codes of each credential are a row of their own.
pub(crate) fn guesser<U: AuthUser>(principal: &Principal<U>) -> Guesser {
    Guesser::new(principal.handle().unwrap_or_default().as_bytes())
}
