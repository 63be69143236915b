//! The trait of a provider, with what it is given and what it returns.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{ProviderLogout, ProviderTokens, RefreshRequest};
use crate::notify::BoxError;
use crate::slices::oauth::http::HttpClient;

/// Signs people in: the part of the protocol that differs between providers.
///
/// The library makes and checks state, nonce and PKCE verifier, and links accounts. An implementation
/// builds the URL and exchanges the code; it must verify the answer.
#[async_trait]
pub trait IdentityProvider: Send + Sync + 'static {
    /// Returns the URL to which the browser is sent.
    ///
    /// # Errors
    /// [`ProviderError`] if the provider cannot be asked.
    async fn authorization_url(
        &self,
        http: &dyn HttpClient,
        start: &AuthorizationRequest,
    ) -> Result<String, ProviderError>;

    /// Exchanges the code for the identity of the person.
    ///
    /// # Errors
    /// [`ProviderError`] for every answer that proves nothing.
    async fn identify(
        &self,
        http: &dyn HttpClient,
        answer: &AuthorizationResponse,
    ) -> Result<Identity, ProviderError>;

    /// Returns the URL that ends the session at the provider and sends the browser to `return_to`;
    /// `None` by default.
    ///
    /// # Errors
    /// [`ProviderError`] if the provider cannot be asked.
    async fn logout_url(
        &self,
        http: &dyn HttpClient,
        return_to: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, ProviderError> {
        let _ = (http, return_to, now);
        Ok(None)
    }

    /// Verifies a logout token (OpenID Connect Back-Channel Logout 1.0). By default each is rejected.
    ///
    /// # Errors
    /// [`ProviderError`] for every token that proves nothing.
    async fn verify_logout(
        &self,
        http: &dyn HttpClient,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<ProviderLogout, ProviderError> {
        let _ = (http, token, now);
        Err(ProviderError::LogoutToken("the provider sends none"))
    }

    /// Exchanges a refresh token for new tokens. By default there is no way to.
    ///
    /// A refresh that takes longer than 30 seconds is cancelled, and counts as
    /// [`ProviderError::Unreachable`].
    ///
    /// # Errors
    /// [`ProviderError::InvalidGrant`] if the refresh token is no longer valid: the tokens are deleted
    /// then. Any other error keeps them.
    async fn refresh(
        &self,
        http: &dyn HttpClient,
        request: &RefreshRequest,
    ) -> Result<ProviderTokens, ProviderError> {
        let _ = (http, request);
        Err(ProviderError::Unusable { endpoint: "token", reason: "the provider refreshes none" })
    }

    /// Whether the provider sends its answer as a form of a POST (default `false`).
    fn answers_by_post(&self) -> bool {
        false
    }
}

/// The parameters of a sign-in that begins. `Debug` does not show them.
#[derive(Clone)]
#[non_exhaustive]
pub struct AuthorizationRequest {
    /// URL of the callback.
    pub redirect_uri: String,
    /// State, which the provider returns.
    pub state: String,
    /// Nonce, which the ID token repeats.
    pub nonce: String,
    /// PKCE challenge (RFC 7636, method `S256`).
    pub code_challenge: String,
    /// Whether the person must prove themselves anew at the provider (`max_age=0`).
    pub is_fresh: bool,
    /// Whether tokens are [kept](super::Provider::keep_tokens), and a refresh token is wanted.
    pub keeps_tokens: bool,
    /// Now.
    pub now: DateTime<Utc>,
}

crate::opaque::opaque!(AuthorizationRequest);

/// The answer of a provider, with the secrets of this sign-in. `Debug` does not show it.
#[derive(Clone)]
#[non_exhaustive]
pub struct AuthorizationResponse {
    /// The code.
    pub code: Zeroizing<String>,
    /// The issuer that the answer names (RFC 9207).
    pub issuer: Option<String>,
    /// URL of the callback.
    pub redirect_uri: String,
    /// Nonce.
    pub nonce: String,
    /// PKCE verifier.
    pub code_verifier: Zeroizing<String>,
    /// The field `user` of a form (Apple), at most 1 KiB. It comes through the browser: it proves
    /// nothing.
    pub user: Option<Zeroizing<String>>,
    /// When the person must have proved themselves at the earliest, if they must anew.
    pub fresh_since: Option<DateTime<Utc>>,
    /// Now.
    pub now: DateTime<Utc>,
}

crate::opaque::opaque!(AuthorizationResponse);

/// A person as a provider knows them.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// The issuer: a URL that no other provider has.
    pub issuer: String,
    /// The person at this issuer: never reassigned, and unchanged by a new name or address.
    pub subject: String,
    /// The email address.
    pub email: Option<String>,
    /// Whether the provider has verified that the address belongs to the person.
    pub is_email_verified: bool,
    /// All claims of the profile, for [`OAuthConfig::sign_up_fields`](crate::slices::oauth::OAuthConfig).
    pub claims: Map<String, Value>,
    /// The tokens, for [`Provider::keep_tokens`](super::Provider::keep_tokens); hooks get none.
    pub tokens: Option<ProviderTokens>,
}

impl Identity {
    /// Returns a claim that is a text.
    #[must_use]
    pub fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str().filter(|text| !text.is_empty())
    }
}

/// Why a provider proved nothing. The reason is for the log, and holds no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// There is no complete answer.
    #[error("{endpoint} cannot be reached")]
    Unreachable {
        /// The request.
        endpoint: &'static str,
        /// The cause.
        #[source]
        cause: BoxError,
    },
    /// The answer has an unexpected status.
    #[error("{endpoint} answers with status {status}")]
    Status {
        /// The request.
        endpoint: &'static str,
        /// The status.
        status: u16,
    },
    /// The answer cannot be used.
    #[error("{endpoint}: {reason}")]
    Unusable {
        /// The request.
        endpoint: &'static str,
        /// The reason.
        reason: &'static str,
    },
    /// The code or the refresh token is not valid, or no longer (RFC 6749, section 5.2).
    #[error("token: the grant is not valid")]
    InvalidGrant,
    /// The ID token proves nothing.
    #[error("the ID token is rejected: {0}")]
    IdToken(&'static str),
    /// The logout token proves nothing.
    #[error("the logout token is rejected: {0}")]
    LogoutToken(&'static str),
}
