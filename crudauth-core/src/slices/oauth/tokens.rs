//! Tokens of providers that an app [keeps](super::Provider::keep_tokens), to call their APIs.
//!
//! They are encrypted for their account and connection. A refresh is made by one call at a time, on
//! any server: many providers accept a refresh token once, and take a second use for a theft.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::Instant;

use super::OAuth;
use super::access_token::{AccessTokenError, ProviderAccessToken, open, seal, seal_name};
use super::provider::{Identity, ProviderError, ProviderTokens};
use super::store::{ConnectionId, KeptTokens};
use super::tokens_refresh::{LIMIT, Refresh};
use crate::model::{Account, AuthUser};
use crate::slices::sign_in::detached;
use crate::store_error::StoreError;

/// An access token is refreshed this long before it expires.
const MARGIN: TimeDelta = TimeDelta::minutes(1);

/// How long a call waits for the refresh of another one.
const WAIT: Duration = LIMIT.saturating_add(Duration::from_secs(10));

/// First pause between two looks at a refresh of another call. Each one doubles it.
const PAUSE: Duration = Duration::from_millis(100);

/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Attempts to store tokens while other calls do.
const TRIES: usize = 5;

impl<U: AuthUser> OAuth<U> {
    /// Returns a valid access token of an account from the provider of this name, which must
    /// [keep](super::Provider::keep_tokens) tokens. Of several
    /// connections, the last used one counts: the token names it.
    ///
    /// A token that expires within a minute is refreshed. Of any number of calls at once, one asks
    /// the provider, for at most 30 seconds; during an outage of the store it waits two minutes.
    ///
    /// # Errors
    /// [`AccessTokenError`].
    pub async fn access_token(
        &self,
        account: &U::Id,
        provider: &str,
    ) -> Result<ProviderAccessToken, AccessTokenError> {
        let connected = self.provider(provider).ok().filter(|connected| connected.keeps_tokens);
        let connected = connected.ok_or(AccessTokenError::UnknownProvider)?;
        let (ends, mut pause) = (Instant::now() + WAIT, PAUSE);
        while Instant::now() < ends {
            let found = self.kit.accounts.by_id(account).await?.filter(Account::is_active);
            let found = found.ok_or(AccessTokenError::NotConnected)?;
            let (kept, tokens) = self.tokens_of(&found, provider).await?;
            let now = self.kit.now();
            let is_leased = kept.leased_until.is_some_and(|until| until > now);
            let margin = if is_leased { TimeDelta::zero() } else { MARGIN };
            if tokens.is_valid(now, margin) {
                if !is_leased {
                    self.renew_seal(&found, &kept, (provider, &tokens)).await?;
                }
                return Ok(ProviderAccessToken::of(&kept, &tokens));
            }
            if is_leased {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                continue;
            }
            let refresh = Refresh {
                kit: self.kit.clone(),
                store: Arc::clone(&self.parts.connections),
                provider: Arc::clone(&connected.provider),
                http: Arc::clone(&self.config.http),
                name: provider.to_owned(),
                account: found,
                kept,
                tokens,
            };
            // The caller may go away, and the app end: the new refresh token must not be lost.
            let guard = self.parts.background.guard();
            let refreshed = detached(async move {
                let _guard = guard;
                refresh.run().await
            });
            if let Some(token) = refreshed.await? {
                return Ok(token);
            }
        }
        let reason = "another refresh has not ended";
        Err(ProviderError::Unusable { endpoint: "token", reason }.into())
    }

    /// The tokens of an account that a provider of this name gave.
    async fn tokens_of(
        &self,
        account: &Account<U>,
        provider: &str,
    ) -> Result<(KeptTokens, ProviderTokens), AccessTokenError> {
        let all = self.parts.connections.tokens(account).await?;
        let is_connected = all.iter().any(|kept| kept.provider == provider);
        let opened = all.into_iter().find_map(|kept| {
            let tokens = open(&self.kit.keys, &seal_name(account, &kept, provider), &kept)?;
            Some((kept, tokens))
        });
        let missing = AccessTokenError::NotConnected;
        opened.ok_or(if is_connected { AccessTokenError::Reconnect } else { missing })
    }

    /// Keeps the tokens that a provider gave for a connection, in place of earlier ones.
    pub(super) async fn keep_tokens(
        &self,
        account: &Account<U>,
        identity: &Identity,
        (provider, tokens): (&str, &ProviderTokens),
    ) -> Result<(), StoreError> {
        let id = ConnectionId::new(&identity.issuer, &identity.subject);
        let store = &self.parts.connections;
        for _ in 0..TRIES {
            let kept = store.tokens(account).await?.into_iter().find(|kept| kept.connection == id);
            // It has ended meanwhile.
            let Some(kept) = kept else { break };
            let name = seal_name(account, &kept, provider);
            let earlier = open(&self.kit.keys, &name, &kept);
            if tokens.refresh.is_none() && earlier.is_some_and(|tokens| tokens.refresh.is_some()) {
                // Some providers send a refresh token at the first consent only.
                break;
            }
            let sealed = seal(&self.kit.keys, &name, tokens)?;
            if store.replace_tokens(account, kept.revision, &kept.next(sealed, None)).await? {
                break;
            }
        }
        Ok(())
    }

    /// Encrypts tokens with the present secret key, if they were with an earlier one.
    async fn renew_seal(
        &self,
        account: &Account<U>,
        kept: &KeptTokens,
        (provider, tokens): (&str, &ProviderTokens),
    ) -> Result<(), StoreError> {
        if kept.sealed.as_ref().is_some_and(|sealed| !self.kit.keys.is_current(sealed)) {
            let name = seal_name(account, kept, provider);
            let next = kept.next(seal(&self.kit.keys, &name, tokens)?, None);
            self.parts.connections.replace_tokens(account, kept.revision, &next).await?;
        }
        Ok(())
    }
}
