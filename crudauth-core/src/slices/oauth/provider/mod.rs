//! Providers as values, and the trait for one of the app's own.

mod apple;
mod discovery;
mod github;
mod id_token;
mod keys;
mod logout_token;
mod microsoft;
mod oidc;
mod oidc_settings;
mod request;
mod tokens;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::Url;
use secrecy::SecretString;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use self::apple::AppleKey;
use self::github::{GitHub, GitHubSettings};
pub(super) use self::logout_token::LIFETIME as LOGOUT_LIFETIME;
pub use self::logout_token::ProviderLogout;
use self::oidc::Oidc;
pub use self::oidc_settings::ClientSecret;
use self::oidc_settings::{Dialect, OidcSettings};
pub use self::tokens::{ProviderTokens, RefreshRequest};
use super::http::{HttpClient, Reach, is_loopback};
use crate::config_error::ConfigError;
use crate::notify::BoxError;

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
    /// Whether tokens are [kept](Provider::keep_tokens), and a refresh token is wanted.
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
    /// All claims of the profile, for [`OAuthConfig::sign_up_fields`](super::OAuthConfig).
    pub claims: Map<String, Value>,
    /// The tokens, for [`Provider::keep_tokens`]; hooks get none.
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

/// Which addresses of a provider prove that a person owns them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressTrust {
    /// None: a person gets in by a connection that was made while signed in.
    Never,
    /// Those that the provider calls verified.
    Verified,
    /// All. Only for a directory in which only you set addresses: `build()` rejects the tenants
    /// `common`, `organizations` and `consumers` of Microsoft, unless [`Provider::tenants`] lists yours.
    Every,
}

/// A provider with the app's credentials.
///
/// The name is part of the routes, as in `/oauth/google/authorize`.
#[derive(Clone)]
pub struct Provider {
    name: String,
    kind: Kind,
    trust: AddressTrust,
    keeps_tokens: bool,
}

#[derive(Clone)]
enum Kind {
    Oidc(OidcSettings),
    GitHub(GitHubSettings),
    Own(Arc<dyn IdentityProvider>),
}

impl Provider {
    /// Google, named `google`.
    pub fn google(client_id: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        let issuer = "https://accounts.google.com";
        Self::oidc("google", issuer, client_id, ClientSecret::Text(secret.into()))
            .set_oidc(|oidc| oidc.dialect = Dialect::Google)
    }

    /// GitHub, named `github`. It has no ID token, so the profile is asked over HTTPS.
    pub fn github(client_id: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        Self::of("github", Kind::GitHub(GitHubSettings::new(client_id.into(), secret.into())))
    }

    /// Microsoft, named `microsoft`. `tenant` is the id of a directory, `consumers` for personal
    /// accounts, `organizations` for every other directory, or `common` for all of these.
    ///
    /// Administrators of a directory choose the addresses in it, so an address counts as verified only
    /// with the optional claim `xms_edov`, or by [`trust`](Self::trust).
    pub fn microsoft(
        tenant: impl AsRef<str>,
        client_id: impl Into<String>,
        secret: impl Into<SecretString>,
    ) -> Self {
        let (issuer, directories) = microsoft::issuer(tenant.as_ref());
        let secret = ClientSecret::Text(secret.into());
        Self::oidc("microsoft", issuer, client_id, secret)
            .set_oidc(|oidc| oidc.dialect = Dialect::Microsoft(directories))
    }

    /// Admits the people of these directories of Microsoft only, of those that
    /// [`microsoft`](Self::microsoft) names with `common` or `organizations`.
    #[must_use]
    pub fn tenants<T: Into<String>>(self, ids: impl IntoIterator<Item = T>) -> Self {
        let ids = ids.into_iter().map(|id| id.into().to_ascii_lowercase()).collect();
        self.set_oidc(|oidc| match &mut oidc.dialect {
            Dialect::Microsoft(directories) => directories.limit(ids),
            Dialect::Standard | Dialect::Google | Dialect::Apple => {}
        })
    }

    /// Apple, named `apple`. `key` is the private key in PEM (the file `AuthKey_….p8`), with its
    /// `key_id`; `client_id` is the id of the service.
    pub fn apple(
        team_id: impl Into<String>,
        key_id: impl Into<String>,
        client_id: impl Into<String>,
        key: impl AsRef<[u8]>,
    ) -> Self {
        let key = AppleKey::new(team_id.into(), key_id.into(), key.as_ref());
        let secret = ClientSecret::Apple(key);
        Self::oidc("apple", "https://appleid.apple.com", client_id, secret)
            .set_oidc(|oidc| oidc.dialect = Dialect::Apple)
            .scopes(["name", "email"])
    }

    /// Any OpenID Connect provider. `issuer` is exactly the one that its document names.
    ///
    /// `secret` is a [`ClientSecret`] or a text; [`ClientSecret::None`] is for public clients. An
    /// issuer of this machine may be `http`.
    pub fn oidc(
        name: impl Into<String>,
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        secret: impl Into<ClientSecret>,
    ) -> Self {
        let settings = OidcSettings::new(issuer.into(), client_id.into(), secret.into());
        Self::of(name, Kind::Oidc(settings))
    }

