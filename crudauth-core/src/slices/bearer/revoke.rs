//! Lists token families for their owner, and revokes them.

use chrono::{DateTime, Utc};

use super::store::FamilyEntry;
use super::{BearerTokens, FamilyId, RefreshToken};
use crate::event::EventKind;
use crate::model::{Account, AuthUser, Device, Scopes};
use crate::principal::{OwnerError, Principal};
use crate::store_error::StoreError;

/// A token family as its owner sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListedFamily {
    /// Public id; opens nothing.
    pub handle: FamilyId,
    /// Scopes of its tokens.
    pub scopes: Scopes,
    /// Program that made or last refreshed it.
    pub device: Device,
    /// Address that made or last refreshed it.
    pub client: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last refreshed.
    pub last_used_at: DateTime<Utc>,
    /// When it ends unless it is refreshed.
    pub expires_at: DateTime<Utc>,
    /// Whether it is the caller's own.
    pub is_current: bool,
}

impl<U: AuthUser> BearerTokens<U> {
    /// Revokes the family of a refresh token, whether or not that is the current one. Returns `true`
    /// if there was one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn revoke_by_refresh_token(&self, token: &str) -> Result<bool, StoreError> {
        let Some(token) = RefreshToken::parse(&self.kit.keys, token) else { return Ok(false) };
        let removed = self.store.remove(token.family()).await?;
        self.kit.emit(
            self.kit.event(EventKind::SignedOut).credential(token.family()).count(removed.into()),
        );
        Ok(removed)
    }

    /// Revokes the caller's own family.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn sign_out(&self, principal: &Principal<U>) -> Result<(), StoreError> {
        if let Some(family) = principal.family() {
            let event = self.kit.event(EventKind::SignedOut).account(principal.account());
            let event = event.credential(&family);
            let (event, removed) = self.kit.recording(event, self.store.remove(&family)).await?;
            self.kit.emit(event.count(removed.into()));
        }
        Ok(())
    }

    /// Returns the valid families of the principal's account, the most recently used first. None is
    /// current for the [application](Principal::application).
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn list(&self, principal: &Principal<U>) -> Result<Vec<ListedFamily>, OwnerError> {
        let entries = self.store.list(principal.owned_account()?, self.kit.now()).await?;
        let current = principal.family();
        let listed = |entry: FamilyEntry| ListedFamily {
            is_current: current == Some(entry.id),
            handle: entry.id,
            scopes: entry.scopes,
            device: Device::from_user_agent(entry.user_agent.as_deref()),
            client: entry.client.map(|client| client.to_string()),
            created_at: entry.created_at,
            last_used_at: entry.last_used_at,
            expires_at: entry.expires_at,
        };
        Ok(entries.into_iter().map(listed).collect())
    }

    /// Revokes one family of the principal's account. Returns `true` if there was one.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn revoke(
        &self,
        principal: &Principal<U>,
        handle: &FamilyId,
    ) -> Result<bool, OwnerError> {
        let account = principal.owned_account()?;
        let event = self.kit.event(EventKind::TokensRevoked).account(account).credential(handle);
        let revoke = self.store.revoke(account, handle, event.at());
        let (event, revoked) = self.kit.recording(event, revoke).await?;
        self.kit.emit(event.count(revoked.into()));
        Ok(revoked)
    }

    /// Revokes every family of the principal's account. Returns how many there were.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn revoke_all(&self, principal: &Principal<U>) -> Result<u64, OwnerError> {
        let account = principal.owned_account()?;
        let event = self.kit.event(EventKind::AllTokensRevoked).account(account);
        let revoke = self.store.revoke_all(account, event.at());
        let (event, revoked) = self.kit.recording(event, revoke).await?;
        self.kit.emit(event.count(revoked));
        Ok(revoked)
    }

    /// Revokes every family of an account, as a part of an action that reports it. Returns how many
    /// there were.
    pub(crate) async fn remove_all(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.store.revoke_all(account, now).await
    }
}
