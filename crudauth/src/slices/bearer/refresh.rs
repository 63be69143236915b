//! `POST /refresh`: a refresh token becomes new tokens.

use crudauth_core::model::AuthUser;
use crudauth_core::slices::bearer::{Issued, REFRESH, REFRESH_CROSS_SITE, RefreshError, Refreshed};
use poem::http::StatusCode;
use poem::{Request, Response};

use super::{challenged, in_cookie, told};
use crate::http::config::RefreshIn;
use crate::http::cookie::cookies_of;
use crate::http::headers::{client_info, json as answer};
use crate::http::origin::{is_untrusted_page, refuse_cross_site};
use crate::http::{Refusal, body, refusals};
use crate::mount::Mounted;
use crate::slices::limits;

/// Reads the refresh token from the place that the mount has set, and from no other.
pub(super) async fn refresh<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let http = &mounted.parts().http;
    if http.refresh_in == RefreshIn::Cookie {
        refuse_cross_site(&request, http)?;
    }
    // Requests from other sites' pages have a counter of their own, with the same limit.
    let action = match is_untrusted_page(&request, http) {
        true => REFRESH_CROSS_SITE,
        false => REFRESH,
    };
    let sent = sent(&mounted, &mut request).await?;
    if sent.is_empty() {
        return Err(challenged(Refusal::refresh_missing()));
    }
    match refreshed(&mounted, &request, &sent).await {
        Ok(refreshed) => issued(&mounted, &request, &refreshed.issued),
        Err(error @ RefreshError::Store(_)) => Err(error.into()),
        Err(error) => {
            // Only invalid tokens count, so that a client with a valid one does not wait for its
            // neighbours.
            limits::by_client(&mounted, action, &request).await?;
            Err(challenged(error))
        }
    }
}

/// Tries each token until one is valid: a sibling site may have set another cookie of that name.
async fn refreshed<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    sent: &[String],
) -> Result<Refreshed<U>, RefreshError> {
    let client = client_info(request, &mounted.parts().http);
    let mut refused = RefreshError::Unknown;
    for token in sent {
        match mounted.accounts().refresh(token, &client).await {
            Err(RefreshError::Store(error)) => return Err(error.into()),
            Err(error) => refused = error,
            Ok(refreshed) => return Ok(refreshed),
        }
    }
    Err(refused)
}

/// The refresh tokens of the request; empty if it has none.
async fn sent<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &mut Request,
) -> Result<Vec<String>, Refusal> {
    let http = &mounted.parts().http;
    match http.refresh_in {
        RefreshIn::Cookie => Ok(cookies_of(request, &http.cookies)
            .refresh()
            .into_iter()
            .map(str::to_owned)
            .collect()),
        RefreshIn::Body => Ok(body::text_in_json(request, "refresh_token").await?),
    }
}

/// The response with new tokens.
fn issued<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    issued: &Issued,
) -> Result<Response, Refusal> {
    match mounted.parts().http.refresh_in {
        RefreshIn::Body => answer(StatusCode::OK, &told(issued, None)),
        RefreshIn::Cookie => in_cookie(mounted, request, issued, None),
    }
}

impl From<RefreshError> for Refusal {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Store(error) => error.into(),
            RefreshError::Unknown | RefreshError::Ended | RefreshError::Reused => {
                Self::refresh_invalid()
            }
        }
    }
}

refusals! {
    refresh_missing = UNAUTHORIZED, "refresh-token-missing", "Refresh token missing";
    refresh_invalid = UNAUTHORIZED, "invalid-refresh-token", "Invalid or expired refresh token";
}
