//! Tokens of providers that an app [keeps](super::Provider::keep_tokens), to call their APIs.
//!
//! They are encrypted for their account and connection. A refresh is made by one call at a time, on
//! any server: many providers accept a refresh token once, and take a second use for a theft.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use tracing::warn;
use zeroize::Zeroizing;

use super::http::HttpClient;
use super::provider::{Identity, IdentityProvider, ProviderError, ProviderTokens, RefreshRequest};
use super::store::{ConnectionId, ConnectionStore, KeptTokens};
use super::{OAuth, OAuthError};
use crate::kit::Kit;
use crate::model::{Account, AuthUser, KeyRing, Sealed};
use crate::random::random;
use crate::slices::sign_in::detached;
use crate::store_error::StoreError;

/// An access token is refreshed this long before it expires.
const MARGIN: TimeDelta = TimeDelta::minutes(1);

/// How long others wait for a refresh. It sends three requests at most, each with a limit of 10
/// seconds.
const LEASE: TimeDelta = TimeDelta::minutes(1);

/// Pause between two looks at a refresh of another call.
const PAUSE: Duration = Duration::from_millis(100);

/// Looks at a refresh of another call.
const LOOKS: usize = 350;

/// Attempts to store tokens while other calls do.
const TRIES: usize = 5;

/// An access token of a provider. `Debug` does not show it, and it is wiped when dropped.
#[derive(Clone)]
pub struct ProviderAccessToken {
    secret: SecretString,
    expires_at: Option<DateTime<Utc>>,
}

crate::opaque::opaque!(ProviderAccessToken);

impl ProviderAccessToken {
    /// The token itself, for the header `Authorization: Bearer` of the provider's API.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.secret.expose_secret()
    }

    /// When it expires; `None` if that is unknown.
    #[must_use]
    pub const fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }
}

impl From<&ProviderTokens> for ProviderAccessToken {
    fn from(tokens: &ProviderTokens) -> Self {
        Self { secret: tokens.access.clone(), expires_at: tokens.expires_at }
    }
}

/// Why there is no access token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessTokenError {
    /// The mount has no provider of this name that [keeps](super::Provider::keep_tokens) tokens.
    #[error("no such provider keeps tokens")]
    UnknownProvider,
    /// The account is unknown or disabled, or has no connection to this provider.
    #[error("the account is not connected to the provider")]
    NotConnected,
    /// There is no valid token: the provider withdrew it, or the secret key is gone. The person signs
    /// in with the provider again.
    #[error("the person must sign in with the provider again")]
    Reconnect,
    /// The provider gave no new token. The present ones are kept, so a later call may succeed.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

impl KeptTokens {
    /// The state after a change.
    fn next(&self, sealed: Option<Sealed>, leased_until: Option<DateTime<Utc>>) -> Self {
        let revision = i64::from_be_bytes(random()) & i64::MAX;
        Self { sealed, leased_until, revision, ..self.clone() }
    }
}

impl<U: AuthUser> OAuth<U> {
    /// Returns a valid access token of an account from the provider of this name, which must
    /// [keep](super::Provider::keep_tokens) tokens. Of several
    /// connections, the last used one counts.
    ///
    /// A token that expires within a minute is refreshed. Of any number of calls at once, one asks
    /// the provider.
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
        for _ in 0..LOOKS {
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
                return Ok(ProviderAccessToken::from(&tokens));
            }
            if is_leased {
                tokio::time::sleep(PAUSE).await;
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
            // The caller may go away, and the new refresh token must not be lost with it.
            if let Some(token) = detached(refresh.run()).await? {
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
    ) -> Result<(), OAuthError> {
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

/// The refresh of one connection.
struct Refresh<U: AuthUser> {
    kit: Kit<U>,
    store: Arc<dyn ConnectionStore<U>>,
    provider: Arc<dyn IdentityProvider>,
    http: Arc<dyn HttpClient>,
    name: String,
    account: Account<U>,
    kept: KeptTokens,
    tokens: ProviderTokens,
}

impl<U: AuthUser> Refresh<U> {
    /// Returns the new access token, or `None` if another call has changed the tokens meanwhile.
    async fn run(self) -> Result<Option<ProviderAccessToken>, AccessTokenError> {
        let Self { kit, kept, account, tokens, .. } = &self;
        let now = kit.now();
        let Some(refresh_token) = &tokens.refresh else {
            let is_valid = tokens.is_valid(now, TimeDelta::zero());
            let token = is_valid.then(|| ProviderAccessToken::from(tokens));
            return token.map(Some).ok_or(AccessTokenError::Reconnect);
        };
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
        let (sealed, token) = match self.provider.refresh(&*self.http, &request).await {
            Ok(mut new) => {
                new.refresh = new.refresh.or_else(|| tokens.refresh.clone());
                let name = seal_name(account, kept, &self.name);
                (seal(&kit.keys, &name, &new)?, Ok(ProviderAccessToken::from(&new)))
            }
            Err(error) => self.failed(error, now),
        };
        let is_stored = self.store_surely(&leased, &leased.next(sealed, None)).await?;
        if is_stored { token.map(Some) } else { Ok(None) }
    }

    /// The tokens to keep after a failure, and the result of the call.
    fn failed(
        &self,
        error: ProviderError,
        now: DateTime<Utc>,
    ) -> (Option<Sealed>, Result<ProviderAccessToken, AccessTokenError>) {
        let Self { kept, tokens, .. } = self;
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        warn!(provider = self.name, %error, cause, "refresh of a provider token failed");
        if matches!(error, ProviderError::InvalidGrant) {
            return (None, Err(AccessTokenError::Reconnect));
        }
        let is_valid = tokens.is_valid(now, TimeDelta::zero());
        let token = if is_valid { Ok(tokens.into()) } else { Err(error.into()) };
        (kept.sealed.clone(), token)
    }

    /// Stores the result of a refresh. The refresh token before it may be spent, so a fault of the store
    /// is not the end.
    async fn store_surely(&self, from: &KeptTokens, to: &KeptTokens) -> Result<bool, StoreError> {
        let mut has_failed = false;
        for pause in [2, 4, 8, 16] {
            match self.store.replace_tokens(&self.account, from.revision, to).await {
                // The call that failed may have had its effect unseen.
                Ok(is_stored) => return Ok(is_stored || has_failed),
                Err(_) => has_failed = true,
            }
            tokio::time::sleep(PAUSE * pause).await;
        }
        self.store.replace_tokens(&self.account, from.revision, to).await
    }
}

/// The name under which tokens are encrypted. No other account, connection or provider opens them.
fn seal_name<U: AuthUser>(account: &Account<U>, kept: &KeptTokens, provider: &str) -> String {
    format!("oauth.tokens.{provider}.{}.{}", kept.connection, account.counter_key())
}

/// Encrypts tokens. Those that are too long are not kept.
fn seal(keys: &KeyRing, name: &str, tokens: &ProviderTokens) -> Result<Option<Sealed>, StoreError> {
    let sealed = keys.seal(name, &tokens.to_bytes())?;
    let fits = sealed.as_bytes().len() <= usize::from(KeptTokens::MOST);
    if !fits {
        warn!("the tokens of a provider are too long to be kept");
    }
    Ok(Some(sealed).filter(|_| fits))
}

fn open(keys: &KeyRing, name: &str, kept: &KeptTokens) -> Option<ProviderTokens> {
    ProviderTokens::from_bytes(&keys.open(name, kept.sealed.as_ref()?)?)
}
