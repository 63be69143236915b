//! Logout at a provider, and logout that a provider tells.

use crudauth_core::model::AuthUser;
use crudauth_core::slices::oauth::{LOGOUT, OAuthError};
use poem::http::StatusCode;
use poem::{Body, Request, Response};
use serde_json::json;

use super::{flows_of, parameter, provider};
use crate::http::headers::json as answer;
use crate::http::{Refusal, body};
use crate::mount::Mounted;
use crate::slices::{limits, logout as sessions};

/// Ends the session as `/logout` does. The page sends the browser to the URL, if there is one: an
/// unreachable provider must not keep the session alive.
pub(super) async fn logout<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    let provider = provider(&mounted, &request)?;
    let mut response = sessions::logout(mounted.clone(), request).await?;
    let url = flows_of(&mounted)?.logout_url(&provider).await.ok().flatten();
    response.set_body(Body::from_string(json!({ "detail": "Logged out", "url": url }).to_string()));
    Ok(response)
}

/// Takes a logout token. The provider sends it without a browser: the token alone counts.
pub(super) async fn told<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let provider = provider(&mounted, &request)?;
    let token = parameter(&body::fields(&mut request).await?, "logout_token");
    match flows_of(&mounted)?.log_out(&provider, token.as_deref().unwrap_or_default()).await {
        Ok(()) => answer(StatusCode::OK, &json!({})),
        // A provider may log thousands out at once, so only what proves nothing counts.
        Err(OAuthError::Provider(_)) => {
            let used = limits::by_client(&mounted, LOGOUT, &request).await?;
            used.told(async { Err(Refusal::oauth_failed()) }).await
        }
        Err(error) => Err(error.into()),
    }
}
