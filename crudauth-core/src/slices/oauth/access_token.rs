//! The access token of a provider that an app gets, and the encrypted tokens that are kept of it.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use tracing::warn;

use super::provider::{ProviderError, ProviderTokens};
use super::store::{ConnectionId, KeptTokens};
use crate::model::{Account, AuthUser, KeyRing, Sealed};
use crate::random::random;
use crate::store_error::StoreError;

/// An access token of a provider. `Debug` does not show it, and it is wiped when dropped.
#[derive(Clone)]
pub struct ProviderAccessToken {
    secret: SecretString,
    expires_at: Option<DateTime<Utc>>,
    connection: ConnectionId,
    subject: String,
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

    /// The id of the connection: of its issuer and subject.
    #[must_use]
    pub const fn connection(&self) -> ConnectionId {
        self.connection
    }

    /// The person at the provider that the token belongs to.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    pub(super) fn of(kept: &KeptTokens, tokens: &ProviderTokens) -> Self {
        let (connection, subject) = (kept.connection, kept.subject.clone());
        Self { secret: tokens.access.clone(), expires_at: tokens.expires_at, connection, subject }
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
    pub(super) fn next(&self, sealed: Option<Sealed>, leased_until: Option<DateTime<Utc>>) -> Self {
        let revision = i64::from_be_bytes(random()) & i64::MAX;
        Self { sealed, leased_until, revision, ..self.clone() }
    }
}

/// The name under which tokens are encrypted. No other account, connection or provider opens them.
pub(super) fn seal_name<U: AuthUser>(
    account: &Account<U>,
    kept: &KeptTokens,
    provider: &str,
) -> String {
    format!("oauth.tokens.{provider}.{}.{}", kept.connection, account.counter_key())
}

/// Encrypts tokens. Those that are too long are not kept.
pub(super) fn seal(
    keys: &KeyRing,
    name: &str,
    tokens: &ProviderTokens,
) -> Result<Option<Sealed>, StoreError> {
    let sealed = keys.seal(name, &tokens.to_bytes())?;
    let fits = sealed.as_bytes().len() <= usize::from(KeptTokens::MOST);
    if !fits {
        warn!("the tokens of a provider are too long to be kept");
    }
    Ok(Some(sealed).filter(|_| fits))
}

pub(super) fn open(keys: &KeyRing, name: &str, kept: &KeptTokens) -> Option<ProviderTokens> {
    ProviderTokens::from_bytes(&keys.open(name, kept.sealed.as_ref()?)?)
}
