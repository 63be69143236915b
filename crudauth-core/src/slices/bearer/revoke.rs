//! Ending: by the client that logs out, and by the owner who looks at a list.

use chrono::{DateTime, Utc};
use tracing::info;

use super::{BearerVisit, RefreshToken, Tokens};
use crate::model::{AuthUser, Device, Scopes};
use crate::ports::{GrantEntry, GrantId, StoreError};
use crate::slices::sessions::{OwnerError, Visitor};

/// A grant as its owner sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListedGrant {
    /// Its name; opens nothing.
    pub handle: String,
    /// What it was granted for.
    pub scopes: Scopes,
    /// What program it was made or last refreshed by.
    pub device: Device,
    /// From where.
    pub client: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last refreshed.
    pub last_used_at: DateTime<Utc>,
    /// When it ends unless it is refreshed.
    pub expires_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

impl<U: AuthUser> Tokens<U> {
    /// Ends the grant of a refresh token, whether or not it is the current one: who logs out has
    /// no use for any. Answers whether there was one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn end(&self, token: &str) -> Result<bool, StoreError> {
        let Some((token, _)) = RefreshToken::read(&self.keys, token) else { return Ok(false) };
        let ended = self.store.end_grant(token.grant()).await?;
        info!(grant = %token.grant(), ended, "signed out");
        Ok(ended)
    }

    /// Ends what a client's access token stands on, as it logs out.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn sign_out(&self, visit: &BearerVisit<U>) -> Result<(), StoreError> {
        let ended = self.store.end_grant(&visit.grant).await?;
        info!(account = %visit.account.user.id(), grant = %visit.grant, ended, "signed out");
        Ok(())
    }

    /// The live grants of the visitor's account, the latest used first. An administrator asks
    /// [as the app](Visitor::as_app): none is current then.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn list(
        &self,
        visitor: impl Into<Visitor<'_, U>>,
    ) -> Result<Vec<ListedGrant>, OwnerError> {
        let visitor = visitor.into();
        let entries = self.store.list_grants(visitor.owned()?, self.clock.now()).await?;
        let current = visitor.grant();
        let listed = |entry: GrantEntry| ListedGrant {
            is_current: current == Some(entry.id),
            handle: entry.id.to_string(),
            scopes: entry.scopes,
            device: Device::from_user_agent(entry.user_agent.as_deref()),
            client: entry.client,
            created_at: entry.created_at,
            last_used_at: entry.last_used_at,
            expires_at: entry.expires_at,
        };
        Ok(entries.into_iter().map(listed).collect())
    }

    /// Ends the grant of that name, if it is the visitor's own. Answers whether there was one.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn revoke(
        &self,
        visitor: impl Into<Visitor<'_, U>>,
        handle: &str,
    ) -> Result<bool, OwnerError> {
        let account = visitor.into().owned()?;
        let Some(id) = GrantId::parse(handle) else { return Ok(false) };
        let revoked = self.store.revoke_grant(account, &id, self.clock.now()).await?;
        info!(account = %account.user.id(), grant = %id, revoked, "bearer tokens revoked");
        Ok(revoked)
    }

    /// Ends every grant of the visitor's account, and tells how many.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn revoke_all(&self, visitor: impl Into<Visitor<'_, U>>) -> Result<u64, OwnerError> {
        let account = visitor.into().owned()?;
        let revoked = self.store.revoke_grants(account, self.clock.now()).await?;
        info!(account = %account.user.id(), revoked, "all bearer tokens revoked");
        Ok(revoked)
    }
}
