//! Begins a sign-in with a provider.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::provider::AuthorizationRequest;
use super::{OAuth, OAuthError};
use crate::guard::challenges::ChallengeRecord;
use crate::model::{
    AccountState, AuthUser, BrowserToken, ChallengeDigest, ChallengeToken, RedirectPath,
};
use crate::principal::Principal;
use crate::random::random;
use crate::store_error::StoreError;

/// A sign-in to be begun.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Start {
    /// The page to go on to.
    pub redirect_to: Option<RedirectPath>,
    /// Whether the person must prove themselves anew at the provider, even if they are signed in there.
    pub is_fresh: bool,
}

/// A sign-in that has begun. `Debug` does not show it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Started {
    /// Where the browser goes.
    pub url: String,
    /// The public id of the state, by which the cookie is named.
    pub state_id: String,
    /// The value of the cookie that binds the sign-in to the browser.
    pub browser: BrowserToken,
    /// How long the person may take.
    pub expires_in: Duration,
}

crate::opaque::opaque!(Started);

/// The stored form of a sign-in that has begun.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct Pending<U: AuthUser> {
    pub(super) provider: String,
    /// Digest of the cookie.
    pub(super) browser: String,
    /// The PKCE verifier, encrypted.
    pub(super) verifier: String,
    pub(super) redirect_to: Option<String>,
    /// When it began, if the person must prove themselves anew.
    pub(super) fresh_since: Option<i64>,
    /// The account to be connected, if its owner is signed in for that.
    pub(super) connects: Option<(U::Id, AccountState)>,
}

/// The name under which the verifier of a state is encrypted.
pub(super) fn seal_name(state: &ChallengeDigest) -> String {
    format!("oauth.{}", hex::encode(state.as_bytes()))
}

/// The public id of a state.
#[must_use]
pub fn state_id(state: &ChallengeToken) -> String {
    hex::encode(&state.digest().as_bytes()[..8])
}

/// The nonce of a verifier. It reveals nothing about it.
pub(super) fn nonce_of(verifier: &str) -> String {
    let digest = Sha256::new().chain_update(b"nonce").chain_update(verifier).finalize();
    BASE64.encode(digest)
}

impl<U: AuthUser> OAuth<U> {
    /// Begins a sign-in.
    ///
    /// # Errors
    /// [`OAuthError::UnknownProvider`], [`OAuthError::Provider`] and [`OAuthError::Store`].
    pub async fn start(&self, provider: &str, start: Start) -> Result<Started, OAuthError> {
        self.begin(provider, start, None).await
    }

    /// Begins to connect the principal's account. The owner must have signed in
    /// [recently](super::OAuthConfig::max_sign_in_age), by a session.
    ///
    /// # Errors
    /// [`OAuthError`].
    pub async fn start_connection(
        &self,
        provider: &str,
        start: Start,
        principal: &Principal<U>,
    ) -> Result<Started, OAuthError> {
        self.provider(provider)?;
        let account = self.fresh_owner(principal)?;
        if !account.is_verified() {
            return Err(OAuthError::NotVerified);
        }
        self.parts.callers.check(principal).await?;
        let connects = (account.user.id().clone(), account.state());
        self.begin(provider, start, Some(connects)).await
    }

    async fn begin(
        &self,
        name: &str,
        start: Start,
        connects: Option<(U::Id, AccountState)>,
    ) -> Result<Started, OAuthError> {
        let connected = self.provider(name)?;
        let now = self.kit.now();
        let state = ChallengeToken::generate();
        let digest = state.digest();
        let browser = BrowserToken::generate();
        let verifier = Zeroizing::new(hex::encode(random::<32>()));
        let request = AuthorizationRequest {
            redirect_uri: self.redirect_uri(name),
            state: state.expose().to_owned(),
            nonce: nonce_of(&verifier),
            code_challenge: BASE64.encode(Sha256::digest(verifier.as_bytes())),
            is_fresh: start.is_fresh,
            keeps_tokens: connected.keeps_tokens,
            now,
        };
        let url = connected.provider.authorization_url(&*self.config.http, &request).await;
        let url = url.inspect_err(|error| self.log(name, error))?;
        let sealed = self.kit.keys.seal(&seal_name(&digest), verifier.as_bytes())?;
        let pending = Pending::<U> {
            provider: name.to_owned(),
            browser: hex::encode(browser.digest().as_bytes()),
            verifier: hex::encode(sealed.as_bytes()),
            redirect_to: start.redirect_to.map(|path| path.as_str().to_owned()),
            fresh_since: start.is_fresh.then(|| now.timestamp_millis()),
            connects,
        };
        let expires_in = self.config.start_lifetime;
        let value = serde_json::to_vec(&pending).map_err(StoreError::failed)?;
        let record =
            ChallengeRecord { digest, value, created_at: now, expires_at: now + expires_in };
        self.parts.challenges.insert(record).await?;
        Ok(Started { url, state_id: state_id(&state), browser, expires_in })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nonce_is_fixed_by_the_verifier() {
        assert_eq!(nonce_of("a"), nonce_of("a"));
        assert_ne!(nonce_of("a"), nonce_of("b"));
        assert!(nonce_of("a").len() >= 43);
    }
}
