//! Settings of an OpenID Connect provider, and how those of large companies differ.

use secrecy::SecretString;

use super::apple::AppleKey;
use super::microsoft::Directories;
use super::{AddressTrust, credentials, provider_url};
use crate::config_error::ConfigError;
use crate::slices::oauth::http::Reach;

/// How the app proves itself at a provider.
#[derive(Clone, Debug)]
pub enum ClientSecret {
    /// Not at all: a public client, protected by PKCE only.
    None,
    /// By a text.
    Text(SecretString),
    /// By a JWT that Apple's key signs.
    Apple(AppleKey),
}

impl<T: Into<String>> From<T> for ClientSecret {
    fn from(secret: T) -> Self {
        Self::Text(SecretString::from(secret.into()))
    }
}

/// Differences between providers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Nothing.
    Standard,
    /// Gives a refresh token by a parameter of its own.
    Google,
    /// Names a directory in the issuer, and marks verified addresses by `xms_edov`.
    Microsoft(Directories),
    /// Answers by POST, has no profile, and writes `email_verified` as a text.
    Apple,
}

#[derive(Clone)]
pub(super) struct OidcSettings {
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) secret: ClientSecret,
    pub(super) scopes: Vec<String>,
    pub(super) reach: Option<Reach>,
    pub(super) dialect: Dialect,
}

impl OidcSettings {
    pub(super) fn new(issuer: String, client_id: String, secret: ClientSecret) -> Self {
        let scopes = ["profile", "email"].map(str::to_owned).to_vec();
        Self { issuer, client_id, secret, scopes, reach: None, dialect: Dialect::Standard }
    }

    pub(super) fn validate(&self, trust: AddressTrust) -> Vec<ConfigError> {
        let key = match &self.secret {
            ClientSecret::Apple(key) if !key.is_valid() => Some(ConfigError::Malformed {
                setting: "oauth.apple.key",
                reason: "no P-256 key in PKCS #8 in the PEM text".to_owned(),
            }),
            _ => None,
        };
        let tenant = match &self.dialect {
            Dialect::Microsoft(directories) => directories.validate(&self.issuer),
            Dialect::Standard | Dialect::Google | Dialect::Apple => None,
        };
        let issuer = provider_url("oauth.issuer", &self.issuer, self.reach);
        let is_open = trust == AddressTrust::Every && self.is_open();
        let trust = is_open.then(|| ConfigError::Requires {
            setting: "oauth.trust",
            value: "AddressTrust::Every".to_owned(),
            requirement: "a directory of yours: its id as tenant, or `Provider::tenants`",
        });
        ConfigError::found([issuer, credentials(&self.client_id), key, tenant, trust])
    }

    /// Whether directories of strangers are admitted.
    fn is_open(&self) -> bool {
        match &self.dialect {
            Dialect::Microsoft(directories) => directories.are_open(&self.issuer),
            Dialect::Standard | Dialect::Google | Dialect::Apple => false,
        }
    }

    /// The directories of Microsoft, if the issuer stands for several.
    pub(super) fn directories(&self) -> Option<&Directories> {
        match &self.dialect {
            Dialect::Microsoft(directories) => Some(directories).filter(|all| all.are_several()),
            Dialect::Standard | Dialect::Google | Dialect::Apple => None,
        }
    }
}
