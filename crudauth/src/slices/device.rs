//! The known device: a client that has just proved its owner is told from strangers at its next
//! sign-in.
//!
//! Called by the routes that change a password.

use crudauth_core::model::{Account, AuthUser};
use poem::http::StatusCode;
use poem::{Request, Response};
use serde_json::Value;

use crate::http::Refusal;
use crate::http::config::RefreshIn;
use crate::http::cookie::{cookies_of, set_device};
use crate::http::headers::json as answer;
use crate::mount::Mounted;
use crate::slice::{Bearer, Session};
use crate::transport::Transport;

/// Responds with `body`, and sets the device cookie for the account in its new state.
///
/// Programs that keep their refresh token themselves keep no cookies, so they get the value in the
/// body, as from `/token`.
pub(super) fn with_device<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    account: &Account<U>,
    mut body: Value,
) -> Result<Response, Refusal> {
    let http = &mounted.parts().http;
    let sent = cookies_of(request, &http.cookies).devices();
    let device = mounted.accounts().sign_in.remember_device(&sent, account);
    let has = |transport| mounted.parts().transports.has(transport);
    let is_in_body = http.refresh_in == RefreshIn::Body && has(<Bearer as Transport<U>>::NAME);
    if is_in_body {
        body["device"] = device.as_str().into();
    }
    let mut response = answer(StatusCode::OK, &body)?;
    if !is_in_body || has(<Session as Transport<U>>::NAME) {
        set_device(&mut response, &http.cookies, &device);
    }
    Ok(response)
}
