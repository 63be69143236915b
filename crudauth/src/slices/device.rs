//! The cookie of the known device, by which the lockout recognises a client whose owner has just
//! proved the account.
//!
//! Called by the routes that change a password.

use crudauth_core::model::{Account, AuthUser};
use poem::http::{HeaderName, StatusCode, header};
use poem::{Request, Response};
use serde_json::Value;

use crate::http::Refusal;
use crate::http::config::RefreshIn;
use crate::http::cookie::{cookies_of, set_cookies};
use crate::http::headers::json as answer;
use crate::mount::Mounted;
use crate::slice::{Bearer, Session};
use crate::transport::Transport;

/// As [`with_device`] for a browser, which sends a cookie, `Origin` or `Sec-Fetch-Site`. Other clients
/// get `body` only, because crudauth-py sets no cookie at a reset.
pub(super) fn with_device_of_browser<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    account: &Account<U>,
    body: Value,
) -> Result<Response, Refusal> {
    let of_browsers = [header::COOKIE, header::ORIGIN, HeaderName::from_static("sec-fetch-site")];
    let is_browser = of_browsers.iter().any(|name| request.headers().contains_key(name));
    if is_browser || is_in_body(mounted) {
        with_device(mounted, request, account, body)
    } else {
        answer(StatusCode::OK, &body)
    }
}

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
    let is_in_body = is_in_body(mounted);
    if is_in_body {
        body["device"] = device.as_str().into();
    }
    let mut response = answer(StatusCode::OK, &body)?;
    if !is_in_body || mounted.parts().transports.has(<Session as Transport<U>>::NAME) {
        set_cookies(&mut response, &http.cookies).device(&device);
    }
    Ok(response)
}

fn is_in_body<U: AuthUser>(mounted: &Mounted<U>) -> bool {
    let parts = mounted.parts();
    let has_tokens = parts.transports.has(<Bearer as Transport<U>>::NAME);
    has_tokens && parts.http.refresh_in == RefreshIn::Body
}
