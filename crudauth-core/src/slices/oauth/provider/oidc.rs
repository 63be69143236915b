//! OpenID Connect providers: Google, Microsoft, Apple, and any other by its issuer.

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::apple::AppleKey;
use super::discovery::{ClientProof, Discovery, Metadata};
use super::id_token::{Client, Expected, Unverified, Verified};
use super::keys::Keys;
use super::logout_token::{self, ProviderLogout};
use super::microsoft::{self, Directories};
use super::request::{encoded, fetch_object, form, get, with_query};
use super::{
    AuthorizationRequest, AuthorizationResponse, Identity, IdentityProvider, ProviderError, apple,
    credentials, default_reach, provider_url,
};
use crate::config_error::ConfigError;
use crate::slices::oauth::http::{HttpClient, HttpRequest, Reach};

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

    pub(super) fn validate(&self) -> Vec<ConfigError> {
        let key = match &self.secret {
            ClientSecret::Apple(key) if !key.is_valid() => Some(ConfigError::Malformed {
                setting: "oauth.apple.key",
                reason: "no P-256 key in PKCS #8 in the PEM text".to_owned(),
            }),
            _ => None,
        };
        let tenant = match &self.dialect {
            Dialect::Microsoft(directories) => directories.validate(&self.issuer),
            Dialect::Standard | Dialect::Apple => None,
        };
        let issuer = provider_url("oauth.issuer", &self.issuer, self.reach);
        ConfigError::found([issuer, credentials(&self.client_id), key, tenant])
    }

    /// The directories of Microsoft, if the issuer stands for several.
    fn directories(&self) -> Option<&Directories> {
        match &self.dialect {
            Dialect::Microsoft(directories) => Some(directories).filter(|all| all.are_several()),
            Dialect::Standard | Dialect::Apple => None,
        }
    }
}

pub(super) struct Oidc {
    settings: OidcSettings,
    scope: String,
    reach: Reach,
    discovery: Discovery,
    keys: Keys,
}

/// An answer of the token endpoint.
struct Tokens {
    access: Zeroizing<String>,
    id: Zeroizing<String>,
}

impl Oidc {
    pub(super) fn new(settings: OidcSettings) -> Self {
        // The settings were validated.
        let default = Url::parse(&settings.issuer).map_or(Reach::Public, |url| default_reach(&url));
        let reach = settings.reach.unwrap_or(default);
        let named = settings.directories().map_or(&*settings.issuer, |_| microsoft::TEMPLATE);
        let mut scopes = vec!["openid"];
        scopes.extend(settings.scopes.iter().map(String::as_str).filter(|one| *one != "openid"));
        Self {
            scope: scopes.join(" "),
            reach,
            discovery: Discovery::new(settings.issuer.clone(), named.to_owned(), reach),
            keys: Keys::default(),
            settings,
        }
    }

    fn client<'a>(&'a self, metadata: &'a Metadata) -> Client<'a> {
        let settings = &self.settings;
        let (issuer, id) = (&*metadata.issuer, &*settings.client_id);
        Client { issuer, directories: settings.directories(), id }
    }

    /// A mix-up sends the code of one provider to another one (RFC 9207).
    fn check_issuer(
        &self,
        metadata: &Metadata,
        answer: &AuthorizationResponse,
    ) -> Result<(), ProviderError> {
        let is_expected = match &answer.issuer {
            Some(issuer) => self.client(metadata).has_issuer(issuer),
            None => !metadata.names_issuer,
        };
        let reason = "the answer names another issuer, or none";
        if is_expected { Ok(()) } else { Err(unusable("authorization", reason)) }
    }

