//! Sign-in with providers: Google, GitHub, Microsoft, Apple, and any other OpenID Connect provider.
//!
//! A sign-in is a pair: [`OAuth::start`] sends the browser to the provider, and [`OAuth::finish`]
//! takes its answer. State, nonce and PKCE verifier are used once, in the browser and at the provider
//! that they were made for. ID tokens are verified with `jsonwebtoken`, which the library uses for its
//! own tokens already, and requests go through one small port over `reqwest`: the crates
//! `openidconnect` and `oauth2` would add a second JOSE implementation and a second HTTP layer, and
//! none of the limits that are needed here.
//!
//! Accounts are found by issuer and subject. An address leads to an account only if the provider has
//! verified it. An account without a verified address goes to the person with the proved address, and
//! everything that its first holder set is deleted.

mod access_token;
mod accounts;
#[cfg(test)]
mod claim_tests;
mod config;
mod connections;
mod error;
mod finish;
mod http;
mod logout;
#[cfg(all(test, feature = "sqlite"))]
mod logout_tests;
mod provider;
mod sql;
mod start;
pub mod store;
mod tokens;
mod tokens_held;
mod tokens_refresh;
mod tokens_sql;
#[cfg(all(test, feature = "sqlite"))]
mod tokens_tests;

use std::collections::HashMap;
use std::sync::Arc;

pub use access_token::{AccessTokenError, ProviderAccessToken};
pub use config::{OAuthConfig, ResponseMode};
pub use error::OAuthError;
pub use finish::{Answer, Finished, SignedInWith};
pub use http::{HttpClient, HttpRequest, HttpResponse, Reach};
use provider::Connected;
pub use provider::{
    AddressTrust, AuthorizationRequest, AuthorizationResponse, ClientSecret, Identity,
    IdentityProvider, Provider, ProviderError, ProviderLogout, ProviderTokens, RefreshRequest,
};
pub use sql::CONNECTIONS;
pub use start::{Start, Started, state_id};
use store::ConnectionStore;

use crate::guard::Action;
use crate::guard::challenges::ChallengeStore;
use crate::kit::Kit;
use crate::model::AuthUser;
use crate::notify::Background;
use crate::slices::accounts::Callers;
use crate::slices::sessions::Sessions;
use crate::slices::sign_in::SignInFlow;

/// Sign-ins with a provider that begin, by client network: 30 an hour by default.
pub const AUTHORIZE: Action = Action::per_hour("oauth_authorize", 30);

/// Logout tokens that prove nothing, by client network: 60 an hour by default.
pub const LOGOUT: Action = Action::per_hour("oauth_logout", 60);

/// Connections that are added or removed, by account: 10 an hour by default.
pub const MANAGE: Action = Action::per_hour("oauth_manage", 10);

/// Signs people in with providers.
pub struct OAuth<U: AuthUser> {
    kit: Kit<U>,
    parts: OAuthParts<U>,
    config: OAuthConfig,
    providers: Vec<Connected>,
}

/// The parts of the slice.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "no app can name it")]
pub struct OAuthParts<U: AuthUser> {
    pub connections: Arc<dyn ConnectionStore<U>>,
    pub challenges: Arc<dyn ChallengeStore>,
    pub callers: Callers<U>,
    pub sessions: Arc<Sessions<U>>,
    pub sign_in: SignInFlow<U>,
    /// Waits for refreshes at shutdown.
    pub background: Background,
    /// The longest text of each column of the live table.
    pub widths: HashMap<String, usize>,
}

impl<U: AuthUser> OAuth<U> {
    /// Creates the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(kit: Kit<U>, parts: OAuthParts<U>, config: OAuthConfig) -> Self {
        let providers = config.providers.iter().cloned().map(Provider::connect).collect();
        Self { kit, parts, config, providers }
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &OAuthConfig {
        &self.config
    }

    /// Returns `true` if there is a provider of this name.
    #[must_use]
    pub fn has_provider(&self, name: &str) -> bool {
        self.provider(name).is_ok()
    }

    /// Returns `true` if the provider of this name sends its answer as a form of a POST.
    #[must_use]
    pub fn answers_by_post(&self, name: &str) -> bool {
        self.provider(name).is_ok_and(|connected| connected.provider.answers_by_post())
    }

    fn provider(&self, name: &str) -> Result<&Connected, OAuthError> {
        let mut providers = self.providers.iter();
        providers.find(|connected| connected.name == name).ok_or(OAuthError::UnknownProvider)
    }

    fn redirect_uri(&self, provider: &str) -> String {
        format!("{}/oauth/{provider}/callback", self.config.public_url())
    }
}

impl<U: AuthUser> std::fmt::Debug for OAuth<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OAuth").field("config", &self.config).finish_non_exhaustive()
    }
}
