//! Issues tokens: a sign-in makes a family and gets its first two tokens.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tracing::warn;

use super::access::Access;
use super::store::NewTokenFamily;
use super::{AccessToken, BearerTokens, FamilyId, RefreshToken};
use crate::event::EventKind;
use crate::model::{Account, AuthUser, ClientInfo, Scopes};
use crate::random::random;
use crate::store_error::StoreError;

/// New tokens, to be sent to the client and forgotten.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Issued {
    /// Token for requests.
    pub access: AccessToken,
    /// Lifetime of the access token.
    pub expires_in: Duration,
    /// Token for the next access token.
    pub refresh: RefreshToken,
    /// Lifetime of the refresh token.
    pub refresh_expires_in: Duration,
    /// Scopes of the access token, which may be fewer than requested.
    pub scopes: Scopes,
    /// Family of both tokens.
    pub family: FamilyId,
}

impl<U: AuthUser> BearerTokens<U> {
    /// Returns the grantable scopes that a client's list requests; `None` if the list is absent or
    /// blank, which requests the defaults.
    #[must_use]
    pub fn requested_scopes(&self, list: Option<&str>) -> Option<Scopes> {
        let requested = Scopes::requested(list, self.config.grantable());
        if requested.is_some() && self.config.grantable().is_empty() {
            warn!("scopes requested but none is grantable: set `BearerConfig::grantable_scopes`");
        }
        requested
    }

    /// Issues tokens to an account that has proved itself.
    ///
    /// # Errors
    /// If a store or the scope policy fails; no token is valid then.
    pub(crate) async fn issue(
        &self,
        account: &Account<U>,
        requested: Option<&Scopes>,
        client: ClientInfo,
    ) -> Result<Issued, StoreError> {
        let now = self.kit.now();
        let id = FamilyId::generate();
        let refresh = RefreshToken::generate(self.kit.keys.current(), id);
        let ends_at = self.config.absolute_timeout.map(|lifetime| now + lifetime);
        let requested = requested.unwrap_or(&self.config.default_scopes);
        let wanted = requested.intersection(self.config.grantable());
        let expires_at = self.config.refresh_expiry(ends_at, now);
        let event = self.kit.event(EventKind::SignedIn).account(account).client(&client);
        let family = NewTokenFamily {
            id,
            account: account.user.id().clone(),
            state: account.state(),
            token: refresh.digest(),
            scopes: wanted.clone(),
            client,
            created_at: now,
            expires_at,
            ends_at,
        };
        let insert = self.store.insert(family, self.config.max_sign_ins);
        let (event, inserted) = self.kit.recording_some(event.credential(&id), insert).await;
        let issued = match inserted {
            Ok(()) => self.first_tokens(account, refresh, wanted, expires_at, now).await,
            Err(error) => Err(error),
        };
        match &issued {
            Ok(_) => {
                self.kit.emit(event);
            }
            // An insert whose answer was lost may have stored the family.
            Err(_) => {
                if let Err(error) = self.store.remove(&id).await {
                    error.log("removing the token family of a failed sign-in");
                }
                if event.is_recorded() {
                    let event = self.kit.event(EventKind::TokensRevoked).account(account);
                    self.kit.emit(event.credential(&id));
                }
            }
        }
        issued
    }

    async fn first_tokens(
        &self,
        account: &Account<U>,
        refresh: RefreshToken,
        wanted: Scopes,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Issued, StoreError> {
        let scopes = self.effective_scopes(account, &wanted).await?;
        if scopes != wanted {
            self.store.narrow(refresh.family(), &scopes).await?;
        }
        self.tokens_of(account, refresh, scopes, expires_at, now)
    }

    /// The scopes of `wanted` that the account gets now.
    pub(super) async fn effective_scopes(
        &self,
        account: &Account<U>,
        wanted: &Scopes,
    ) -> Result<Scopes, StoreError> {
        let wanted = wanted.intersection(self.config.grantable());
        self.kit.scopes.effective_scopes(account, wanted).await
    }

    /// The tokens of a family whose current refresh token is `refresh`.
    pub(super) fn tokens_of(
        &self,
        account: &Account<U>,
        refresh: RefreshToken,
        scopes: Scopes,
        refresh_expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Issued, StoreError> {
        // The family is gone once its refresh token has expired.
        let expires_at = (now + self.config.access_lifetime).min(refresh_expires_at);
        let access = Access {
            subject: account.user.id().to_string(),
            state: account.state(),
            family: *refresh.family(),
            scopes: scopes.clone(),
            issued_at: now,
            expires_at,
            id: random(),
        };
        Ok(Issued {
            access: self.access.sign(&access)?,
            expires_in: (expires_at - now).to_std().unwrap_or_default(),
            family: *refresh.family(),
            refresh,
            refresh_expires_in: (refresh_expires_at - now).to_std().unwrap_or_default(),
            scopes,
        })
    }
}