    async fn exchange(
        &self,
        http: &dyn HttpClient,
        metadata: &Metadata,
        answer: &AuthorizationResponse,
    ) -> Result<Tokens, ProviderError> {
        let client_id = &*self.settings.client_id;
        let secret = self.secret(answer.now)?;
        let mut parameters = vec![
            ("grant_type", "authorization_code"),
            ("code", &*answer.code),
            ("redirect_uri", &*answer.redirect_uri),
            ("code_verifier", &*answer.code_verifier),
        ];
        let is_basic = metadata.proof == ClientProof::Basic;
        let authorization = secret.as_ref().filter(|_| is_basic).map(|secret| {
            // RFC 6749, section 2.3.1: both are encoded as in a form first.
            let pair = format!("{}:{}", encoded(client_id), encoded(secret));
            Zeroizing::new(format!(
                "Basic {}",
                BASE64_STANDARD.encode(Zeroizing::new(pair).as_bytes())
            ))
        });
        if authorization.is_none() {
            parameters.push(("client_id", client_id));
            parameters.extend(secret.as_ref().map(|secret| ("client_secret", &***secret)));
        }
        let request = HttpRequest {
            url: metadata.token.clone(),
            authorization,
            form: Some(form(&parameters)),
            reach: self.reach,
        };
        let answer = fetch_object(http, "token", request).await?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let access = text("access_token").ok_or_else(|| unusable("token", "no access token"))?;
        let id = text("id_token").ok_or(ProviderError::IdToken("missing"))?;
        Ok(Tokens { access: Zeroizing::new(access), id: Zeroizing::new(id) })
    }

    fn secret(&self, now: DateTime<Utc>) -> Result<Option<Zeroizing<String>>, ProviderError> {
        Ok(match &self.settings.secret {
            ClientSecret::None => None,
            ClientSecret::Text(text) => {
                let text = text.expose_secret();
                (!text.is_empty()).then(|| Zeroizing::new(text.to_owned()))
            }
            ClientSecret::Apple(key) => {
                let OidcSettings { issuer, client_id, .. } = &self.settings;
                Some(key.client_secret(issuer, client_id, now)?)
            }
        })
    }

    async fn verify(
        &self,
        http: &dyn HttpClient,
        metadata: &Metadata,
        tokens: &Tokens,
        answer: &AuthorizationResponse,
    ) -> Result<Verified, ProviderError> {
        let token = Unverified::parse(&tokens.id)?;
        let wanted = (token.algorithm, token.kid.as_deref());
        let key = self.keys.find(http, (&metadata.keys, self.reach), wanted, answer.now).await?;
        let expected = Expected {
            client: self.client(metadata),
            nonce: &answer.nonce,
            access_token: &tokens.access,
            fresh_since: answer.fresh_since,
            now: answer.now,
        };
        token.verify(&key, &expected)
    }

    /// The address of the profile. Microsoft's ID token has all of it, and the token for the profile
    /// may be one for an API of the app.
    fn userinfo<'m>(&self, metadata: &'m Metadata) -> Option<&'m Url> {
        let is_used = !matches!(self.settings.dialect, Dialect::Microsoft(_));
        metadata.userinfo.as_ref().filter(|_| is_used)
    }

    /// The profile, which must be of the person in the ID token: a swapped access token would sign in
    /// as its owner otherwise (OpenID Connect Core 1.0, section 5.3.2).
    async fn profile(
        &self,
        http: &dyn HttpClient,
        url: &Url,
        tokens: &Tokens,
        subject: &str,
    ) -> Result<Map<String, Value>, ProviderError> {
        let authorization = Zeroizing::new(format!("Bearer {}", &*tokens.access));
        let request = get(url.clone(), Some(authorization), self.reach);
        let profile = fetch_object(http, "profile", request).await?;
        let is_same = match profile.get("sub") {
            Some(Value::String(sub)) => sub == subject,
            Some(Value::Number(sub)) => sub.to_string() == subject,
            _ => false,
        };
        if !is_same {
            return Err(unusable("profile", "it is of another person, or of none"));
        }
        if !matches!(profile.get("email"), None | Some(Value::Null | Value::String(_))) {
            return Err(unusable("profile", "the address is not a text"));
        }
        Ok(profile)
    }

    /// Whether the address is verified: by `true`, and by no other value.
    fn is_verified(&self, claims: &Map<String, Value>) -> bool {
        let claim = |name: &str| claims.get(name).unwrap_or(&Value::Null);
        match &self.settings.dialect {
            Dialect::Standard => *claim("email_verified") == true,
            Dialect::Microsoft(_) => *claim("xms_edov") == true || *claim("xms_edov") == "1",
            Dialect::Apple => {
                *claim("email_verified") == true || *claim("email_verified") == "true"
            }
        }
    }
}

