//! What an owner has given out: seen and ended.

use tracing::info;

use super::ApiKeys;
use crate::model::{AuthUser, Digest};
use crate::ports::ApiKeyEntry;
use crate::slices::sessions::{OwnerError, Visitor};

impl<U: AuthUser> ApiKeys<U> {
    /// The live keys of the visitor's account, the latest first.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn list(
        &self,
        visitor: impl Into<Visitor<'_, U>>,
    ) -> Result<Vec<ApiKeyEntry>, OwnerError> {
        let (account, now) = (visitor.into().owned()?, self.clock.now());
        let mut keys = self.store.list_api_keys(account, now).await?;
        for key in &mut keys {
            key.expires_at = self.end_of(key);
        }
        keys.retain(|key| key.expires_at.is_none_or(|ends_at| ends_at > now));
        Ok(keys)
    }

    /// Ends the key of that handle, if it is the visitor's own. Answers whether there was one.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn revoke(
        &self,
        visitor: impl Into<Visitor<'_, U>>,
        handle: &str,
    ) -> Result<bool, OwnerError> {
        let account = visitor.into().owned()?;
        if !Digest::is_handle(handle) {
            return Ok(false);
        }
        let revoked = self.store.revoke_api_key(account, handle, self.clock.now()).await?;
        info!(account = %account.user.id(), api_key = handle, revoked, "API key revoked");
        Ok(revoked)
    }

    /// Ends every key of the visitor's account, and tells how many.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn revoke_all(&self, visitor: impl Into<Visitor<'_, U>>) -> Result<u64, OwnerError> {
        let account = visitor.into().owned()?;
        let revoked = self.store.revoke_api_keys(account, self.clock.now()).await?;
        info!(account = %account.user.id(), revoked, "all API keys revoked");
        Ok(revoked)
    }
}
