//! OpenID Connect providers: Google, Microsoft, Apple, and any other by its issuer.

use std::borrow::Cow;

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use reqwest::Url;
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::discovery::{ClientProof, Discovery, Metadata};
use super::id_token::{Client, Expected, Unverified, Verified};
use super::keys::Keys;
use super::logout_token::{self, ProviderLogout};
use super::microsoft;
use super::oidc_settings::{ClientSecret, Dialect, OidcSettings};
use super::request::{encoded, fetch_object, fetch_tokens, form, get, with_query};
use super::{
    AuthorizationRequest, AuthorizationResponse, Identity, IdentityProvider, OTHER_ISSUER,
    ProviderError, ProviderTokens, RefreshRequest, apple, default_reach,
};
use crate::slices::oauth::http::{HttpClient, HttpRequest, Reach};

/// The scope of a refresh token (OpenID Connect Core 1.0, section 11).
const OFFLINE: &str = "offline_access";

pub(super) struct Oidc {
    settings: OidcSettings,
    scope: String,
    reach: Reach,
    discovery: Discovery,
    keys: Keys,
}

/// An answer of the token endpoint.
struct Answered {
    tokens: ProviderTokens,
    id: Option<Zeroizing<String>>,
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

    /// Exchanges a grant for tokens.
    async fn exchange(
        &self,
        http: &dyn HttpClient,
        metadata: &Metadata,
        grant: &[(&str, &str)],
        now: DateTime<Utc>,
    ) -> Result<Answered, ProviderError> {
        let client_id = &*self.settings.client_id;
        let secret = self.secret(now)?;
        let mut parameters = grant.to_vec();
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
        let answer = fetch_tokens(http, request).await?;
        let id = answer.get("id_token").and_then(Value::as_str).map(str::to_owned);
        Ok(Answered { tokens: ProviderTokens::read(&answer, now)?, id: id.map(Zeroizing::new) })
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
        id: &str,
        expected: &Expected<'_>,
    ) -> Result<Verified, ProviderError> {
        let token = Unverified::parse(id)?;
        let wanted = (token.algorithm, token.kid.as_deref());
        let key = self.keys.find(http, (&metadata.keys, self.reach), wanted, expected.now).await?;
        token.verify(&key, expected)
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
        tokens: &ProviderTokens,
        subject: &str,
    ) -> Result<Map<String, Value>, ProviderError> {
        let authorization = Zeroizing::new(format!("Bearer {}", tokens.access.expose_secret()));
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

    /// The scopes, and parameters that ask for a refresh token.
    fn asked(
        &self,
        metadata: &Metadata,
        keeps_tokens: bool,
    ) -> (Cow<'_, str>, &'static [(&'static str, &'static str)]) {
        const CONSENT: (&str, &str) = ("prompt", "consent");
        let parameters: &[_] = match &self.settings.dialect {
            Dialect::Google => &[("access_type", "offline"), CONSENT],
            // OpenID Connect Core 1.0, section 11.
            Dialect::Standard => &[CONSENT],
            Dialect::Microsoft(_) | Dialect::Apple => &[],
        };
        let is_scope = matches!(self.settings.dialect, Dialect::Standard | Dialect::Microsoft(_));
        let has_scope = self.scope.split(' ').any(|scope| scope == OFFLINE);
        if !keeps_tokens {
            ((&*self.scope).into(), &[])
        } else if is_scope && !has_scope && metadata.has_offline_access {
            (format!("{} {OFFLINE}", self.scope).into(), parameters)
        } else {
            ((&*self.scope).into(), parameters)
        }
    }

    /// Whether the address is verified: by `true`, and by no other value.
    fn is_verified(&self, claims: &Map<String, Value>) -> bool {
        let claim = |name: &str| claims.get(name).unwrap_or(&Value::Null);
        match &self.settings.dialect {
            Dialect::Standard | Dialect::Google => *claim("email_verified") == true,
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
        let (scope, more) = self.asked(&metadata, start.keeps_tokens);
        let mut parameters = vec![
            ("client_id", &*self.settings.client_id),
            ("redirect_uri", &*start.redirect_uri),
            ("response_type", "code"),
            ("scope", &*scope),
            ("state", &*start.state),
            ("nonce", &*start.nonce),
            ("code_challenge", &*start.code_challenge),
            ("code_challenge_method", "S256"),
        ];
        parameters.extend_from_slice(more);
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
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", &**answer.code),
            ("redirect_uri", &*answer.redirect_uri),
            ("code_verifier", &**answer.code_verifier),
        ];
        let Answered { tokens, id } = self.exchange(http, &metadata, &grant, answer.now).await?;
        let id = id.ok_or(ProviderError::IdToken("missing"))?;
        let expected = Expected {
            client: self.client(&metadata),
            nonce: Some(&answer.nonce),
            access_token: tokens.access.expose_secret(),
            fresh_since: answer.fresh_since,
            now: answer.now,
        };
        let verified = self.verify(http, &metadata, &id, &expected).await?;
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
        let tokens = Some(tokens);
        Ok(Identity { issuer, subject, email, is_email_verified, claims, tokens })
    }

    async fn refresh(
        &self,
        http: &dyn HttpClient,
        request: &RefreshRequest,
    ) -> Result<ProviderTokens, ProviderError> {
        let metadata = self.discovery.metadata(http, request.now).await?;
        if !self.client(&metadata).has_issuer(&request.issuer) {
            return Err(unusable("token", OTHER_ISSUER));
        }
        // Before the refresh token is spent.
        self.keys.prepare(http, (&metadata.keys, self.reach), request.now).await?;
        let token = &**request.refresh_token;
        let grant = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let Answered { tokens, id } = self.exchange(http, &metadata, &grant, request.now).await?;
        let Some(id) = id else { return Ok(tokens) };
        let expected = Expected {
            client: self.client(&metadata),
            nonce: None,
            access_token: tokens.access.expose_secret(),
            fresh_since: None,
            now: request.now,
        };
        let told = self.verify(http, &metadata, &id, &expected).await?;
        let is_same = (&told.issuer, &told.subject) == (&request.issuer, &request.subject);
        if is_same { Ok(tokens) } else { Err(ProviderError::IdToken("another person")) }
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
