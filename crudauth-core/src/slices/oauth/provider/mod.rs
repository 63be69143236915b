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
mod port;
mod request;
mod settings;
mod tokens;

use reqwest::Url;

pub(super) use self::logout_token::LIFETIME as LOGOUT_LIFETIME;
pub use self::logout_token::ProviderLogout;
pub use self::oidc_settings::ClientSecret;
pub use self::port::{
    AuthorizationRequest, AuthorizationResponse, Identity, IdentityProvider, ProviderError,
};
pub(super) use self::settings::Connected;
pub use self::settings::{AddressTrust, Provider};
pub use self::tokens::{ProviderTokens, RefreshRequest};
use super::http::{Reach, is_loopback};
use crate::config_error::ConfigError;

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
