//! What an administrator does to an account.

use std::sync::Arc;

use crate::event::EventKind;
use crate::kit::Kit;
use crate::model::{AuthUser, Contact};
use crate::slices::recovery::store::{ContactChange, OneTimeTokenStore};
use crate::store_error::StoreError;

/// Disables, enables and deletes accounts, and gives them another contact.
pub struct Administration<U: AuthUser> {
    kit: Kit<U>,
    tokens: Arc<dyn OneTimeTokenStore<U>>,
}

impl<U: AuthUser> Administration<U> {
    /// Creates the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(kit: Kit<U>, tokens: Arc<dyn OneTimeTokenStore<U>>) -> Self {
        Self { kit, tokens }
    }

    /// Disables an account: its sessions, tokens and API keys are revoked for good. Returns `true`
    /// if there is such an account.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn disable(&self, id: &U::Id) -> Result<bool, StoreError> {
        let event = self.kit.event(EventKind::AccountDisabled).account_id(id);
        let change = self.kit.accounts.set_active(id, false, self.kit.now());
        let (event, exists) = self.kit.recording(event, change).await?;
        self.kit.emit(event.count(exists.into()));
        Ok(exists)
    }

    /// Enables an account again. Its owner must sign in again. Returns `true` if there is such an
    /// account.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn enable(&self, id: &U::Id) -> Result<bool, StoreError> {
        let event = self.kit.event(EventKind::AccountEnabled).account_id(id);
        let change = self.kit.accounts.set_active(id, true, self.kit.now());
        let (event, exists) = self.kit.recording(event, change).await?;
        self.kit.emit(event.count(exists.into()));
        Ok(exists)
    }

    /// Gives an account another recovery contact, which is not verified. Links to the old one are
    /// void.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn set_contact(
        &self,
        id: &U::Id,
        contact: &Contact,
    ) -> Result<ContactChange, StoreError> {
        let is_of_kind = U::SHAPE.recovery_column().is_some_and(|column| {
            Contact::parse(column.kind, contact.as_str()).as_ref() == Some(contact)
        });
        if !is_of_kind {
            return Ok(ContactChange::NotFound);
        }
        let event = self.kit.event(EventKind::ContactReplaced).account_id(id);
        let change = self.tokens.set_contact(id, contact, self.kit.now());
        let (event, change) = self.kit.recording(event, change).await?;
        let is_done = change == ContactChange::Done;
        self.kit.emit(event.count(is_done.into()));
        Ok(change)
    }

    /// Deletes an account with its sessions, tokens and API keys. Returns `true` if there was one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn delete(&self, id: &U::Id) -> Result<bool, StoreError> {
        let event = self.kit.event(EventKind::AccountDeleted).account_id(id);
        let change = self.kit.accounts.delete(id);
        let (event, existed) = self.kit.recording(event, change).await?;
        self.kit.emit(event.count(existed.into()));
        Ok(existed)
    }
}

impl<U: AuthUser> std::fmt::Debug for Administration<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Administration(..)")
    }
}
