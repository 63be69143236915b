//! Logout at the provider: begun by the app (OpenID Connect RP-Initiated Logout 1.0), or told by the
//! provider (Back-Channel Logout 1.0).

use chrono::{DateTime, TimeDelta, Utc};

use super::provider::{LOGOUT_LIFETIME, ProviderLogout};
use super::store::ConnectionId;
use super::{OAuth, OAuthError};
use crate::event::EventKind;
use crate::guard::challenges::ChallengeRecord;
use crate::model::digest::sha256;
use crate::model::{Account, AuthUser, ChallengeDigest, SessionHandle};
use crate::store_error::StoreError;

/// How long the session of a provider is remembered. After that a logout that names it ends every
/// session of the account.
const REMEMBERED: TimeDelta = TimeDelta::days(30);

/// How many sessions of the app are remembered for one of a provider.
const MAX_SESSIONS: usize = 8;

impl<U: AuthUser> OAuth<U> {
    /// Returns the URL to which the browser goes to end the session at the provider; `None` if the
    /// provider has no such page. The provider sends it back to the default page, if that is
    /// registered there.
    ///
    /// It ends no session of the app.
    ///
    /// # Errors
    /// [`OAuthError::UnknownProvider`] and [`OAuthError::Provider`].
    pub async fn logout_url(&self, provider: &str) -> Result<Option<String>, OAuthError> {
        let connected = self.provider(provider)?;
        let home = self.config.home_url();
        let http = &*self.config.http;
        let url = connected.provider.logout_url(http, &home, self.kit.now()).await;
        Ok(url.inspect_err(|error| self.log(provider, error))?)
    }

    /// Ends sessions by a logout token of a provider: those that the session at the provider opened,
    /// or every session of the account if the token names none, or an unknown one. A token works once.
    ///
    /// # Errors
    /// [`OAuthError::UnknownProvider`], [`OAuthError::Provider`] and [`OAuthError::Store`].
    pub async fn log_out(&self, provider: &str, token: &str) -> Result<(), OAuthError> {
        let connected = self.provider(provider)?;
        let now = self.kit.now();
        let verified = connected.provider.verify_logout(&*self.config.http, token, now).await;
        let logout = verified.inspect_err(|error| self.log(provider, error))?;
        if !self.spend(&logout, now).await? {
            return Ok(());
        }
        let person = ConnectionId::new(&logout.issuer, &logout.subject);
        let Some(account) = self.parts.connections.find(&person).await? else { return Ok(()) };
        let opened = self.opened_by(&logout, &account, now).await?;
        let sessions = &self.parts.sessions;
        sessions.end(&account, opened.as_deref(), EventKind::SignedOutByProvider).await?;
        Ok(())
    }

    /// Remembers which session a session of the provider has opened. A sign-in does not fail by it:
    /// a logout then ends every session.
    pub(super) async fn remember_session(
        &self,
        (issuer, session): (&str, &str),
        account: &Account<U>,
        handle: &SessionHandle,
    ) {
        let stored = self.add_session((issuer, session), account, handle).await;
        if let Err(error) = stored {
            error.log("remembering the session of a provider");
        }
    }

    async fn add_session(
        &self,
        (issuer, session): (&str, &str),
        account: &Account<U>,
        handle: &SessionHandle,
    ) -> Result<(), StoreError> {
        let now = self.kit.now();
        let digest = digest_of("session", issuer, &account.user.id().to_string(), session);
        let known = self.parts.challenges.take(&digest, now).await?;
        let mut handles = known.map(|known| handles_of(&known)).unwrap_or_default();
        handles.insert(0, handle.to_string());
        handles.truncate(MAX_SESSIONS);
        let value = serde_json::to_vec(&handles).map_err(StoreError::failed)?;
        let record =
            ChallengeRecord { digest, value, created_at: now, expires_at: now + REMEMBERED };
        self.parts.challenges.insert(record).await
    }

    /// The sessions that the session at the provider has opened; `None` stands for all.
    async fn opened_by(
        &self,
        logout: &ProviderLogout,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<SessionHandle>>, StoreError> {
        let Some(session) = &logout.session else { return Ok(None) };
        let id = account.user.id().to_string();
        let digest = digest_of("session", &logout.issuer, &id, session);
        let known = self.parts.challenges.take(&digest, now).await?;
        let parsed = |known: Vec<u8>| {
            handles_of(&known).iter().filter_map(|one| SessionHandle::parse(one)).collect()
        };
        Ok(known.map(parsed))
    }

    /// Takes note of the id of a token. Returns `false` if it was used before.
    async fn spend(&self, logout: &ProviderLogout, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let digest = digest_of("logout", &logout.issuer, "", &logout.token_id);
        let challenges = &self.parts.challenges;
        if challenges.find(&digest, now).await?.is_some() {
            return Ok(false);
        }
        let expires_at = now + LOGOUT_LIFETIME * 2;
        let value = b"used".to_vec();
        let record = ChallengeRecord { digest, value, created_at: now, expires_at };
        match challenges.insert(record).await {
            // Of two at once the second one finds the row of the first.
            Err(error) if challenges.find(&digest, now).await?.is_none() => Err(error),
            stored => Ok(stored.is_ok()),
        }
    }
}

fn handles_of(stored: &[u8]) -> Vec<String> {
    serde_json::from_slice(stored).unwrap_or_default()
}

/// The parts are bound by their lengths, so that no two names have one digest.
fn digest_of(kind: &str, issuer: &str, account: &str, name: &str) -> ChallengeDigest {
    let length = |text: &str| (text.len() as u64).to_be_bytes();
    ChallengeDigest::new(sha256(&[
        b"oauth ",
        kind.as_bytes(),
        &length(issuer),
        issuer.as_bytes(),
        &length(account),
        account.as_bytes(),
        name.as_bytes(),
    ]))
}
