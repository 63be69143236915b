//! `POST /logout`: ends the session and the token family of the client.

use crudauth_core::model::AuthUser;
use poem::http::Method;
use poem::{Request, Response};

use super::bearer;
use crate::extract::guarded_visitor_of;
use crate::http::Refusal;
use crate::http::cookie::{cookies_of, set_cookies};
use crate::http::headers::detail;
use crate::http::origin::refuse_cross_site;
use crate::mount::{Mounted, Path};
use crate::slice;
use crate::transport::{Principal, Transport};

/// The route of the slices `session` and `bearer`.
pub(super) fn path<U: AuthUser>() -> Path<U> {
    Path::new(Method::POST, "/logout", logout)
}

/// Also succeeds without a session.
pub(super) async fn logout<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let parts = mounted.parts();
    bearer::refuse_cross_site_logout(&mounted, &request)?;
    if let Some(principal) = guarded_visitor_of(&mounted, &request).await? {
        if principal.impersonator().is_some() {
            return end_impersonation(&mounted, &request, &principal).await;
        }
        mounted.accounts().sessions().sign_out(&principal).await?;
        end_others(&mounted, &request).await?;
    }
    let mut response = detail("Logged out")?;
    bearer::end(&mounted, &mut request, &mut response).await?;
    // A page of another site does not send the session cookie, so it ends nothing and must not remove
    // the cookie.
    let has_sessions = parts.transports.has(<slice::Session as Transport<U>>::NAME);
    if has_sessions && refuse_cross_site(&request, &parts.http).is_ok() {
        set_cookies(&mut response, &parts.http.cookies).clear_session();
    }
    Ok(response)
}

/// Ends an impersonation only. The administrator's own session goes on, with a new CSRF token in the
/// cookie.
async fn end_impersonation<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    principal: &Principal<U>,
) -> Result<Response, Refusal> {
    let config = &mounted.parts().http.cookies;
    let accounts = mounted.accounts();
    let sessions = accounts.sessions();
    sessions.sign_out(principal).await?;
    let mut response = detail("Logged out")?;
    let mut cookies = set_cookies(&mut response, config);
    cookies.clear_impersonation();
    for token in cookies_of(request, config).sessions() {
        let own = accounts.authenticate(&token).await?;
        if let Some(session) = own.as_ref().and_then(Principal::session) {
            if let Some(csrf) = sessions.renew_csrf_token(session).await? {
                cookies.csrf(sessions.config(), session.is_remembered(), csrf.expose());
            }
            break;
        }
    }
    Ok(response)
}

/// Ends the other live sessions of the browser. It sends several cookies of one name if their paths
/// or hosts differ, and only one of them counts.
async fn end_others<U: AuthUser>(mounted: &Mounted<U>, request: &Request) -> Result<(), Refusal> {
    let accounts = mounted.accounts();
    for token in cookies_of(request, &mounted.parts().http.cookies).sessions() {
        if let Some(principal) = accounts.authenticate(&token).await? {
            accounts.sessions().sign_out(&principal).await?;
        }
    }
    Ok(())
}