    /// A provider of the app's own.
    pub fn own(name: impl Into<String>, provider: impl IdentityProvider) -> Self {
        Self::of(name, Kind::Own(Arc::new(provider)))
    }

    fn of(name: impl Into<String>, kind: Kind) -> Self {
        Self { name: name.into(), kind, trust: AddressTrust::Verified, keeps_tokens: false }
    }

    /// Sets another name, for example for a second directory of Microsoft.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the scopes (default `openid profile email`). `openid` is added by itself.
    #[must_use]
    pub fn scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        let scopes = scopes.into_iter().map(Into::into).collect();
        match &mut self.kind {
            Kind::Oidc(settings) => settings.scopes = scopes,
            Kind::GitHub(settings) => settings.scopes = scopes,
            Kind::Own(_) => {}
        }
        self
    }

    /// Sets which addresses prove that a person owns them (default [`AddressTrust::Verified`]).
    #[must_use]
    pub fn trust(mut self, trust: AddressTrust) -> Self {
        self.trust = trust;
        self
    }

    /// Keeps the tokens of the provider, encrypted, for
    /// [`OAuth::access_token`](super::OAuth::access_token) (default: they are not kept).
    ///
    /// A refresh token is asked for where the provider needs that: with `access_type=offline` (Google)
    /// or the scope `offline_access`, and `prompt=consent`. The scopes of the API are those of
    /// [`scopes`](Self::scopes).
    #[must_use]
    pub fn keep_tokens(mut self) -> Self {
        self.keeps_tokens = true;
        self
    }

    /// Allows addresses inside the network of the server, for a provider that runs there.
    #[must_use]
    pub fn allow_private_network(mut self) -> Self {
        match &mut self.kind {
            Kind::Oidc(settings) => settings.reach = Some(Reach::Private),
            Kind::GitHub(settings) => settings.reach = Some(Reach::Private),
            Kind::Own(_) => {}
        }
        self
    }

    /// Uses GitHub Enterprise at this URL in place of `github.com`.
    #[must_use]
    pub fn github_enterprise(mut self, url: impl Into<String>) -> Self {
        if let Kind::GitHub(settings) = &mut self.kind {
            settings.enterprise(url.into());
        }
        self
    }

    fn set_oidc(mut self, set: impl FnOnce(&mut OidcSettings)) -> Self {
        if let Kind::Oidc(settings) = &mut self.kind {
            set(settings);
        }
        self
    }

    /// The name in the routes.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns an error for each invalid setting.
    pub(super) fn validate(&self) -> Vec<ConfigError> {
        let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        let is_name = (1..=32).contains(&self.name.len()) && self.name.bytes().all(is_plain);
        let mut errors = Vec::new();
        if !is_name {
            let rule = "1 to 32 lower-case letters, digits, `-` or `_`";
            let name = self.name.clone();
            errors.push(ConfigError::InvalidName { setting: "oauth.provider", name, rule });
        }
        if self.name == "connections" {
            let name = self.name.clone();
            errors.push(ConfigError::ReservedName { setting: "oauth.provider", name });
        }
        match &self.kind {
            Kind::Oidc(settings) => errors.extend(settings.validate(self.trust)),
            Kind::GitHub(settings) => errors.extend(settings.validate()),
            Kind::Own(_) => {}
        }
        errors
    }

    /// Creates the provider. It is asked at the first sign-in.
    pub(super) fn connect(self) -> Connected {
        let provider: Arc<dyn IdentityProvider> = match self.kind {
            Kind::Oidc(settings) => Arc::new(Oidc::new(settings)),
            Kind::GitHub(settings) => Arc::new(GitHub::new(settings)),
            Kind::Own(provider) => provider,
        };
        let Self { name, trust, keeps_tokens, .. } = self;
        Connected { name, trust, keeps_tokens, provider }
    }
}

/// A provider of a mount.
pub(super) struct Connected {
    pub(super) name: String,
    pub(super) trust: AddressTrust,
    pub(super) keeps_tokens: bool,
    pub(super) provider: Arc<dyn IdentityProvider>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A name may have got another provider since: its tokens must not go there.
const OTHER_ISSUER: &str = "the connection is one to another issuer";

/// The reach of a provider with this URL: its own machine, if the URL names that, or the internet.
fn default_reach(url: &Url) -> Reach {
    if url.scheme() == "http" && is_loopback(url) { Reach::Loopback } else { Reach::Public }
}

/// A URL of a provider that requests may go to.
fn provider_url(setting: &'static str, url: &str, reach: Option<Reach>) -> Option<ConfigError> {
    let is_valid = Url::parse(url).is_ok_and(|parsed| {
        let reach = reach.unwrap_or_else(|| default_reach(&parsed));
        reach.admits(&parsed) && parsed.query().is_none() && parsed.fragment().is_none()
    });
    (!is_valid).then(|| ConfigError::InvalidUrl { setting, url: url.to_owned() })
}

/// Returns an error for credentials that are empty.
fn credentials(client_id: &str) -> Option<ConfigError> {
    ConfigError::length("oauth.client_id", "bytes", client_id.len(), 1..=512)
}
