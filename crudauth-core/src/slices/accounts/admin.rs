//! What an administrator does to an account.

use std::sync::Arc;

use crate::event::Event;
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
        let exists = self.kit.accounts.set_active(id, false, self.kit.now()).await?;
        self.kit.emit(Event::new("account disabled").account_id(id).count(exists.into()));
        Ok(exists)
    }

    /// Enables an account again. Its owner must sign in again. Returns `true` if there is such an
    /// account.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn enable(&self, id: &U::Id) -> Result<bool, StoreError> {
        let exists = self.kit.accounts.set_active(id, true, self.kit.now()).await?;
        self.kit.emit(Event::new("account enabled").account_id(id).count(exists.into()));
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
        let change = self.tokens.set_contact(id, contact, self.kit.now()).await?;
        let is_done = change == ContactChange::Done;
        self.kit.emit(Event::new("contact replaced").account_id(id).count(is_done.into()));
        Ok(change)
    }

    /// Deletes an account with its sessions, tokens and API keys. Returns `true` if there was one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn delete(&self, id: &U::Id) -> Result<bool, StoreError> {
        let existed = self.kit.accounts.delete(id).await?;
        self.kit.emit(Event::new("account deleted").account_id(id).count(existed.into()));
        Ok(existed)
    }
}

impl<U: AuthUser> std::fmt::Debug for Administration<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Administration(..)")
    }
}
