//! Elevates a session, and asks for fresh proof where none can be elevated.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Sudo, SudoError};
use crate::event::EventKind;
use crate::guard::store::{RateLimit, RateLimitOutcome};
use crate::guard::{Guess, Subject};
use crate::model::{Account, AuthUser, Proofs};
use crate::password::{Password, Verdict};
use crate::principal::{NotFresh, Principal, Role};
use crate::slices::mfa::{CodeError, guesser};
use crate::slices::passkeys::{PasskeyFactor, PasskeyProof};
use crate::slices::sessions::RenewedSession;
use crate::store_error::StoreError;

/// Elevations of one session, right or wrong: 10 in 5 minutes.
const LIMIT: RateLimit = RateLimit::new(10, Duration::from_mins(5));

/// What an owner proves. `Debug` does not show it.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Proof {
    /// The password, for an account that has one.
    pub password: Option<Password>,
    /// A code of the authenticator or a recovery code, for an account with a second factor.
    pub code: Option<String>,
    /// A passkey, in place of the password or the code. In place of both if it counts as both.
    pub passkey: Option<PasskeyProof>,
}

/// The factors that a passkey may still stand for.
struct Spare(u32);

impl Spare {
    fn of<U: AuthUser>(proof: &Proof, account: &Account<U>) -> Self {
        match proof.passkey.as_ref().filter(|passkey| passkey.is_of(account)) {
            Some(passkey) if passkey.counts_as_both() => Self(2),
            Some(_) => Self(1),
            None => Self(0),
        }
    }

    /// Returns `true` if the passkey stands for this factor.
    fn take(&mut self) -> bool {
        let is_left = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        is_left
    }
}

crate::opaque::opaque!(Proof);

/// An elevated session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ElevatedSession {
    /// The session, with another token than before.
    pub session: RenewedSession,
    /// When the elevation ends.
    pub ends_at: DateTime<Utc>,
}

impl<U: AuthUser> Sudo<U> {
    /// Elevates the session of the principal after all factors of the account were proved.
    ///
    /// Failures are counted for the session, so that a stolen one locks no other.
    ///
    /// # Errors
    /// [`SudoError`]; the session stays as it is then.
    pub async fn elevate(
        &self,
        principal: &Principal<U>,
        proof: &Proof,
    ) -> Result<ElevatedSession, SudoError> {
        let account = principal.owned_account()?;
        let session = principal.session().ok_or(SudoError::NeedsSession)?;
        let mut proofs = self.prove(principal, proof, session.proofs()).await?;
        let now = self.kit.now();
        proofs.elevated_at = Some(now);
        proofs.is_lowered = false;
        let event = self.kit.event(EventKind::SessionElevated).account(account);
        let renew = self.sessions.renew_with(event, session, account.state(), proofs);
        let session = renew.await?.ok_or(SudoError::Ended)?;
        Ok(ElevatedSession { session, ends_at: self.ends_at(now) })
    }

    /// Asks for fresh proof before something dangerous: an elevated session, or, in a mount without
    /// `POST /sudo`, all factors of the account at once. The application passes.
    ///
    /// # Errors
    /// [`SudoError`]; [`SudoError::NotElevated`] if the owner is to elevate the session first.
    pub async fn confirm(&self, principal: &Principal<U>, proof: &Proof) -> Result<(), SudoError> {
        principal.owned_account()?;
        if principal.role() == Role::Application || self.is_elevated(principal) {
            return Ok(());
        }
        if self.is_mounted {
            return Err(SudoError::NotElevated(self.missing(principal).await?));
        }
        self.prove(principal, proof, Proofs::default()).await.map(drop)
    }

    /// Asks for the second factor of an account that has one, unless the session is elevated. The
    /// application passes.
    pub(crate) async fn confirm_second_factor(
        &self,
        principal: &Principal<U>,
        proof: &Proof,
    ) -> Result<(), SudoError> {
        if principal.role() == Role::Application || self.is_elevated(principal) {
            return Ok(());
        }
        let mut spare = Spare::of(proof, principal.account());
        self.check_second_factor(principal, proof, &mut spare).await.map(drop)
    }

    /// Returns `true` if the account has a password or a second factor, by which its owner can prove
    /// the account.
    pub(crate) async fn has_factor(&self, account: &Account<U>) -> Result<bool, StoreError> {
        let found = self.kit.accounts.with_hash(account.user.id()).await?;
        let has_password = found.is_some_and(|(_, hash)| hash.is_usable());
        Ok(has_password || self.is_enrolled(account).await?)
    }

