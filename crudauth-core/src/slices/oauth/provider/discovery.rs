//! The document of a provider (OpenID Connect Discovery 1.0), read at the first sign-in and renewed.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Url;
use serde::Deserialize;
use tracing::warn;

use super::ProviderError;
use super::request::{fetch, get};
use crate::slices::oauth::http::{HttpClient, Reach};

const ENDPOINT: &str = "discovery";

/// How long a document is used before it is read again.
const LIFETIME: TimeDelta = TimeDelta::hours(1);

/// How long an old document is used while the provider does not answer.
const MAX_AGE: TimeDelta = TimeDelta::days(1);

/// How a client proves itself at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientProof {
    /// In the form.
    Post,
    /// By HTTP Basic authentication.
    Basic,
}

/// The used part of the document.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) authorization: Url,
    pub(super) token: Url,
    pub(super) userinfo: Option<Url>,
    pub(super) keys: Url,
    pub(super) end_session: Option<Url>,
    pub(super) issuer: String,
    pub(super) proof: ClientProof,
    /// Whether answers name their issuer (RFC 9207).
    pub(super) names_issuer: bool,
    /// Whether the scope `offline_access` may be asked for.
    pub(super) has_offline_access: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: Option<String>,
    jwks_uri: String,
    end_session_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    scopes_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// The document of one issuer.
pub(super) struct Discovery {
    issuer: String,
    reach: Reach,
    /// The issuer that the document must name.
    named: String,
    known: RwLock<Option<(Arc<Metadata>, DateTime<Utc>)>>,
}

impl Discovery {
    /// The document at `issuer`, which must name the issuer `named`.
    pub(super) fn new(issuer: String, named: String, reach: Reach) -> Self {
        Self { issuer, named, reach, known: RwLock::default() }
    }

    /// Returns the document. One that is too old is read again; if that fails, it is used for a while.
    pub(super) async fn metadata(
        &self,
        http: &dyn HttpClient,
        now: DateTime<Utc>,
    ) -> Result<Arc<Metadata>, ProviderError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((metadata, read_at)) = &known
            && now - *read_at < LIFETIME
        {
            return Ok(Arc::clone(metadata));
        }
        match (self.read(http).await, known) {
            (Ok(metadata), _) => {
                let metadata = Arc::new(metadata);
                let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
                *known = Some((Arc::clone(&metadata), now));
                Ok(metadata)
            }
            (Err(error), Some((metadata, read_at))) if now - read_at < MAX_AGE => {
                warn!(issuer = self.issuer, %error, "using an old discovery document");
                Ok(metadata)
            }
            (Err(error), _) => Err(error),
        }
    }

    async fn read(&self, http: &dyn HttpClient) -> Result<Metadata, ProviderError> {
        let unusable = |reason| ProviderError::Unusable { endpoint: ENDPOINT, reason };
        let url = format!(
            "{}/.well-known/openid-configuration",
            self.issuer.strip_suffix('/').unwrap_or(&self.issuer)
        );
        let url = Url::parse(&url).map_err(|_| unusable("the issuer is not a URL"))?;
        let document = fetch(http, ENDPOINT, get(url, None, self.reach)).await?;
        let document: Document = serde_json::from_value(document)
            .map_err(|_| unusable("the document lacks an endpoint or has one of a wrong type"))?;
        if document.issuer != self.named {
            return Err(unusable("the document names another issuer"));
        }
        let proof = client_proof(document.token_endpoint_auth_methods_supported.as_deref());
        // Some give a refresh token without the scope, and reject it.
        let scopes = document.scopes_supported.as_deref();
        let has_offline_access =
            scopes.is_none_or(|scopes| scopes.iter().any(|scope| scope == "offline_access"));
        let endpoint = |url: &str| {
            let parsed = Url::parse(url).ok().filter(|url| self.reach.admits(url));
            parsed.ok_or_else(|| unusable("an endpoint has an address that is not allowed"))
        };
        Ok(Metadata {
            authorization: endpoint(&document.authorization_endpoint)?,
            token: endpoint(&document.token_endpoint)?,
            userinfo: document.userinfo_endpoint.as_deref().map(endpoint).transpose()?,
            keys: endpoint(&document.jwks_uri)?,
            end_session: document.end_session_endpoint.as_deref().map(endpoint).transpose()?,
            issuer: document.issuer,
            proof: proof.ok_or_else(|| unusable("no method of client authentication is known"))?,
            names_issuer: document.authorization_response_iss_parameter_supported,
            has_offline_access,
        })
    }
}

/// Without a list the method is Basic (OpenID Connect Discovery 1.0, section 3).
fn client_proof(methods: Option<&[String]>) -> Option<ClientProof> {
    let Some(methods) = methods else { return Some(ClientProof::Basic) };
    let has = |method: &str| methods.iter().any(|one| one == method);
    if has("client_secret_post") || has("none") {
        Some(ClientProof::Post)
    } else if has("client_secret_basic") {
        Some(ClientProof::Basic)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_proves_itself_as_the_provider_wants() {
        let proof = |methods: &[&str]| {
            let methods: Vec<_> = methods.iter().map(|&method| method.to_owned()).collect();
            client_proof(Some(&methods))
        };
        assert_eq!(client_proof(None), Some(ClientProof::Basic));
        assert_eq!(proof(&["client_secret_basic"]), Some(ClientProof::Basic));
        assert_eq!(proof(&["client_secret_basic", "client_secret_post"]), Some(ClientProof::Post));
        assert_eq!(proof(&["private_key_jwt"]), None);
    }
}
