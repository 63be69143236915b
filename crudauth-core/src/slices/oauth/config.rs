//! Settings of sign-in with providers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use serde_json::{Map, Value};

use super::http::{HttpClient, WebClient};
use super::provider::{Identity, Provider};
use crate::config_error::ConfigError;

/// Derives the fields of a sign-up from a profile.
pub(super) type SignUpFields = Arc<dyn Fn(&Identity) -> Map<String, Value> + Send + Sync>;

/// Settings of the `oauth` slice.
#[derive(Clone)]
pub struct OAuthConfig {
    public_url: String,
    pub(super) providers: Vec<Provider>,
    pub(super) default_redirect: Option<String>,
    response: ResponseMode,
    pub(super) start_lifetime: Duration,
    pub(super) max_sign_in_age: Duration,
    pub(super) sign_up_fields: SignUpFields,
    pub(super) http: Arc<dyn HttpClient>,
}

/// How the callback answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseMode {
    /// With a redirect, for browsers that navigate to the routes.
    #[default]
    Redirect,
    /// With JSON, for front ends that call the routes.
    Json,
}

impl OAuthConfig {
    /// Creates the settings. `public_url` is the URL of the mount as browsers see it, with the prefix
    /// that its routes are nested under: `https://app.example.com/accounts`.
    ///
    /// The callback of a provider is `{public_url}/oauth/{name}/callback`; the provider must know it.
    pub fn new(public_url: impl Into<String>) -> Self {
        Self {
            public_url: public_url.into(),
            providers: Vec::new(),
            default_redirect: None,
            response: ResponseMode::default(),
            start_lifetime: Duration::from_mins(30),
            max_sign_in_age: Duration::from_mins(10),
            sign_up_fields: Arc::new(|_| Map::new()),
            http: Arc::new(WebClient::default()),
        }
    }

    /// Adds a provider.
    #[must_use]
    pub fn provider(mut self, provider: Provider) -> Self {
        self.providers.push(provider);
        self
    }

    /// Sets where the browser goes if the sign-in named no page, and after a failure: a path or a URL
    /// (default: the public URL).
    #[must_use]
    pub fn default_redirect(mut self, target: impl Into<String>) -> Self {
        self.default_redirect = Some(target.into());
        self
    }

    /// Sets how the callback answers (default [`ResponseMode::Redirect`]).
    #[must_use]
    pub fn response_mode(mut self, mode: ResponseMode) -> Self {
        self.response = mode;
        self
    }

    /// Sets how long a person may take at the provider (default 30 minutes, 1 minute to 1 hour).
    #[must_use]
    pub fn start_lifetime(mut self, lifetime: Duration) -> Self {
        self.start_lifetime = lifetime;
        self
    }

    /// Sets the oldest sign-in by which connections are added and removed (default 10 minutes, 1
    /// minute to 1 day).
    #[must_use]
    pub fn max_sign_in_age(mut self, age: Duration) -> Self {
        self.max_sign_in_age = age;
        self
    }

    /// Sets a function that derives the fields of a sign-up from the profile: columns with
    /// `#[auth(register)]`, further identifiers, or another username.
    ///
    /// The fields are read and checked like those of a form. By default there are none.
    #[must_use]
    pub fn sign_up_fields(
        mut self,
        fields: impl Fn(&Identity) -> Map<String, Value> + Send + Sync + 'static,
    ) -> Self {
        self.sign_up_fields = Arc::new(fields);
        self
    }

    /// Sends requests to providers by this client, for example through a proxy.
    #[must_use]
    pub fn http_client(mut self, client: impl HttpClient) -> Self {
        self.http = Arc::new(client);
        self
    }

    /// The URL of the mount, without a slash at the end.
    #[must_use]
    pub fn public_url(&self) -> &str {
        self.public_url.trim_end_matches('/')
    }

    /// The page for a sign-in that names none.
    #[must_use]
    pub fn home(&self) -> &str {
        self.default_redirect.as_deref().unwrap_or(&self.public_url)
    }

    /// As [`home`](Self::home), with scheme and host.
    pub(super) fn home_url(&self) -> String {
        let home = self.home();
        if Url::parse(home).is_ok() {
            return home.to_owned();
        }
        let url = Url::parse(&self.public_url).and_then(|url| url.join(home));
        url.map_or_else(|_| self.public_url.clone(), Into::into)
    }

    /// How the callback answers.
    #[must_use]
    pub const fn response(&self) -> ResponseMode {
        self.response
    }

    /// Returns an error for each invalid setting.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let lifetimes = Duration::from_mins(1)..=Duration::from_hours(1);
        let ages = Duration::from_mins(1)..=Duration::from_hours(24);
        let providers = self.providers.len();
        let mut errors = ConfigError::found([
            invalid_url("oauth.public_url", &self.public_url),
            self.invalid_home(),
            ConfigError::length("oauth.providers", "providers", providers, 1..=32),
            ConfigError::duration("oauth.start_lifetime", self.start_lifetime, lifetimes),
            ConfigError::duration("oauth.max_sign_in_age", self.max_sign_in_age, ages),
        ]);
        for (at, provider) in self.providers.iter().enumerate() {
            errors.extend(provider.validate());
            let name = provider.name().to_owned();
            if self.providers[..at].iter().any(|known| known.name() == name) {
                errors.push(ConfigError::DuplicateName { setting: "oauth.provider", name });
            }
        }
        errors
    }

    /// A path may lead anywhere on the site, also to a fragment.
    fn invalid_home(&self) -> Option<ConfigError> {
        let home = self.default_redirect.as_deref()?;
        if crate::model::RedirectPath::parse(home).is_some() {
            return None;
        }
        invalid_url("oauth.default_redirect", home)
    }
}

fn invalid_url(setting: &'static str, url: &str) -> Option<ConfigError> {
    let is_plain = Url::parse(url).is_ok_and(|url| {
        matches!(url.scheme(), "https" | "http")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    (!is_plain).then(|| ConfigError::InvalidUrl { setting, url: url.to_owned() })
}

impl fmt::Debug for OAuthConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("OAuthConfig");
        shown.field("public_url", &self.public_url).field("providers", &self.providers);
        shown.finish_non_exhaustive()
    }
}