#[async_trait]
impl IdentityProvider for Oidc {
    async fn authorization_url(
        &self,
        http: &dyn HttpClient,
        start: &AuthorizationRequest,
    ) -> Result<String, ProviderError> {
        let metadata = self.discovery.metadata(http, start.now).await?;
        let mut parameters = vec![
            ("client_id", &*self.settings.client_id),
            ("redirect_uri", &*start.redirect_uri),
            ("response_type", "code"),
            ("scope", &*self.scope),
            ("state", &*start.state),
            ("nonce", &*start.nonce),
            ("code_challenge", &*start.code_challenge),
            ("code_challenge_method", "S256"),
        ];
        if start.is_fresh {
            parameters.push(("max_age", "0"));
        }
        if self.answers_by_post() {
            parameters.push(("response_mode", "form_post"));
        }
        Ok(with_query(metadata.authorization.clone(), &parameters).into())
    }

    async fn identify(
        &self,
        http: &dyn HttpClient,
        answer: &AuthorizationResponse,
    ) -> Result<Identity, ProviderError> {
        let metadata = self.discovery.metadata(http, answer.now).await?;
        self.check_issuer(&metadata, answer)?;
        let tokens = self.exchange(http, &metadata, answer).await?;
        let verified = self.verify(http, &metadata, &tokens, answer).await?;
        let Verified { issuer, subject, mut claims } = verified;
        if let Some(url) = self.userinfo(&metadata) {
            let mut profile = self.profile(http, url, &tokens, &subject).await?;
            // The address of one source must not get the verdict of the other.
            let told = profile.get("email").filter(|email| email.is_string());
            let verdicts = ["email_verified", "xms_edov"];
            if told.is_none() {
                verdicts.iter().for_each(|name| drop(profile.remove(*name)));
            } else if told != claims.get("email") {
                verdicts.iter().for_each(|name| drop(claims.remove(*name)));
            }
            claims.extend(profile);
        }
        if let Some(user) = answer.user.as_ref().filter(|_| self.answers_by_post()) {
            apple::add_name(&mut claims, user);
        }
        let email = claims.get("email").and_then(Value::as_str).map(str::to_owned);
        let is_email_verified = self.is_verified(&claims);
        Ok(Identity { issuer, subject, email, is_email_verified, claims })
    }

    async fn logout_url(
        &self,
        http: &dyn HttpClient,
        return_to: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, ProviderError> {
        let metadata = self.discovery.metadata(http, now).await?;
        let Some(url) = metadata.end_session.clone() else { return Ok(None) };
        let client_id = &*self.settings.client_id;
        let parameters = [("client_id", client_id), ("post_logout_redirect_uri", return_to)];
        Ok(Some(with_query(url, &parameters).into()))
    }

    async fn verify_logout(
        &self,
        http: &dyn HttpClient,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<ProviderLogout, ProviderError> {
        let token = Unverified::parse(token)?;
        let metadata = self.discovery.metadata(http, now).await?;
        let wanted = (token.algorithm, token.kid.as_deref());
        let key = self.keys.find(http, (&metadata.keys, self.reach), wanted, now).await?;
        logout_token::verify(&token, &key, &self.client(&metadata), now)
    }

    fn answers_by_post(&self) -> bool {
        self.settings.dialect == Dialect::Apple
    }
}

const fn unusable(endpoint: &'static str, reason: &'static str) -> ProviderError {
    ProviderError::Unusable { endpoint, reason }
}
