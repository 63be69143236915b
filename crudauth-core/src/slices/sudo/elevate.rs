//! Elevates a session.

use chrono::{DateTime, Utc};

use super::{Sudo, SudoError};
use crate::event::Event;
use crate::guard::Guess;
use crate::model::{Account, AuthUser, PasswordHash, Proofs};
use crate::password::{Password, Verdict};
use crate::principal::{CurrentSession, Principal};
use crate::slices::mfa::CodeError;
use crate::slices::sessions::OpenedSession;

/// What an owner proves.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Proof {
    /// The password, for an account that has one.
    pub password: Option<Password>,
    /// A code of the authenticator or a recovery code, for an account with a second factor.
    pub code: Option<String>,
}

/// An elevated session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Elevated {
    /// The session, with other secrets than before.
    pub session: OpenedSession,
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
    ) -> Result<Elevated, SudoError> {
        let session = principal.session().ok_or(SudoError::NeedsSession)?;
        let account = principal.account();
        let session_key = session.handle();
        let parts = [account.counter_key(), session_key.to_string()];
        let guess = self.kit.lockout.guess("sudo", &parts, self.config.rule());
        if let Some(retry_after) = self.kit.lockout.guess_lock(&guess, self.kit.now()).await? {
            return Err(SudoError::LockedOut { retry_after });
        }
        let found = self.kit.accounts.with_hash(account.user.id()).await?;
        let Some((_, hash)) = found.filter(|(found, _)| found.state() == account.state()) else {
            return Err(SudoError::Ended);
        };
        self.prove_password(principal, proof, &hash, &guess).await?;
        self.prove_second_factor(account, proof, &guess).await?;
        if !self.kit.lockout.admit_guess(&guess, self.kit.now()).await? {
            return Err(self.failed(account, &guess, SudoError::WrongPassword).await);
        }
        self.renew(account, session, proof).await
    }

    async fn prove_password(
        &self,
        principal: &Principal<U>,
        proof: &Proof,
        hash: &PasswordHash,
        guess: &Guess,
    ) -> Result<(), SudoError> {
        let account = principal.account();
        if !hash.is_usable() {
            let is_fresh = principal.is_fresh(self.config.max_sign_in_age, self.kit.now());
            // A second factor proves the owner as well.
            let may_pass = is_fresh || self.is_enrolled(account).await?;
            return if may_pass { Ok(()) } else { Err(SudoError::NotFresh) };
        }
        let is_right = match &proof.password {
            Some(password) => {
                self.kit.hashing.verify(password, Some(hash)).await? != Verdict::Wrong
            }
            None => false,
        };
        if is_right {
            return Ok(());
        }
        Err(self.failed(account, guess, SudoError::WrongPassword).await)
    }

    async fn prove_second_factor(
        &self,
        account: &Account<U>,
        proof: &Proof,
        guess: &Guess,
    ) -> Result<(), SudoError> {
        let Some(mfa) = &self.mfa else { return Ok(()) };
        if !mfa.is_enrolled(account).await? {
            return Ok(());
        }
        let code = proof.code.as_deref().ok_or(SudoError::CodeNeeded)?;
        match mfa.accept(account, code).await {
            Ok(()) => Ok(()),
            Err(CodeError::Store(error)) => Err(error.into()),
            Err(error @ (CodeError::Invalid | CodeError::ThreeNeeded)) => {
                Err(self.failed(account, guess, error.into()).await)
            }
        }
    }

    async fn is_enrolled(&self, account: &Account<U>) -> Result<bool, SudoError> {
        match &self.mfa {
            Some(mfa) => Ok(mfa.is_enrolled(account).await?),
            None => Ok(false),
        }
    }

    async fn renew(
        &self,
        account: &Account<U>,
        session: &CurrentSession,
        proof: &Proof,
    ) -> Result<Elevated, SudoError> {
        let now = self.kit.now();
        let before = session.proofs();
        let proofs = Proofs {
            password_at: proof.password.as_ref().map_or(before.password_at, |_| Some(now)),
            second_factor_at: proof.code.as_ref().map_or(before.second_factor_at, |_| Some(now)),
            elevated_at: Some(now),
        };
        let renewed = self.sessions.renew(session, proofs).await?;
        let session = renewed.ok_or(SudoError::Ended)?;
        let event = Event::new("session elevated").account(account);
        self.kit.emit(event.credential(&session.handle));
        Ok(Elevated { session, ends_at: self.ends_at(now) })
    }

    /// Records a failure. The one that locks is answered as locked.
    async fn failed(&self, account: &Account<U>, guess: &Guess, error: SudoError) -> SudoError {
        self.kit.emit(Event::warning("elevation rejected").account(account));
        match self.kit.lockout.record_guess(guess, self.kit.now()).await {
            Ok(Some(retry_after)) => SudoError::LockedOut { retry_after },
            Ok(None) => error,
            Err(cause) => cause.into(),
        }
    }
}
