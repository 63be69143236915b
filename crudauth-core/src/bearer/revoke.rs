//! Ending: by the client that logs out, and by the owner who looks at a list.

use chrono::{DateTime, Utc};
use tracing::info;

use super::{RefreshToken, Tokens};
use crate::model::{Account, AuthUser, Device, Scopes};
use crate::ports::{GrantEntry, GrantId, StoreError};

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

    /// The account's live grants, the latest used first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self, account: &Account<U>) -> Result<Vec<ListedGrant>, StoreError> {
        let entries = self.store.list_grants(account, self.clock.now()).await?;
        let listed = |entry: GrantEntry| ListedGrant {
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

    /// Ends the grant of that name, if it is the account's own. Answers whether there was one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn revoke(&self, account: &Account<U>, handle: &str) -> Result<bool, StoreError> {
        let Some(id) = GrantId::parse(handle) else { return Ok(false) };
        let revoked = self.store.revoke_grant(account, &id, self.clock.now()).await?;
        info!(account = %account.user.id(), grant = %id, revoked, "bearer tokens revoked");
        Ok(revoked)
    }

    /// Ends every grant of the account, and tells how many.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn revoke_all(&self, account: &Account<U>) -> Result<u64, StoreError> {
        let revoked = self.store.revoke_grants(account, self.clock.now()).await?;
        info!(account = %account.user.id(), revoked, "all bearer tokens revoked");
        Ok(revoked)
    }
}
