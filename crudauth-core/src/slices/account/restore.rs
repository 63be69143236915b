//! Withdraws a deletion during its grace period.

use super::{AccountError, SelfService};
use crate::event::EventKind;
use crate::model::{Account, AuthUser, OneTimeToken};
use crate::notify::MessageKind;

impl<U: AuthUser> SelfService<U> {
    /// Restores an account by the token from the mail about its deletion. Its owner signs in again:
    /// earlier credentials stay invalid.
    ///
    /// # Errors
    /// [`AccountError::InvalidToken`], [`AccountError::Store`].
    pub async fn restore(&self, token: &str) -> Result<Account<U>, AccountError> {
        let token = OneTimeToken::parse(token).ok_or(AccountError::InvalidToken)?;
        let event = self.kit.event(EventKind::AccountRestored);
        let digest = token.digest();
        let restore = self.store.restore(&digest, event.at());
        let (event, restored) = self.kit.recording(event, restore).await?;
        let account = restored.ok_or(AccountError::InvalidToken)?;
        self.kit.emit(event.account(&account));
        self.notify(MessageKind::AccountRestored, &account);
        Ok(account)
    }
}
