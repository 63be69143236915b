//! Refreshing: a refresh token is used up, and what becomes of one that was used before.

use chrono::{DateTime, Utc};
use tracing::{info, warn};

use super::{Issued, RefreshToken, Tokens};
use crate::model::{Account, AuthUser, ClientAddress, Digest, Keys};
use crate::ports::{GrantRecord, LiveGrant, Rotation, StoreError};
use crate::slices::sessions::{end_of, kept_user_agent};

/// Somebody's tokens were refreshed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Refreshed<U: AuthUser> {
    /// Whose they are.
    pub account: Account<U>,
    /// The new ones.
    pub issued: Issued,
}

/// Why tokens were not refreshed. A client need not know which.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// It is no refresh token of ours.
    #[error("no refresh token")]
    Unknown,
    /// It has expired, or its grant, or what that stands on, is gone.
    #[error("the refresh token has ended")]
    Ended,
    /// It was used before; its grant has ended by that.
    #[error("the refresh token was used before")]
    Reused,
    /// The store failed.
    #[error("the grant store failed")]
    Store(#[from] StoreError),
}

impl<U: AuthUser> Tokens<U> {
    /// Uses a refresh token up: new tokens of the same grant, with the scopes that it was made with
    /// less those that the account would not get any more.
    ///
    /// Of any number at once with one token at most one succeeds. A token that was used before ends
    /// its grant, unless that was within [`grace`](super::BearerConfig::grace) and its successor is
    /// unused: then it gets the same successor.
    ///
    /// # Errors
    /// [`RefreshError`].
    pub async fn refresh(
        &self,
        token: &str,
        client: Option<ClientAddress>,
        user_agent: Option<&str>,
    ) -> Result<Refreshed<U>, RefreshError> {
        /// Whoever loses a race finds another token the next time, or none.
        const TRIES: usize = 3;
        let (token, made_by) =
            RefreshToken::read(&self.keys, token).ok_or(RefreshError::Unknown)?;
        let presented = token.digest(made_by);
        for _ in 0..TRIES {
            let now = self.clock.now();
            let found = self.store.find_grant(token.grant(), now).await?;
            let live = found.ok_or(RefreshError::Ended)?;
            if !live.account.is_active() {
                self.end_disabled(&live.account, token.grant(), now).await?;
                return Err(RefreshError::Ended);
            }
            let ends_at = self.end_of(&live.grant);
            if ends_at.is_some_and(|ends_at| ends_at <= now) {
                self.store.end_grant(token.grant()).await?;
                return Err(RefreshError::Ended);
            }
            if live.grant.token != presented {
                return self.late(&token, made_by, presented, live, now).await;
            }
            let agent = kept_user_agent(user_agent.map(str::to_owned));
            let rotated = self.rotate(&token, made_by, &live, (client, agent), now).await?;
            if let Some(issued) = rotated {
                let (account, grant) = (live.account, issued.grant);
                info!(account = %account.user.id(), %grant, client = ?client, "tokens refreshed");
                return Ok(Refreshed { account, issued });
            }
        }
        Err(RefreshError::Ended)
    }

    /// When a grant ends however often it is refreshed.
    pub(super) fn end_of(&self, grant: &GrantRecord) -> Option<DateTime<Utc>> {
        end_of(grant.created_at, grant.ends_at, self.config.absolute_timeout)
    }

    /// Puts a successor in the token's place; `None` if somebody else was faster.
    async fn rotate(
        &self,
        token: &RefreshToken,
        made_by: &Keys,
        live: &LiveGrant<U>,
        (client, user_agent): (Option<ClientAddress>, Option<String>),
        now: DateTime<Utc>,
    ) -> Result<Option<Issued>, StoreError> {
        let keys = self.keys.current();
        let successor = RefreshToken::generate(keys, *token.grant(), &*self.entropy);
        let expires_at = self.config.refresh_expiry(self.end_of(&live.grant), now);
        let rotation = Rotation {
            id: *token.grant(),
            presented: token.digest(made_by),
            successor: successor.digest(keys),
            sealed: (!self.config.grace.is_zero()).then(|| token.seal(made_by, &successor)),
            client,
            user_agent,
            at: now,
            expires_at,
        };
        let scopes = self.granted(&live.account, &live.grant.scopes).await?;
        let issued = self.issued(&live.account, successor, scopes, expires_at, now)?;
        Ok(self.store.rotate_grant(rotation).await?.then_some(issued))
    }

    /// A token that is not the current one of its grant.
    async fn late(
        &self,
        token: &RefreshToken,
        made_by: &Keys,
        presented: Digest,
        live: LiveGrant<U>,
        now: DateTime<Utc>,
    ) -> Result<Refreshed<U>, RefreshError> {
        let LiveGrant { grant, account } = live;
        let previous = grant.previous.filter(|previous| {
            previous.token == presented && now < previous.replaced_at + self.config.grace
        });
        let sealed = previous.and_then(|previous| previous.sealed);
        let successor =
            sealed.and_then(|sealed| token.unseal(made_by, &sealed, &self.keys, grant.token));
        if let Some(successor) = successor {
            let scopes = self.granted(&account, &grant.scopes).await?;
            let issued = self.issued(&account, successor, scopes, grant.expires_at, now)?;
            info!(account = %account.user.id(), grant = %token.grant(), "tokens given once more");
            return Ok(Refreshed { account, issued });
        }
        let ended = self.store.end_grant(token.grant()).await?;
        warn!(
            account = %account.user.id(), grant = %token.grant(), ended,
            "refresh token used again: every token of its sign-in has ended"
        );
        Err(RefreshError::Reused)
    }
}
