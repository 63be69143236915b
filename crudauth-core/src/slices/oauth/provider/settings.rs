//! A provider with the app's credentials, as the app configures it.

use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;

use super::apple::AppleKey;
use super::github::{GitHub, GitHubSettings};
use super::microsoft;
use super::oidc::Oidc;
use super::oidc_settings::{ClientSecret, Dialect, OidcSettings};
use super::port::IdentityProvider;
use crate::config_error::ConfigError;
use crate::slices::oauth::http::Reach;

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
    /// [`OAuth::access_token`](crate::slices::oauth::OAuth::access_token) (default: they are not kept).
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
    pub(in crate::slices::oauth) fn validate(&self) -> Vec<ConfigError> {
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
    pub(in crate::slices::oauth) fn connect(self) -> Connected {
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
pub(in crate::slices::oauth) struct Connected {
    pub(in crate::slices::oauth) name: String,
    pub(in crate::slices::oauth) trust: AddressTrust,
    pub(in crate::slices::oauth) keeps_tokens: bool,
    pub(in crate::slices::oauth) provider: Arc<dyn IdentityProvider>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("name", &self.name).finish_non_exhaustive()
    }
}
