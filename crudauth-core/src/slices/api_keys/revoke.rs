//! Lists API keys for their owner, and revokes them.

use super::{ApiKeyEntry, ApiKeys};
use crate::event::EventKind;
use crate::model::{ApiKeyHandle, AuthUser};
use crate::principal::{OwnerError, Principal};

impl<U: AuthUser> ApiKeys<U> {
    /// Returns the valid keys of the principal's account, the newest first.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn list(&self, principal: &Principal<U>) -> Result<Vec<ApiKeyEntry>, OwnerError> {
        let now = self.kit.now();
        let mut keys = self.store.list(principal.owned_account()?, now).await?;
        for key in &mut keys {
            key.expires_at = self.end_of(key);
        }
        keys.retain(|key| key.expires_at.is_none_or(|ends_at| ends_at > now));
        Ok(keys)
    }

    /// Revokes one key of the principal's account. Returns `true` if there was one.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn revoke(
        &self,
        principal: &Principal<U>,
        handle: &ApiKeyHandle,
    ) -> Result<bool, OwnerError> {
        let account = principal.owned_account()?;
        let event = self.kit.event(EventKind::ApiKeyRevoked).account(account).credential(handle);
        let revoke = self.store.revoke(account, handle, event.at());
        let (event, revoked) = self.kit.recording(event, revoke).await?;
        self.kit.emit(event.count(revoked.into()));
        Ok(revoked)
    }

    /// Revokes every key of the principal's account. Returns how many there were.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn revoke_all(&self, principal: &Principal<U>) -> Result<u64, OwnerError> {
        let account = principal.owned_account()?;
        let event = self.kit.event(EventKind::ApiKeysRevoked).account(account);
        let revoke = self.store.revoke_all(account, event.at());
        let (event, revoked) = self.kit.recording(event, revoke).await?;
        self.kit.emit(event.count(revoked));
        Ok(revoked)
    }
}
