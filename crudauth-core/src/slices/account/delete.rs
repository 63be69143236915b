//! Deletes accounts, at once or after a grace period.

use std::error::Error;

use chrono::{DateTime, Utc};
use tracing::{error, warn};

use super::store::{Closed, Deletion, Erased};
use super::{AccountError, OnDelete, Reference, SelfService, Tombstone};
use crate::event::EventKind;
use crate::model::{Account, AuthUser, OneTimeToken};
use crate::notify::MessageKind;
use crate::principal::{Principal, Role};
use crate::slices::sudo::Proof;
use crate::store_error::StoreError;

/// How a request to delete an account ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// The account is deleted.
    Deleted,
    /// The account is disabled, and is deleted then.
    Scheduled {
        /// When the grace period ends.
        due_at: DateTime<Utc>,
    },
    /// The owner got a mail with a link that deletes the account: the account has neither password
    /// nor second factor to prove it by.
    LinkSent,
}

/// Time until a deletion that met an obstacle is tried again.
const OBSTACLE_PAUSE: chrono::TimeDelta = chrono::TimeDelta::hours(1);

impl<U: AuthUser> SelfService<U> {
    /// Deletes the principal's account, after fresh proof. Every credential is invalid at once.
    ///
    /// The proof is an elevated session, or, in a mount without the slice `sudo`, all factors of the
    /// account. An account without any factor gets a mailed link instead.
    ///
    /// # Errors
    /// [`AccountError`]; the account stays then, without the data that hooks have erased.
    pub async fn delete(
        &self,
        principal: &Principal<U>,
        proof: &Proof,
    ) -> Result<Departure, AccountError> {
        let account = principal.owned_account()?;
        if let Some(recovery) = &self.recovery
            && self.proves_by_mail(principal).await?
        {
            recovery.start_deletion(account);
            return Ok(Departure::LinkSent);
        }
        self.sudo.confirm(principal, proof).await?;
        self.callers.check(principal).await?;
        self.leave(account).await
    }

    /// Deletes the account that the mailed link with this token is about.
    ///
    /// # Errors
    /// [`AccountError`]; the account stays then.
    pub async fn confirm_deletion(&self, token: &str) -> Result<Departure, AccountError> {
        let recovery = self.recovery.as_ref().ok_or(AccountError::InvalidToken)?;
        let account = recovery.deletion_of(token).await?.ok_or(AccountError::InvalidToken)?;
        match self.leave(&account).await {
            // Another request with the same link came first.
            Err(AccountError::Ended) => Err(AccountError::InvalidToken),
            result => result,
        }
    }

    /// Deletes up to 100 accounts after their grace period, or after a deletion that stopped halfway.
    /// Returns how many were deleted. An obstacle to a deletion is logged, and the deletion is tried
    /// again after an hour, so that it stands in the way of no other.
    ///
    /// # Errors
    /// If the store is unavailable.
    pub async fn finish_due(&self) -> Result<u64, StoreError> {
        let mut deleted = 0;
        let now = self.kit.now();
        for account in self.store.due(now).await? {
            match self.finish(&account).await {
                Ok(()) => deleted += 1,
                Err(AccountError::Store(error @ StoreError::Unavailable(_))) => return Err(error),
                Err(cause) => {
                    error!(
                        account = %account.user.id(),
                        error = &cause as &dyn Error,
                        "account not deleted"
                    );
                    self.store.postpone(&account, now + OBSTACLE_PAUSE).await?;
                }
            }
        }
        Ok(deleted)
    }

    /// Returns the columns of other tables that refer to accounts by foreign keys. Those that the
    /// database [refuses](super::OnDelete::Refuse) to leave behind are for a hook to handle.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn references(&self) -> Result<Vec<Reference>, StoreError> {
        self.store.references().await
    }

    /// Warns of the foreign keys whose rule for a deletion never runs, because rows stay.
    ///
    /// # Errors
    /// If the store fails.
    #[doc(hidden)]
    pub async fn warn_of_rules(&self) -> Result<(), StoreError> {
        if !self.config.keep_rows {
            return Ok(());
        }
        for Reference { table, column, on_delete } in self.references().await? {
            if on_delete != OnDelete::Refuse {
                warn!(table, column, "foreign key without effect: rows of deleted accounts stay");
            }
        }
        Ok(())
    }

    async fn proves_by_mail(&self, principal: &Principal<U>) -> Result<bool, AccountError> {
        let account = principal.account();
        let is_proved = principal.role() != Role::Owner || self.sudo.is_elevated(principal);
        Ok(!is_proved && account.contact().is_some() && !self.sudo.has_factor(account).await?)
    }

    /// Closes an account after proof, and deletes it if there is no grace period. A disabled account
    /// has none: a mail must not enable it.
    async fn leave(&self, account: &Account<U>) -> Result<Departure, AccountError> {
        let grace = self.config.grace.filter(|_| account.is_active());
        let now = self.kit.now();
        let undo = OneTimeToken::generate();
        let due_at = grace.map_or(now, |grace| now + grace);
        let deletion = Deletion { undo: undo.digest(), created_at: now, due_at };
        let event = self.kit.event(EventKind::DeletionRequested).account(account);
        let close = self.store.close(account, &deletion);
        // Without a grace period the deletion itself is the event.
        let (event, closed) = match grace {
            Some(_) => self.kit.recording(event, close).await?,
            None => (event, close.await?),
        };
        let closed = match closed {
            Closed::Done(closed) => closed,
            Closed::Changed => return Err(AccountError::Ended),
            Closed::LastSuperuser => return Err(AccountError::LastSuperuser),
        };
        if let Some(grace) = grace {
            self.kit.emit(event);
            self.mail_undo(account, undo, grace);
            return Ok(Departure::Scheduled { due_at });
        }
        match self.finish(&closed).await {
            Ok(()) => Ok(Departure::Deleted),
            // The rest is done by a purge.
            Err(AccountError::Store(error)) => Err(error.into()),
            Err(error) => {
                self.store.reopen(&closed, account.is_active(), self.kit.now()).await?;
                Err(error)
            }
        }
    }

    /// Deletes a closed account: first the data of the hooks, then the account with the rows of the
    /// library.
    async fn finish(&self, account: &Account<U>) -> Result<(), AccountError> {
        for data in &self.data {
            let name = data.name();
            data.erase(account).await.map_err(|cause| AccountError::Data { name, cause })?;
        }
        let event = self.kit.event(EventKind::AccountDeleted).account(account);
        let keeps = self.config.keep_rows;
        let tombstone = keeps.then(|| Tombstone::new::<U>(self.kit.now()));
        let erase = self.store.erase(account, tombstone.as_ref());
        let (event, erased) = self.kit.recording(event, erase).await?;
        match erased {
            Erased::Done => {}
            Erased::Changed => return Err(AccountError::Ended),
            Erased::Referenced(reference) => return Err(AccountError::Referenced(reference)),
            Erased::Refused(reason) => return Err(AccountError::Refused(reason)),
        }
        self.kit.emit(event);
        self.notify(MessageKind::AccountDeleted, account);
        Ok(())
    }

    fn mail_undo(&self, account: &Account<U>, undo: OneTimeToken, grace: std::time::Duration) {
        let Some((notifier, to)) = self.kit.notifier.clone().zip(account.contact()) else { return };
        notifier.send(MessageKind::DeletionRequested, to, undo, grace);
    }
}
