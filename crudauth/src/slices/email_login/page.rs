//! The page behind a mailed link, for a front end without one of its own. It works without scripts.
//!
//! Opening it changes nothing, so a program that follows the links of a mail spends nothing. The button
//! sends the form, and names the account: a stranger may have sent a link to an account of the
//! stranger.

use crudauth_core::model::{AuthUser, OneTimeToken};
use crudauth_core::notify::escape;
use crudauth_core::slices::email_login::{EmailLoginError, EmailProof, EmailSignIn};
use crudauth_core::slices::sign_in::SignIn;
use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use poem::{Body, Request, Response};

use super::{VERIFY, entered, entry_of, flows_of, limits};
use crate::http::cookie::set_cookies;
use crate::http::origin::{origin_of, refuse_cross_site};
use crate::http::{Refusal, body};
use crate::mount::Mounted;

pub(super) const PATH: &str = "/email-login";

const INVALID: &str = "<p>This link has expired or was used before. Ask for another one.</p>";

/// The form, if the link signs in.
pub(super) async fn show<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    let query = request.uri().query().unwrap_or_default();
    let query: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    let sent = query.iter().find(|(name, _)| name == "token");
    let Some(token) = sent.and_then(|(_, token)| OneTimeToken::parse(token)) else {
        return html(&mounted, StatusCode::BAD_REQUEST, INVALID);
    };
    let Some(address) = flows_of(&mounted)?.flows.addressee(token.expose()).await? else {
        limits::by_client(&mounted, VERIFY, &request).await?;
        return html(&mounted, StatusCode::BAD_REQUEST, INVALID);
    };
    // A parsed token has hexadecimal digits only. The action leaves the token out of the address.
    let form = format!(
        "<form method=\"post\" action=\"email-login\">\n\
         <input type=\"hidden\" name=\"token\" value=\"{}\">\n\
         <button>Sign in as {}</button>\n</form>",
        token.expose(),
        escape(&address)
    );
    html(&mounted, StatusCode::OK, &form)
}

/// Signs in, and sends the browser to the front end.
pub(super) async fn submit<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    refuse_cross_site(&request, &mounted.parts().http)?;
    let mut form = body::form(&mut request).await?;
    let Ok(token) = form.text("token") else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    let entry = entry_of(&mounted, &request);
    match entered(&mounted, &request, EmailProof::Link(token), entry).await? {
        Ok(signed_in) => leave(&mounted, &signed_in),
        Err(EmailLoginError::Invalid | EmailLoginError::Used) => {
            html(&mounted, StatusCode::BAD_REQUEST, INVALID)
        }
        Err(
            error @ (EmailLoginError::WrongCode
            | EmailLoginError::LockedOut { .. }
            | EmailLoginError::Incomplete(_)
            | EmailLoginError::SignUpClosed
            | EmailLoginError::RefusedByApp(_)
            | EmailLoginError::Store(_)),
        ) => Err(error.into()),
    }
}

/// The way on to the front end, with the cookies. The token of a challenge is in the fragment, which
/// browsers send to no server.
fn leave<U: AuthUser>(
    mounted: &Mounted<U>,
    signed_in: &EmailSignIn<U>,
) -> Result<Response, Refusal> {
    let home = &flows_of(mounted)?.frontend_url;
    let target = match (&signed_in.sign_in, &signed_in.redirect_to) {
        (SignIn::Challenge(challenge), _) => {
            format!("{home}/#mfa_challenge={}", challenge.token.expose())
        }
        (SignIn::Done(_), Some(path)) => format!("{}{}", origin_of(home), in_ascii(path)),
        (SignIn::Done(_), None) => format!("{home}/"),
    };
    let target = HeaderValue::from_str(&target).map_err(|_| Refusal::internal())?;
    let mut response = Response::builder()
        .status(StatusCode::SEE_OTHER)
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::LOCATION, target)
        .finish();
    let mut cookies = set_cookies(&mut response, &mounted.parts().http.cookies);
    match &signed_in.sign_in {
        SignIn::Done(done) => {
            let lifetimes = mounted.accounts().sessions().config();
            cookies.session(lifetimes, &done.session, &done.device);
        }
        SignIn::Challenge(challenge) => {
            if let Some(browser) = &challenge.browser {
                cookies.browser(browser, challenge.expires_in);
            }
        }
    }
    Ok(response)
}

/// A path as a header holds it: other bytes than ASCII are escaped.
fn in_ascii(path: &str) -> String {
    let escaped = |byte: u8| match byte {
        0..=127 => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    path.bytes().map(escaped).collect()
}

/// A page without scripts, styles and frames. Its form leads to this site and on to the front end.
fn html<U: AuthUser>(
    mounted: &Mounted<U>,
    status: StatusCode,
    content: &str,
) -> Result<Response, Refusal> {
    let front_end = origin_of(&flows_of(mounted)?.frontend_url);
    let policy = format!(
        "default-src 'none'; form-action 'self' {front_end}; frame-ancestors 'none'; base-uri 'none'"
    );
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Sign in</title>\n{content}\n</html>\n"
    );
    let no_sniff = HeaderName::from_static("x-content-type-options");
    Ok(Response::builder()
        .status(status)
        .content_type("text/html; charset=utf-8")
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::CONTENT_SECURITY_POLICY, policy)
        .header(header::X_FRAME_OPTIONS, "DENY")
        .header(no_sniff, "nosniff")
        .body(Body::from(body)))
}
