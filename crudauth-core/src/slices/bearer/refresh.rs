//! Refreshes tokens: a refresh token is consumed, and a second use revokes its family.

use chrono::{DateTime, Utc};

use super::store::{Rotation, TokenFamily};
use super::{BearerTokens, Issued, RefreshToken};
use crate::event::EventKind;
use crate::model::{Account, AuthUser, ClientInfo};
use crate::principal::absolute_expiry;
use crate::store_error::StoreError;

/// New tokens of a family.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Refreshed<U: AuthUser> {
    /// The account.
    pub account: Account<U>,
    /// The tokens.
    pub issued: Issued,
}

/// Why tokens were not refreshed. Clients are not told which.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The refresh token is malformed or unknown.
    #[error("malformed or unknown refresh token")]
    Unknown,
    /// It has expired, or its family or account is gone.
    #[error("the refresh token has ended")]
    Ended,
    /// It was used before; its family is revoked.
    #[error("the refresh token was used before")]
    Reused,
    /// The store failed.
    #[error("the store of token families failed")]
    Store(#[from] StoreError),
}

impl<U: AuthUser> BearerTokens<U> {
    /// Consumes a refresh token and returns new tokens of the same family, with its scopes less
    /// those that the account would not get any more.
    ///
    /// Of any number of calls at once with one token at most one succeeds. A token that was used
    /// before revokes its family, unless that was within [`grace`](super::BearerConfig::grace) and
    /// its successor is unused: then it gets the same successor.
    ///
    /// # Errors
    /// [`RefreshError`].
    pub async fn refresh(
        &self,
        token: &str,
        client: &ClientInfo,
    ) -> Result<Refreshed<U>, RefreshError> {
        // The loser of a race finds another token the next time, or none.
        const TRIES: usize = 3;
        let token = RefreshToken::parse(&self.kit.keys, token).ok_or(RefreshError::Unknown)?;
        for _ in 0..TRIES {
            let now = self.kit.now();
            let (family, account) = self.valid_family(&token, now).await?;
            if family.token != token.digest() {
                return self.reuse(&token, family, account, now).await;
            }
            let rotated = self.rotate(&token, &family, &account, client, now).await?;
            if let Some(issued) = rotated {
                let event =
                    self.kit.event(EventKind::TokensRefreshed).account(&account).client(client);
                self.kit.emit(event.credential(&issued.family));
                return Ok(Refreshed { account, issued });
            }
        }
        Err(RefreshError::Ended)
    }

    async fn valid_family(
        &self,
        token: &RefreshToken,
        now: DateTime<Utc>,
    ) -> Result<(TokenFamily, Account<U>), RefreshError> {
        let found = self.store.find(token.family(), now).await?;
        let (family, account) = found.ok_or(RefreshError::Ended)?;
        if family.state != account.state() {
            return Err(RefreshError::Ended);
        }
        if !account.is_active() {
            self.kit.revoke_disabled(&account).await?;
            return Err(RefreshError::Ended);
        }
        if self.end_of(&family).is_some_and(|ends_at| ends_at <= now) {
            self.store.remove(token.family()).await?;
            return Err(RefreshError::Ended);
        }
        Ok((family, account))
    }

    fn end_of(&self, family: &TokenFamily) -> Option<DateTime<Utc>> {
        absolute_expiry(family.created_at, family.ends_at, self.config.absolute_timeout)
    }

    /// Puts a successor in the token's place; `None` if another request was faster.
    ///
    /// The tokens are made first: a scope policy that fails must not consume the refresh token.
    async fn rotate(
        &self,
        token: &RefreshToken,
        family: &TokenFamily,
        account: &Account<U>,
        client: &ClientInfo,
        now: DateTime<Utc>,
    ) -> Result<Option<Issued>, StoreError> {
        let successor = RefreshToken::generate(self.kit.keys.current(), *token.family());
        let expires_at = self.config.refresh_expiry(self.end_of(family), now);
        let rotation = Rotation {
            id: *token.family(),
            presented: token.digest(),
            successor: successor.digest(),
            sealed: (!self.config.grace_period().is_zero()).then(|| token.seal(&successor)),
            client: client.clone(),
            at: now,
            expires_at,
        };
        let scopes = self.effective_scopes(account, &family.scopes).await?;
        let issued = self.tokens_of(account, successor, scopes, expires_at, now)?;
        Ok(self.store.rotate(rotation).await?.then_some(issued))
    }

    /// Handles a token that is not the current one of its family.
    async fn reuse(
        &self,
        token: &RefreshToken,
        family: TokenFamily,
        account: Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Refreshed<U>, RefreshError> {
        let previous = family.previous.filter(|previous| {
            let ends_at = previous.replaced_at + self.config.grace_period();
            previous.token == token.digest() && now < ends_at
        });
        let sealed = previous.and_then(|previous| previous.sealed);
        let successor =
            sealed.and_then(|sealed| token.unseal(&self.kit.keys, &sealed, family.token));
        if let Some(successor) = successor {
            let scopes = self.effective_scopes(&account, &family.scopes).await?;
            let issued = self.tokens_of(&account, successor, scopes, family.expires_at, now)?;
            let event = self.kit.event(EventKind::TokensSentAgain);
            self.kit.emit(event.account(&account).credential(token.family()));
            return Ok(Refreshed { account, issued });
        }
        let event = self.kit.event(EventKind::RefreshTokenReused).account(&account);
        let event = event.credential(token.family());
        let (event, removed) = self.kit.recording(event, self.store.remove(token.family())).await?;
        self.kit.emit(event.count(removed.into()));
        Err(RefreshError::Reused)
    }
}
