//! Changes a password, and sets a first one.

use std::sync::Arc;

use crate::event::EventKind;
use crate::kit::Kit;
use crate::model::{Account, AccountState, AuthUser, FieldError, Proofs};
use crate::notify::MessageKind;
use crate::password::{Busy, Password, Verdict, policy_errors};
use crate::principal::{Credential, NotFresh, OwnerError, Principal};
use crate::slices::bearer::BearerTokens;
use crate::slices::sessions::{RenewedSession, Sessions};
use crate::store_error::StoreError;

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The current password is wrong, or it was changed concurrently.
    #[error("the current password is wrong")]
    WrongPassword,
    /// The account has no password that could be changed.
    #[error("the account has no password")]
    NoPassword,
    /// The account has a password already.
    #[error("the account has a password already")]
    HasPassword,
    /// The sign-in is too old for this, or has skipped the second factor.
    #[error(transparent)]
    NotFresh(#[from] NotFresh),
    /// The caller's credential was revoked meanwhile; the owner must sign in again.
    #[error("the caller's sign-in has ended")]
    Ended,
    /// The caller is a program.
    #[error("program credentials cannot change the password")]
    NotOwner,
    /// The new password is rejected.
    #[error("the new password is invalid")]
    Invalid(Vec<FieldError>),
    /// The hashing queue is full.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

impl From<OwnerError> for PasswordError {
    fn from(error: OwnerError) -> Self {
        match error {
            OwnerError::NotOwner => Self::NotOwner,
            OwnerError::Ended => Self::Ended,
            OwnerError::Store(error) => Self::Store(error),
        }
    }
}

/// Changes and sets passwords.
pub struct Passwords<U: AuthUser> {
    kit: Kit<U>,
    callers: Callers<U>,
}

/// Checks the credential of a caller again, right before something lasting is stored.
///
/// Credentials may be kept in another store than the account, so the check cannot be part of its
/// transaction: a revocation within the same few milliseconds may come second.
pub struct Callers<U: AuthUser> {
    sessions: Arc<Sessions<U>>,
    tokens: Arc<BearerTokens<U>>,
}

impl<U: AuthUser> Callers<U> {
    /// Creates it over the slices whose credentials act for an owner.
    #[doc(hidden)]
    #[must_use]
    pub fn new(sessions: Arc<Sessions<U>>, tokens: Arc<BearerTokens<U>>) -> Self {
        Self { sessions, tokens }
    }

    /// Keeps the caller's session valid in a new state of the account, which the caller has just
    /// made. If that fails, the owner signs in again.
    pub(crate) async fn keep(&self, principal: &Principal<U>, state: AccountState) {
        if let Some(session) = principal.session()
            && let Err(error) = self.sessions.rebind(session, state).await
        {
            error.log("keeping the session of a changed account");
        }
    }

    /// Gives the caller's session another token in a new state of the account, which the caller has
    /// just made. If that fails, the owner signs in again.
    pub(crate) async fn renew(
        &self,
        principal: &Principal<U>,
        state: AccountState,
        proofs: Proofs,
    ) -> Option<RenewedSession> {
        let renewed = self.sessions.renew(principal.session()?, state, proofs).await;
        renewed.unwrap_or_else(|error| {
            error.log("renewing the session of a changed account");
            None
        })
    }

    /// Returns an error unless the caller's credential is still valid.
    pub(crate) async fn check(&self, principal: &Principal<U>) -> Result<(), OwnerError> {
        let is_valid = match principal.credential() {
            Credential::Session(session) => self.sessions.is_valid(session).await?,
            Credential::TokenFamily(family) => self.tokens.is_valid(family).await?,
            Credential::Other => true,
        };
        if is_valid { Ok(()) } else { Err(OwnerError::Ended) }
    }
}

impl<U: AuthUser> Clone for Callers<U> {
    fn clone(&self) -> Self {
        Self { sessions: Arc::clone(&self.sessions), tokens: Arc::clone(&self.tokens) }
    }
}

impl<U: AuthUser> Passwords<U> {
    /// Creates the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(kit: Kit<U>, callers: Callers<U>) -> Self {
        Self { kit, callers }
    }

    /// Changes the password of the principal's account, and returns the account as it is then.
    ///
    /// Every session but the caller's, every bearer token and every API key is revoked, pending
    /// resets and changes of address are void, and the owner gets a notice.
    ///
    /// # Errors
    /// [`PasswordError`]; nothing changes then.
    pub async fn change(
        &self,
        principal: &Principal<U>,
        current: &Password,
        new: &Password,
    ) -> Result<Account<U>, PasswordError> {
        let account = principal.owned_account()?;
        let found = self.kit.accounts.with_hash(account.user.id()).await?;
        let Some((_, hash)) = found.filter(|(found, _)| found.state() == account.state()) else {
            return Err(PasswordError::WrongPassword);
        };
        if !hash.is_usable() {
            return Err(PasswordError::NoPassword);
        }
        // A new password that is rejected anyway need not cost a verification.
        self.judge(account, new).await?;
        if self.kit.hashing.verify(current, Some(&hash)).await? == Verdict::Wrong {
            self.kit.emit(self.kit.event(EventKind::PasswordChangeRejected).account(account));
            return Err(PasswordError::WrongPassword);
        }
        self.store(principal, new).await?.ok_or(PasswordError::WrongPassword)
    }

    /// Gives the principal's account its first password, if it has none and the owner signed in
    /// recently. Other sessions are revoked.
    ///
    /// Only a session proves a recent sign-in, as in crudauth-py: a token may be far from its owner.
    ///
    /// # Errors
    /// [`PasswordError`]; nothing changes then.
    pub async fn set(
        &self,
        principal: &Principal<U>,
        new: &Password,
    ) -> Result<Account<U>, PasswordError> {
        let account = principal.owned_account()?;
        let found = self.kit.accounts.with_hash(account.user.id()).await?;
        let Some((_, hash)) = found.filter(|(found, _)| found.state() == account.state()) else {
            return Err(PasswordError::Ended);
        };
        if hash.is_usable() {
            return Err(PasswordError::HasPassword);
        }
        let max_age = self.callers.sessions.config().max_sign_in_age;
        principal.session().ok_or(NotFresh::TooOld)?;
        principal.check_fresh(max_age, self.kit.now())?;
        self.judge(account, new).await?;
        self.store(principal, new).await?.ok_or(PasswordError::Ended)
    }

    async fn judge(&self, account: &Account<U>, new: &Password) -> Result<(), PasswordError> {
        let judged = self.kit.policy.judge(new, &account.names()).await;
        judged.map_err(|found| PasswordError::Invalid(policy_errors("new_password", found)))
    }

    /// Stores the password, and returns `None` if the account has changed meanwhile.
    async fn store(
        &self,
        principal: &Principal<U>,
        new: &Password,
    ) -> Result<Option<Account<U>>, PasswordError> {
        let hash = self.kit.hashing.hash(new).await?;
        self.callers.check(principal).await?;
        let account = principal.account();
        let event = self.kit.event(EventKind::PasswordChanged).account(account);
        let change = self.kit.accounts.set_password(account, &hash, event.at());
        let (event, changed) = self.kit.recording(event, change).await?;
        let Some(changed) = changed else { return Ok(None) };
        self.callers.keep(principal, changed.state()).await;
        self.kit.emit(event);
        if let Some(notifier) = &self.kit.notifier {
            notifier.notify_account(MessageKind::PasswordChanged, account);
        }
        Ok(Some(changed))
    }
}

impl<U: AuthUser> std::fmt::Debug for Callers<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Callers(..)")
    }
}

impl<U: AuthUser> std::fmt::Debug for Passwords<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passwords(..)")
    }
}
