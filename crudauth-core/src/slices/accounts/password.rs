//! What a signed-in person does to their password, and what an administrator does to an account.

use std::sync::Arc;

use tracing::info;

use crate::model::{Account, AuthUser, Mistake};
use crate::notify::MessageKind;
use crate::password::{Busy, HashingPool, Password, PasswordPolicy, Verdict, judge};
use crate::ports::{AccountStore, Changed, Clock, Credential, StoreError};
use crate::slices::recovery::Recovery;
use crate::slices::sessions::{SessionConfig, Visitor};

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// The current password is wrong, or was changed by somebody else meanwhile.
    #[error("the current password is wrong")]
    WrongPassword,
    /// The account has no password that could be changed.
    #[error("the account has no password")]
    NoPassword,
    /// The account has a password already.
    #[error("the account has a password")]
    HasPassword,
    /// The sign-in is too long ago for this.
    #[error("the sign-in is too long ago")]
    NotFresh,
    /// What they ask by has ended meanwhile: they must sign in anew.
    #[error("the sign-in has ended")]
    Ended,
    /// Who asks is a program: passwords are for their owner to change.
    #[error("a program changes no password")]
    NotOwner,
    /// The new password is refused.
    #[error("the new password has mistakes")]
    Invalid(Vec<Mistake>),
    /// Too many passwords are waiting.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store failed.
    #[error("the account store failed")]
    Store(#[from] StoreError),
}

/// Changes and sets passwords, and what only an administrator may.
pub struct Passwords<U: AuthUser> {
    accounts: Arc<dyn AccountStore<U>>,
    hashing: HashingPool,
    policy: PasswordPolicy,
    recovery: Option<Recovery<U>>,
    clock: Arc<dyn Clock>,
}

impl<U: AuthUser> Passwords<U> {
    /// Wires the slice. With `recovery`, owners get a notice of every change.
    #[must_use]
    pub fn new(
        accounts: Arc<dyn AccountStore<U>>,
        hashing: HashingPool,
        policy: PasswordPolicy,
        recovery: Option<Recovery<U>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { accounts, hashing, policy, recovery, clock }
    }

    /// Changes the visitor's password, and answers the account as it is then. Every session but
    /// theirs, every bearer token and API key ends, pending resets and changes of address die, and
    /// the owner gets a notice.
    ///
    /// # Errors
    /// [`PasswordError`]; nothing changes then.
    pub async fn change(
        &self,
        visitor: Visitor<'_, U>,
        current: &Password,
        new: &Password,
    ) -> Result<Account<U>, PasswordError> {
        let account = visitor.owned().map_err(|_| PasswordError::NotOwner)?;
        if !account.hash.is_usable() {
            return Err(PasswordError::NoPassword);
        }
        // Judged first: what is refused anyway need not cost a verification.
        self.judge(account, new).await?;
        if self.hashing.verify(current, Some(&account.hash)).await? == Verdict::Wrong {
            info!(account = %account.user.id(), "password change refused: wrong password");
            return Err(PasswordError::WrongPassword);
        }
        self.store(account, new, visitor.credential()).await
    }

    /// Gives the visitor's account its first password, if it has none and the sign-in is recent.
    /// Only a session counts for one, as in crudauth-py: a token may be far from where its owner
    /// is. Other sessions end.
    ///
    /// # Errors
    /// [`PasswordError`]; nothing changes then.
    pub async fn set(
        &self,
        visitor: Visitor<'_, U>,
        new: &Password,
        config: &SessionConfig,
    ) -> Result<Account<U>, PasswordError> {
        let account = visitor.account;
        if account.hash.is_usable() {
            return Err(PasswordError::HasPassword);
        }
        let visit = visitor.session.ok_or(PasswordError::NotFresh)?;
        if !config.is_fresh(visit.session.created_at, self.clock.now()) {
            return Err(PasswordError::NotFresh);
        }
        self.judge(account, new).await?;
        self.store(account, new, visitor.credential()).await
    }

    /// Disables an account: its sessions, tokens and API keys end for good. Answers whether there is one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn disable(&self, id: &U::Id) -> Result<bool, StoreError> {
        let is_one = self.accounts.set_active(id, false, self.clock.now()).await?;
        info!(account = %id, is_one, "account disabled");
        Ok(is_one)
    }

    /// Enables an account again; whoever had a session must sign in anew. Answers whether there is
    /// one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn enable(&self, id: &U::Id) -> Result<bool, StoreError> {
        let is_one = self.accounts.set_active(id, true, self.clock.now()).await?;
        info!(account = %id, is_one, "account enabled");
        Ok(is_one)
    }

    /// Deletes an account with its sessions, tokens and API keys. Answers whether there was one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn delete(&self, id: &U::Id) -> Result<bool, StoreError> {
        let was_one = self.accounts.delete(id).await?;
        info!(account = %id, was_one, "account deleted");
        Ok(was_one)
    }

    async fn judge(&self, account: &Account<U>, new: &Password) -> Result<(), PasswordError> {
        judge(&self.policy, new, &account.names(), "new_password")
            .await
            .map_err(PasswordError::Invalid)
    }

    async fn store(
        &self,
        account: &Account<U>,
        new: &Password,
        by: Option<Credential>,
    ) -> Result<Account<U>, PasswordError> {
        let hash = self.hashing.hash(new).await?;
        match self.accounts.change_password(account, &hash, by, self.clock.now()).await? {
            Changed::Done => {}
            Changed::Moved => return Err(PasswordError::WrongPassword),
            Changed::Ended => return Err(PasswordError::Ended),
        }
        info!(account = %account.user.id(), "password changed");
        if let Some(recovery) = &self.recovery {
            recovery.notify_account(MessageKind::PasswordChanged, account);
        }
        Ok(Account { hash, version: account.version + 1, ..account.clone() })
    }
}

impl<U: AuthUser> std::fmt::Debug for Passwords<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passwords(..)")
    }
}
