//! The transport `api_keys`: an API key in `X-API-Key` or in `Authorization: Bearer`.

use crudauth_core::model::{AuthUser, Checked};
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
            Checked::Valid(principal) => Ok(Some(principal)),
            Checked::Expired => Ok(None),
            Checked::Malformed => Err(Refusal::invalid_api_key()),
        }
    }

    fn scheme(&self) -> Option<&'static str> {
        Some("Bearer")
    }

    fn is_sent(&self, _: &Mounted<U>, request: &Request) -> bool {
        key(request).is_some()
    }
}

/// Returns the API key of a request. `X-API-Key` takes precedence, because it is explicit.
fn key(request: &Request) -> Option<&str> {
    if let Some(value) = request.headers().get(API_KEY) {
        // A value that is not text is an invalid key.
        return Some(std::str::from_utf8(value.as_bytes()).unwrap_or_default().trim());
    }
    match Authorization::of(request) {
        Authorization::ApiKey(key) => Some(key),
        _ => None,
    }
}