    /// Proves every factor of the account. Returns `proofs` with the factors that were proved.
    async fn prove(
        &self,
        principal: &Principal<U>,
        proof: &Proof,
        mut proofs: Proofs,
    ) -> Result<Proofs, SudoError> {
        let account = principal.account();
        let key = principal.handle().map_or_else(|| account.counter_key(), str::to_owned);
        let parts = [account.counter_key(), key.clone()];
        let guess = self.kit.lockout.guess("sudo", &parts, self.config.rule());
        let used = self.kit.limits.count("sudo", LIMIT, Subject::Target(&key)).await?.outcome;
        if let RateLimitOutcome::Exceeded { retry_after } = used {
            return Err(SudoError::LockedOut { retry_after });
        }
        let now = self.kit.now();
        if let Some(retry_after) = self.kit.lockout.guess_lock(&guess, now).await? {
            return Err(SudoError::LockedOut { retry_after });
        }
        let mut spare = Spare::of(proof, account);
        if spare.0 > 0 {
            proofs.passkey_at = Some(now);
        }
        if spare.0 > 1 {
            proofs.second_factor_at = Some(now);
        }
        if self.prove_password(principal, proof, &mut spare, &guess).await? {
            proofs.password_at = Some(now);
        }
        // Only an admitted guess may learn that the password was right.
        if !self.kit.lockout.is_admitted(&guess, now).await? {
            return Err(self.failed(account, &guess, SudoError::WrongPassword).await);
        }
        if self.prove_second_factor(principal, proof, &mut spare, &guess).await? {
            proofs.second_factor_at = Some(now);
        }
        self.kit.lockout.clear_guesses(&guess).await?;
        Ok(proofs)
    }

    /// Returns `true` if the password was verified, and `false` if the account has none or a passkey
    /// stands for it.
    async fn prove_password(
        &self,
        principal: &Principal<U>,
        proof: &Proof,
        spare: &mut Spare,
        guess: &Guess,
    ) -> Result<bool, SudoError> {
        let account = principal.account();
        let found = self.kit.accounts.with_hash(account.user.id()).await?;
        let Some((_, hash)) = found.filter(|(found, _)| found.state() == account.state()) else {
            return Err(SudoError::Ended);
        };
        if !hash.is_usable() {
            // A second factor or a passkey proves the owner as well.
            if spare.0 > 0 || self.is_enrolled(account).await? {
                return Ok(false);
            }
            return match principal.check_fresh(self.config.max_sign_in_age, self.kit.now()) {
                Ok(()) => Ok(false),
                Err(NotFresh::TooOld) => Err(SudoError::NotFresh),
                // The factor is a passkey.
                Err(NotFresh::SecondFactorSkipped) => Err(SudoError::PasskeyNeeded),
            };
        }
        if let Some(password) = &proof.password {
            let _place = self.kit.hashing.reserve(&[guess.counter()])?;
            if self.kit.hashing.verify(password, Some(&hash)).await? != Verdict::Wrong {
                return Ok(true);
            }
        } else if spare.take() {
            return Ok(false);
        }
        Err(self.failed(account, guess, SudoError::WrongPassword).await)
    }

    /// Returns `true` if a second factor was proved, and `false` if the account has none. A wrong code
    /// is a failure of the guess, and a right one of the row that reopens the factor is not.
    async fn prove_second_factor(
        &self,
        principal: &Principal<U>,
        proof: &Proof,
        spare: &mut Spare,
        guess: &Guess,
    ) -> Result<bool, SudoError> {
        match self.check_second_factor(principal, proof, spare).await {
            Err(
                error @ SudoError::Code(
                    CodeError::Invalid | CodeError::ThreeNeeded { was_right: false },
                ),
            ) => Err(self.failed(principal.account(), guess, error).await),
            result => result,
        }
    }

    async fn check_second_factor(
        &self,
        principal: &Principal<U>,
        proof: &Proof,
        spare: &mut Spare,
    ) -> Result<bool, SudoError> {
        let account = principal.account();
        let enrolled = self.is_enrolled(account).await?;
        let Some(mfa) = self.mfa.as_ref().filter(|_| enrolled) else {
            return self.prove_passkey(account, spare).await;
        };
        let Some(code) = proof.code.as_deref() else {
            return if spare.take() { Ok(true) } else { Err(SudoError::CodeNeeded) };
        };
        mfa.accept(account, code, &guesser(principal)).await?;
        Ok(true)
    }

    /// Returns `true` if the account has a passkey as second factor, and it was used. Where every
    /// account needs a second factor, a sign-in asks for the passkey as well.
    async fn prove_passkey(
        &self,
        account: &Account<U>,
        spare: &mut Spare,
    ) -> Result<bool, SudoError> {
        let is_required = self.needs_second_factor();
        let is_factor = |passkeys: &&PasskeyFactor<U>| is_required || passkeys.is_second_factor();
        match self.passkeys.as_ref().filter(is_factor) {
            Some(passkeys) if passkeys.has_one(account).await? => {
                if spare.take() {
                    Ok(true)
                } else {
                    Err(SudoError::PasskeyNeeded)
                }
            }
            _ => Ok(false),
        }
    }

    /// Whether every account of the mount needs a second factor.
    pub(crate) fn needs_second_factor(&self) -> bool {
        self.mfa.as_ref().is_some_and(|mfa| mfa.config().is_required)
    }

    pub(crate) async fn is_enrolled(&self, account: &Account<U>) -> Result<bool, StoreError> {
        match &self.mfa {
            Some(mfa) => mfa.is_enrolled(account).await,
            None => Ok(false),
        }
    }

    /// Records a failure. The one that locks is answered as locked.
    async fn failed(&self, account: &Account<U>, guess: &Guess, error: SudoError) -> SudoError {
        self.kit.emit(self.kit.event(EventKind::ElevationRejected).account(account));
        match self.kit.lockout.record_guess(guess, self.kit.now()).await {
            Ok(Some(retry_after)) => SudoError::LockedOut { retry_after },
            Ok(None) => error,
            Err(cause) => cause.into(),
        }
    }
}
