//! GitHub, which speaks OAuth 2.0 without ID tokens: the profile and the addresses are asked over
//! HTTPS, with the access token that the code was exchanged for.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::request::{fetch, fetch_object, fetch_tokens, form, get, with_query};
use super::{
    AuthorizationRequest, AuthorizationResponse, Identity, IdentityProvider, OTHER_ISSUER,
    ProviderError, ProviderTokens, RefreshRequest, credentials, default_reach, provider_url,
};
use crate::config_error::ConfigError;
use crate::slices::oauth::http::{HttpClient, HttpRequest, Reach};

#[derive(Clone)]
pub(super) struct GitHubSettings {
    client_id: String,
    secret: SecretString,
    pub(super) scopes: Vec<String>,
    pub(super) reach: Option<Reach>,
    web: String,
    api: String,
}

impl GitHubSettings {
    pub(super) fn new(client_id: String, secret: SecretString) -> Self {
        Self {
            client_id,
            secret,
            scopes: ["read:user", "user:email"].map(str::to_owned).to_vec(),
            reach: None,
            web: "https://github.com".to_owned(),
            api: "https://api.github.com".to_owned(),
        }
    }

    pub(super) fn enterprise(&mut self, url: String) {
        let url = url.trim_end_matches('/');
        self.web = url.to_owned();
        self.api = format!("{url}/api/v3");
    }

    pub(super) fn validate(&self) -> Vec<ConfigError> {
        let url = provider_url("oauth.github_enterprise", &self.web, self.reach);
        ConfigError::found([url, credentials(&self.client_id)])
    }
}

pub(super) struct GitHub {
    settings: GitHubSettings,
    scope: String,
    reach: Reach,
}

impl GitHub {
    pub(super) fn new(settings: GitHubSettings) -> Self {
        let default = Url::parse(&settings.web).map_or(Reach::Public, |url| default_reach(&url));
        let reach = settings.reach.unwrap_or(default);
        Self { scope: settings.scopes.join(" "), reach, settings }
    }

    fn url(base: &str, path: &str) -> Result<Url, ProviderError> {
        let reason = "the address of GitHub is not a URL";
        Url::parse(&format!("{base}{path}"))
            .map_err(|_| ProviderError::Unusable { endpoint: "github", reason })
    }

    async fn exchange(
        &self,
        http: &dyn HttpClient,
        grant: &[(&str, &str)],
        now: DateTime<Utc>,
    ) -> Result<ProviderTokens, ProviderError> {
        let client = [
            ("client_id", &*self.settings.client_id),
            ("client_secret", self.settings.secret.expose_secret()),
        ];
        let request = HttpRequest {
            url: Self::url(&self.settings.web, "/login/oauth/access_token")?,
            authorization: None,
            form: Some(form(&[&client, grant].concat())),
            reach: self.reach,
        };
        ProviderTokens::read(&fetch_tokens(http, request).await?, now)
    }

    /// The best address: the primary one if it is verified, else a verified one, else the primary one.
    async fn address(
        &self,
        http: &dyn HttpClient,
        token: &Zeroizing<String>,
    ) -> Result<Option<(String, bool)>, ProviderError> {
        let url = Self::url(&self.settings.api, "/user/emails")?;
        let listed = fetch(http, "addresses", get(url, Some(token.clone()), self.reach)).await?;
        let listed = listed.as_array().map(Vec::as_slice).unwrap_or_default();
        let is = |entry: &Value, name: &str| entry[name] == true;
        let found = (listed.iter().find(|one| is(one, "primary") && is(one, "verified")))
            .or_else(|| listed.iter().find(|one| is(one, "verified")))
            .or_else(|| listed.iter().find(|one| is(one, "primary")));
        Ok(found
            .and_then(|entry| Some((entry["email"].as_str()?.to_owned(), is(entry, "verified")))))
    }
}

#[async_trait]
impl IdentityProvider for GitHub {
    async fn authorization_url(
        &self,
        _: &dyn HttpClient,
        start: &AuthorizationRequest,
    ) -> Result<String, ProviderError> {
        if start.is_fresh {
            let reason = "GitHub cannot ask for a fresh proof";
            return Err(ProviderError::Unusable { endpoint: "authorization", reason });
        }
        let url = Self::url(&self.settings.web, "/login/oauth/authorize")?;
        let parameters = [
            ("client_id", &*self.settings.client_id),
            ("redirect_uri", &*start.redirect_uri),
            ("response_type", "code"),
            ("scope", &*self.scope),
            ("state", &*start.state),
            ("code_challenge", &*start.code_challenge),
            ("code_challenge_method", "S256"),
        ];
        Ok(with_query(url, &parameters).into())
    }

    async fn identify(
        &self,
        http: &dyn HttpClient,
        answer: &AuthorizationResponse,
    ) -> Result<Identity, ProviderError> {
        let grant = [
            ("code", &**answer.code),
            ("redirect_uri", &*answer.redirect_uri),
            ("code_verifier", &**answer.code_verifier),
        ];
        let tokens = self.exchange(http, &grant, answer.now).await?;
        let token = Zeroizing::new(format!("Bearer {}", tokens.access.expose_secret()));
        let url = Self::url(&self.settings.api, "/user")?;
        let mut claims: Map<String, Value> =
            fetch_object(http, "profile", get(url, Some(token.clone()), self.reach)).await?;
        // The number stays when the name changes, and no other account gets it.
        let id = claims.get("id").and_then(Value::as_u64);
        let reason = "it has no number";
        let id = id.ok_or(ProviderError::Unusable { endpoint: "profile", reason })?;
        if let Some(login) = claims.get("login").cloned() {
            claims.insert("preferred_username".to_owned(), login);
        }
        let address = self.address(http, &token).await?;
        let is_email_verified = address.as_ref().is_some_and(|(_, is_verified)| *is_verified);
        Ok(Identity {
            issuer: self.settings.web.clone(),
            subject: id.to_string(),
            email: address.map(|(email, _)| email),
            is_email_verified,
            claims,
            tokens: Some(tokens),
        })
    }

    /// The tokens of OAuth apps do not expire. Those of GitHub apps do.
    async fn refresh(
        &self,
        http: &dyn HttpClient,
        request: &RefreshRequest,
    ) -> Result<ProviderTokens, ProviderError> {
        if request.issuer != self.settings.web {
            return Err(ProviderError::Unusable { endpoint: "token", reason: OTHER_ISSUER });
        }
        let token = &**request.refresh_token;
        let grant = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.exchange(http, &grant, request.now).await
    }
}
