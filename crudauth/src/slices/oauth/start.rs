//! The way to the provider.

use crudauth_core::model::{AuthUser, RedirectPath};
use crudauth_core::slices::oauth::{AUTHORIZE, MANAGE, ResponseMode, Start, Started};
use poem::http::StatusCode;
use poem::{Request, Response};
use serde_json::json;

use super::callback::failed;
use super::{flows_of, parameter, provider, query_of, redirect, refuse_head};
use crate::extract::session_of;
use crate::http::cookie::set_cookies;
use crate::http::headers::json as answer;
use crate::http::{Refusal, body};
use crate::mount::Mounted;
use crate::slices::limits;

pub(super) async fn authorize<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    refuse_head(&request)?;
    let provider = provider(&mounted, &request)?;
    let used = limits::by_client(&mounted, AUTHORIZE, &request).await?;
    used.told(async {
        let query = query_of(&request);
        let mut start = Start::default();
        start.redirect_to =
            parameter(&query, "redirect_to").as_deref().and_then(RedirectPath::parse);
        start.is_fresh = parameter(&query, "fresh").as_deref() == Some("true");
        match flows_of(&mounted)?.start(&provider, start).await {
            Ok(started) => begun(&mounted, &started),
            Err(error) => failed(&mounted, &error.into()),
        }
    })
    .await
}

/// Begins to connect the account of the session. The page sends the browser to the URL.
pub(super) async fn connect<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let provider = provider(&mounted, &request)?;
    let principal = session_of(&mounted, &request).await?;
    let used = limits::by_account(&mounted, MANAGE, &principal).await?;
    used.told(async {
        let mut form = body::json(&mut request).await?;
        let next = form.optional_text("redirect_to");
        let next = next.map_err(|_| Refusal::invalid_fields(form.into_errors()))?;
        let mut start = Start::default();
        start.redirect_to = next.as_deref().and_then(RedirectPath::parse);
        let oauth = flows_of(&mounted)?;
        let started = oauth.start_connection(&provider, start, &principal).await?;
        with_state(&mounted, &started, answer(StatusCode::OK, &json!({ "url": started.url }))?)
    })
    .await
}

/// Sends the browser to the provider.
fn begun<U: AuthUser>(mounted: &Mounted<U>, started: &Started) -> Result<Response, Refusal> {
    let response = match flows_of(mounted)?.config().response() {
        ResponseMode::Json => answer(StatusCode::OK, &json!({ "url": started.url }))?,
        _ => redirect(&started.url)?,
    };
    with_state(mounted, started, response)
}

fn with_state<U: AuthUser>(
    mounted: &Mounted<U>,
    started: &Started,
    mut response: Response,
) -> Result<Response, Refusal> {
    let mut cookies = set_cookies(&mut response, &mounted.parts().http.cookies);
    cookies.oauth_state(&started.state_id, &started.browser, started.expires_in);
    Ok(response)
}
