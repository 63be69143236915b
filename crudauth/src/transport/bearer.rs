//! The transport `bearer`: an access token in `Authorization: Bearer`.

use crudauth_core::model::{AuthUser, Checked};
use poem::Request;

use super::Authorization;
use crate::http::Refusal;
use crate::mount::Mounted;
use crate::slice::{ApiKeys, Bearer};
use crate::transport::{Principal, Transport};

impl<U: AuthUser> Transport<U> for Bearer {
    const NAME: &'static str = "bearer";

    async fn resolve(
        &self,
        auth: &Mounted<U>,
        request: &Request,
    ) -> Result<Option<Principal<U>>, Refusal> {
        let Some(token) = token(auth, request) else { return Ok(None) };
        match auth.accounts().tokens().authenticate(token).await? {
            Checked::Valid(principal) => Ok(Some(principal)),
            Checked::Expired => Ok(None),
            Checked::Malformed => Err(Refusal::invalid_token()),
        }
    }

    fn scheme(&self) -> Option<&'static str> {
        Some("Bearer")
    }

    fn is_sent(&self, auth: &Mounted<U>, request: &Request) -> bool {
        token(auth, request).is_some()
    }

    fn acts_for_owner(&self) -> bool {
        true
    }
}

/// Returns the access token of a request. An API key belongs to its own transport, if mounted.
fn token<'r, U: AuthUser>(auth: &Mounted<U>, request: &'r Request) -> Option<&'r str> {
    match Authorization::of(request) {
        Authorization::Bearer(token) => Some(token),
        Authorization::ApiKey(token) => {
            let has_api_keys = auth.parts().transports.has(<ApiKeys as Transport<U>>::NAME);
            if has_api_keys { None } else { Some(token) }
        }
        Authorization::Absent => None,
    }
}
