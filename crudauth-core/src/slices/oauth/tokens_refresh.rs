//! The refresh of a provider's tokens, within a lease that the other servers respect.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use tokio::time::{Instant, sleep, timeout};
use tracing::{error, warn};
use zeroize::Zeroizing;

use super::access_token::{AccessTokenError, ProviderAccessToken, seal, seal_name};
use super::http::HttpClient;
use super::provider::{IdentityProvider, ProviderError, ProviderTokens, RefreshRequest};
use super::store::{ConnectionStore, KeptTokens};
use crate::clock::LEEWAY;
use crate::kit::Kit;
use crate::model::{Account, AuthUser, Sealed};
use crate::store_error::StoreError;

/// Longest exchange with the provider.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// Time to store the result in.
const STORING: Duration = Duration::from_secs(30);

/// How long others wait for a refresh, also those whose clock is ahead.
const LEASE: Duration = LIMIT
    .saturating_add(STORING)
    .saturating_add(Duration::from_secs(LEEWAY.num_seconds().unsigned_abs()));

/// First pause after a fault of the store. Each one doubles it.
const PAUSE: Duration = Duration::from_millis(200);

/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The refresh of one connection.
pub(super) struct Refresh<U: AuthUser> {
    pub(super) kit: Kit<U>,
    pub(super) store: Arc<dyn ConnectionStore<U>>,
    pub(super) provider: Arc<dyn IdentityProvider>,
    pub(super) http: Arc<dyn HttpClient>,
    pub(super) name: String,
    pub(super) account: Account<U>,
    pub(super) kept: KeptTokens,
    pub(super) tokens: ProviderTokens,
}

impl<U: AuthUser> Refresh<U> {
    /// Returns the new access token, or `None` if another call has changed the tokens meanwhile.
    pub(super) async fn run(self) -> Result<Option<ProviderAccessToken>, AccessTokenError> {
        let Self { kit, kept, account, tokens, .. } = &self;
        let now = kit.now();
        let Some(refresh_token) = &tokens.refresh else {
            let token = self.present(now);
            return token.map(Some).ok_or(AccessTokenError::Reconnect);
        };
        let ends = Instant::now() + LEASE;
        let leased = kept.next(kept.sealed.clone(), Some(now + LEASE));
        if !self.store.replace_tokens(account, kept.revision, &leased).await? {
            return Ok(None);
        }
        let request = RefreshRequest {
            refresh_token: Zeroizing::new(refresh_token.expose_secret().to_owned()),
            issuer: kept.issuer.clone(),
            subject: kept.subject.clone(),
            now,
        };
        let refresh = timeout(LIMIT, self.provider.refresh(&*self.http, &request)).await;
        let late = |cause| ProviderError::Unreachable { endpoint: "token", cause };
        let (sealed, token) = match refresh.unwrap_or_else(|cause| Err(late(cause.into()))) {
            Ok(mut new) => {
                new.refresh = new.refresh.or_else(|| tokens.refresh.clone());
                let name = seal_name(account, kept, &self.name);
                (seal(&kit.keys, &name, &new)?, Ok(ProviderAccessToken::of(kept, &new)))
            }
            Err(error) => self.failed(error, now),
        };
        let is_stored = self.store_surely(&leased, &leased.next(sealed, None), ends).await?;
        if is_stored { token.map(Some) } else { Ok(None) }
    }

    /// The present access token, if it is still valid.
    fn present(&self, now: DateTime<Utc>) -> Option<ProviderAccessToken> {
        let is_valid = self.tokens.is_valid(now, chrono::TimeDelta::zero());
        is_valid.then(|| ProviderAccessToken::of(&self.kept, &self.tokens))
    }

    /// The tokens to keep after a failure, and the result of the call.
    fn failed(
        &self,
        error: ProviderError,
        now: DateTime<Utc>,
    ) -> (Option<Sealed>, Result<ProviderAccessToken, AccessTokenError>) {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        warn!(provider = self.name, %error, cause, "refresh of a provider token failed");
        if matches!(error, ProviderError::InvalidGrant) {
            return (None, Err(AccessTokenError::Reconnect));
        }
        (self.kept.sealed.clone(), self.present(now).ok_or(error.into()))
    }

    /// Stores the result of a refresh. The refresh token before it may be spent, so this goes on until
    /// the lease ends.
    async fn store_surely(
        &self,
        from: &KeptTokens,
        to: &KeptTokens,
        ends: Instant,
    ) -> Result<bool, StoreError> {
        let (mut has_failed, mut pause) = (false, PAUSE);
        loop {
            match self.store.replace_tokens(&self.account, from.revision, to).await {
                // The call that failed may have had its effect unseen.
                Ok(is_stored) => return Ok(is_stored || has_failed),
                Err(error) if Instant::now() + pause > ends => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    error!(provider = self.name, %error, cause, "new tokens of a provider are lost");
                    return Err(error);
                }
                Err(_) => has_failed = true,
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
