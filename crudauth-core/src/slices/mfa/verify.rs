//! Judges codes, and takes those that are right.
//!
//! The two are apart because a sign-in takes its challenge in between: of several right codes that
//! arrive at once for one challenge, one is taken.

use tracing::error;

use super::Mfa;
use super::error::CodeError;
use super::recovery_code::RecoveryCode;
use super::store::{Authenticator, Guesser};
use super::totp::TotpSecret;
use crate::event::EventKind;
use crate::model::{Account, AuthUser, RecoveryCodeDigest};
use crate::notify::MessageKind;

/// Longest text that is read as a code.
const MAX_BYTES: usize = 128;

/// Right codes in a row, before the last one, that reopen an authenticator.
const RIGHT_CODES: u32 = 2;

/// A right code that is not taken yet.
#[derive(Clone, Debug)]
pub(crate) enum RightCode {
    /// The code of this step.
    Step(i64),
    /// A recovery code.
    Recovery(RecoveryCodeDigest),
}

/// A code as a client sent it.
enum TypedCode {
    Totp([u8; 6]),
    Recovery(RecoveryCode),
}

impl TypedCode {
    fn parse(typed: &str) -> Option<Self> {
        if typed.len() > MAX_BYTES {
            return None;
        }
        match totp_code(typed) {
            Some(code) => Some(Self::Totp(code)),
            None => RecoveryCode::parse(typed).map(Self::Recovery),
        }
    }
}

/// Six ASCII digits, with blanks anywhere.
pub(super) fn totp_code(typed: &str) -> Option<[u8; 6]> {
    let digits: Vec<u8> = typed.bytes().filter(|byte| !matches!(byte, b' ' | b'\t')).collect();
    let code: [u8; 6] = digits.try_into().ok()?;
    code.iter().all(u8::is_ascii_digit).then_some(code)
}

/// The right codes in a row of this guesser.
fn right_codes(enrolled: &Authenticator, guesser: &Guesser) -> u32 {
    let is_own = enrolled.right_by.as_deref().is_some_and(|by| by == guesser.as_bytes());
    if is_own { enrolled.right_codes } else { 0 }
}

impl<U: AuthUser> Mfa<U> {
    /// Judges a code of the authenticator, or a recovery code. A wrong one counts as a failure.
    pub(crate) async fn judge(
        &self,
        account: &Account<U>,
        typed: &str,
        guesser: &Guesser,
    ) -> Result<RightCode, CodeError> {
        let found = self.store.find(account).await?;
        let Some(enrolled) = found.filter(|found| found.confirmed_at.is_some()) else {
            return Err(CodeError::Invalid);
        };
        match TypedCode::parse(typed) {
            Some(TypedCode::Totp(code)) => {
                let Some(secret) = self.secret_of(account, &enrolled) else {
                    return Err(CodeError::Invalid);
                };
                let is_new = |step: &i64| enrolled.last_step.is_none_or(|last| last < *step);
                let Some(step) = secret.step_of(&code, self.kit.now()).filter(is_new) else {
                    return Err(self.failed(account, guesser).await);
                };
                self.renew_secret(account, &enrolled, &secret).await;
                if self.is_locked(&enrolled) && right_codes(&enrolled, guesser) < RIGHT_CODES {
                    self.store.record_right_code(account, step, guesser).await?;
                    return Err(CodeError::ThreeNeeded { was_right: true });
                }
                Ok(RightCode::Step(step))
            }
            Some(TypedCode::Recovery(code)) => {
                let digest = code.digest(account);
                if self.store.has_recovery_code(account, &digest).await? {
                    return Ok(RightCode::Recovery(digest));
                }
                Err(self.failed(account, guesser).await)
            }
            None => Err(self.failed(account, guesser).await),
        }
    }

    /// Takes a right code. Of any number of calls with one code, one succeeds.
    pub(crate) async fn spend(
        &self,
        account: &Account<U>,
        code: &RightCode,
        guesser: &Guesser,
    ) -> Result<(), CodeError> {
        let max_failures = self.config.max_failures;
        let is_taken = match code {
            RightCode::Step(step) => {
                self.store.claim_step(account, *step, guesser, max_failures).await?
            }
            RightCode::Recovery(digest) => return self.spend_recovery_code(account, digest).await,
        };
        if is_taken { Ok(()) } else { Err(CodeError::Invalid) }
    }

    async fn spend_recovery_code(
        &self,
        account: &Account<U>,
        digest: &RecoveryCodeDigest,
    ) -> Result<(), CodeError> {
        let event = self.kit.event(EventKind::RecoveryCodeUsed).account(account);
        let spend = self.store.spend_recovery_code(account, digest);
        let (event, is_taken) = self.kit.recording(event, spend).await?;
        if !is_taken {
            return Err(CodeError::Invalid);
        }
        self.kit.emit(event);
        self.notify(MessageKind::RecoveryCodeUsed, account);
        Ok(())
    }

    /// Judges and takes a code.
    pub(crate) async fn accept(
        &self,
        account: &Account<U>,
        typed: &str,
        guesser: &Guesser,
    ) -> Result<(), CodeError> {
        let code = self.judge(account, typed, guesser).await?;
        self.spend(account, &code, guesser).await
    }

    async fn failed(&self, account: &Account<U>, guesser: &Guesser) -> CodeError {
        self.kit.emit(self.kit.event(EventKind::CodeRejected).account(account));
        let failures = match self.store.record_failure(account, guesser).await {
            Ok(failures) => failures,
            Err(error) => return error.into(),
        };
        if failures == self.config.max_failures {
            self.kit.emit(self.kit.event(EventKind::SecondFactorLocked).account(account));
            self.notify(MessageKind::SecondFactorGuessed, account);
        }
        if failures >= self.config.max_failures {
            CodeError::ThreeNeeded { was_right: false }
        } else {
            CodeError::Invalid
        }
    }

    fn is_locked(&self, enrolled: &Authenticator) -> bool {
        enrolled.failures >= self.config.max_failures
    }

    fn secret_of(&self, account: &Account<U>, enrolled: &Authenticator) -> Option<TotpSecret> {
        let secret = self.kit.keys.open(&account.counter_key(), &enrolled.secret);
        if secret.is_none() {
            error!(
                account = %account.user.id(),
                "a second factor cannot be decrypted: add the secret of that time to `previous_secrets`"
            );
        }
        secret.map(TotpSecret::from_bytes)
    }

    /// Encrypts the secret under the current key, if an earlier one was in use. A failure does not
    /// affect the code.
    async fn renew_secret(
        &self,
        account: &Account<U>,
        enrolled: &Authenticator,
        secret: &TotpSecret,
    ) {
        let old = &enrolled.secret;
        if self.kit.keys.is_current(old) {
            return;
        }
        let renewed = match self.kit.keys.seal(&account.counter_key(), secret.as_bytes()) {
            Ok(new) => self.store.renew_secret(account, old, &new).await,
            Err(error) => Err(error),
        };
        if let Err(error) = renewed {
            error.log("renewing the encryption of a second factor");
        }
    }
}
