//! The transport `api_keys`: a key in `X-API-Key`, or in `Authorization` where a token would be.

use crudauth_core::model::{AuthUser, Presented};
use poem::Request;
use poem::http::HeaderName;

use super::Authorization;
use crate::http::Refusal;
use crate::mount::Mounted;
use crate::slice::ApiKeys;
use crate::transport::{Principal, Transport};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

impl<U: AuthUser> Transport<U> for ApiKeys {
    const NAME: &'static str = "api_key";

    async fn resolve(
        &self,
        auth: &Mounted<U>,
        request: &Request,
    ) -> Result<Option<Principal<U>>, Refusal> {
        let Some(key) = key(request) else { return Ok(None) };
        match auth.accounts().api_keys().authenticate(key).await? {
            Presented::Live(visit) => Ok(Some(
                Principal::new(visit.account)
                    .with_scopes(visit.scopes)
                    .with_handle(visit.key.handle),
            )),
            Presented::Dead => Ok(None),
            Presented::Broken => Err(Refusal::invalid_api_key()),
        }
    }

    fn scheme(&self) -> Option<&'static str> {
        Some("Bearer")
    }

    fn is_sent(&self, _: &Mounted<U>, request: &Request) -> bool {
        key(request).is_some()
    }
}

/// The key's own header goes first: whoever sends it means it.
fn key(request: &Request) -> Option<&str> {
    if let Some(value) = request.headers().get(API_KEY) {
        // What is no text is no key.
        return Some(std::str::from_utf8(value.as_bytes()).unwrap_or_default().trim());
    }
    match Authorization::of(request) {
        Authorization::ApiKey(key) => Some(key),
        _ => None,
    }
}
