//! Consumes one-time tokens.

use super::Recovery;
use super::store::{Consumed, OneTimeTokenRecord, Purpose};
use crate::event::{Event, EventKind};
use crate::model::{Account, AuthUser, FieldError, OneTimeDigest, OneTimeToken};
use crate::notify::MessageKind;
use crate::password::{Busy, Password, policy_errors};
use crate::store_error::StoreError;

/// A one-time token was consumed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Confirmed {
    /// Path of the app's site to go on to, if the request named one.
    pub redirect_to: Option<String>,
}

/// A password was reset.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PasswordReset<U: AuthUser> {
    /// The account in its new state.
    pub account: Account<U>,
    /// Path of the app's site to go on to, if the request named one.
    pub redirect_to: Option<String>,
}

/// Why a one-time token was not consumed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// It is malformed, unknown or expired, or the contact it was bound to has changed.
    #[error("invalid or expired token")]
    Invalid,
    /// It was consumed before, or by another request at the same time.
    #[error("token already used")]
    Used,
    /// It was consumed before, and the account has changed by it. crudauth-py has another sentence
    /// for this than for [`Used`](Self::Used).
    #[error("token already used, and its change is made")]
    AlreadyDone,
    /// The new password is rejected; the token can be used again.
    #[error("the new password is invalid")]
    Password(Vec<FieldError>),
    /// Another account has the new address; the token can be used again.
    #[error("the address is taken")]
    AddressTaken,
    /// The hashing queue is full; the token can be used again.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

impl<U: AuthUser> Recovery<U> {
    /// Verifies the contact that the token was sent to.
    ///
    /// # Errors
    /// [`ConfirmError`].
    pub async fn confirm_verification(&self, token: &str) -> Result<Confirmed, ConfirmError> {
        let token = self.find(token, Purpose::Verify).await?;
        let event = self.kit.event(EventKind::ContactVerified).account(&token.account);
        let consume = self.tokens.confirm_contact(&token, self.kit.now());
        let consumed = self.kit.recording(event, consume).await?;
        self.finish(consumed, &token)
    }

    /// Sets a new password. Every session, bearer token and API key of the account is revoked, and
    /// its other links are void. The owner gets a notice. If the contact was unverified before,
    /// second factors and passkeys are removed as well: a stranger may have added them.
    ///
    /// # Errors
    /// [`ConfirmError`]; a password that is rejected does not consume the token.
    pub async fn confirm_reset(
        &self,
        token: &str,
        password: &Password,
    ) -> Result<PasswordReset<U>, ConfirmError> {
        let token = self.find(token, Purpose::Reset).await?;
        let judged = self.kit.policy.judge(password, &token.account.names()).await;
        judged.map_err(|found| ConfirmError::Password(policy_errors("new_password", found)))?;
        let hash = self.kit.hashing.hash(password).await?;
        let event = self.kit.event(EventKind::PasswordReset).account(&token.account);
        let consume = self.tokens.reset_password(&token, &hash, self.kit.now());
        let consumed = self.kit.recording(event, consume).await?;
        let Confirmed { redirect_to } = self.finish(consumed, &token)?;
        let mut account = token.account;
        account.state.version += 1;
        account.is_verified = true;
        // The password is reset, whether or not this succeeds.
        if let Err(error) = self.kit.lockout.lift(&account).await {
            error.log("lifting a lock");
        }
        self.notifier.notify_account(MessageKind::PasswordChanged, &account);
        Ok(PasswordReset { account, redirect_to })
    }

    /// Moves the account to the address that the link was mailed to. The old address gets a notice.
    ///
    /// # Errors
    /// [`ConfirmError`].
    pub async fn confirm_change(&self, token: &str) -> Result<Confirmed, ConfirmError> {
        let token = self.find(token, Purpose::Change).await?;
        let event = self.kit.event(EventKind::AddressChanged).account(&token.account);
        let consume = self.tokens.move_address(&token, self.kit.now());
        let consumed = self.kit.recording(event, consume).await?;
        let confirmed = self.finish(consumed, &token)?;
        // To the old address: the account is as it was before.
        self.notifier.notify_account(MessageKind::EmailChanged, &token.account);
        Ok(confirmed)
    }

    /// Returns the account that the link with this token deletes. Nothing is consumed: the deletion
    /// changes the state that the token is bound to.
    pub(crate) async fn deletion_of(&self, token: &str) -> Result<Option<Account<U>>, StoreError> {
        let Some(token) = OneTimeToken::parse(token) else { return Ok(None) };
        let found = self.tokens.find(&token.digest(), Purpose::Delete, self.kit.now()).await?;
        Ok(found.map(|token| token.account))
    }

    async fn find(
        &self,
        token: &str,
        purpose: Purpose,
    ) -> Result<OneTimeTokenRecord<U>, ConfirmError> {
        let token = OneTimeToken::parse(token).ok_or(ConfirmError::Invalid)?;
        self.find_digest(&token.digest(), purpose).await
    }

    pub(super) async fn find_digest(
        &self,
        digest: &OneTimeDigest,
        purpose: Purpose,
    ) -> Result<OneTimeTokenRecord<U>, ConfirmError> {
        let found = self.tokens.find(digest, purpose, self.kit.now()).await?;
        match found {
            Some(token) if token.is_used => Err(match purpose {
                Purpose::Verify | Purpose::SignIn => ConfirmError::Used,
                Purpose::Reset | Purpose::Change | Purpose::Delete => ConfirmError::AlreadyDone,
            }),
            Some(token) => Ok(token),
            None => {
                self.kit.emit(self.kit.event(EventKind::LinkRejected));
                Err(ConfirmError::Invalid)
            }
        }
    }

    fn finish(
        &self,
        (event, consumed): (Event, Consumed),
        token: &OneTimeTokenRecord<U>,
    ) -> Result<Confirmed, ConfirmError> {
        match consumed {
            Consumed::Done => {
                self.kit.emit(event);
                Ok(Confirmed { redirect_to: token.redirect_to.clone() })
            }
            Consumed::Spent => Err(ConfirmError::Used),
            Consumed::Taken => Err(ConfirmError::AddressTaken),
        }
    }
}
