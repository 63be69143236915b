//! Logout at the provider: begun by the app (OpenID Connect RP-Initiated Logout 1.0), or told by the
//! provider (Back-Channel Logout 1.0).

use super::provider::{LOGOUT_LIFETIME, ProviderLogout};
use super::store::ConnectionId;
use super::{OAuth, OAuthError};
use crate::event::EventKind;
use crate::guard::challenges::ChallengeRecord;
use crate::model::digest::sha256;
use crate::model::{AuthUser, ChallengeDigest};

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

    /// Ends every session of an account by a logout token of its provider. A token works once.
    ///
    /// The token may name a session at the provider (claim `sid`). The others end as well: a session of
    /// the app changes its token and goes on after a step-up, and no logout may miss it.
    ///
    /// # Errors
    /// [`OAuthError::UnknownProvider`], [`OAuthError::Provider`] and [`OAuthError::Store`]; the provider
    /// may send the token again then.
    pub async fn log_out(&self, provider: &str, token: &str) -> Result<(), OAuthError> {
        let connected = self.provider(provider)?;
        let now = self.kit.now();
        let verified = connected.provider.verify_logout(&*self.config.http, token, now).await;
        let logout = verified.inspect_err(|error| self.log(provider, error))?;
        let (digest, challenges) = (digest_of(&logout), &self.parts.challenges);
        if challenges.find(&digest, now).await?.is_some() {
            return Ok(());
        }
        let person = ConnectionId::new(&logout.issuer, &logout.subject);
        if let Some(account) = self.parts.connections.find(&person).await? {
            self.parts.sessions.end_all(&account, EventKind::SignedOutByProvider).await?;
        }
        // After the effect: a token that met a fault is sent again.
        let expires_at = now + LOGOUT_LIFETIME * 2;
        let value = b"used".to_vec();
        let record = ChallengeRecord { digest, value, created_at: now, expires_at };
        match challenges.insert(record).await {
            // Of two at once the second one finds the row of the first.
            Err(error) if challenges.find(&digest, now).await?.is_none() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// The name of a used token. Its parts are bound by a length, so that no two tokens have one.
fn digest_of(logout: &ProviderLogout) -> ChallengeDigest {
    let ProviderLogout { issuer, token_id, .. } = logout;
    let length = (issuer.len() as u64).to_be_bytes();
    let parts = [b"oauth logout", &length[..], issuer.as_bytes(), token_id.as_bytes()];
    ChallengeDigest::new(sha256(&parts))
}
