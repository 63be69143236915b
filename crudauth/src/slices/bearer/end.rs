//! The part of `/logout` and `/logout-all` that ends token families.

use crudauth_core::model::{AuthUser, Checked};
use poem::{Request, Response};

use super::Bearer;
use crate::http::config::RefreshIn;
use crate::http::cookie::{cookies_of, set_cookies};
use crate::http::headers::whole_path;
use crate::http::origin::refuse_cross_site;
use crate::http::{Refusal, body};
use crate::mount::Mounted;
use crate::transport::{Authorization, Principal, Transport};

/// Whether the mount has this slice. Other slices have `/logout` as well.
fn is_mounted<U: AuthUser>(mounted: &Mounted<U>) -> bool {
    mounted.parts().transports.has(<Bearer as Transport<U>>::NAME)
}

/// A page of another site does not send the cookie, but the response would remove it.
pub(in crate::slices) fn refuse_cross_site_logout<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
) -> Result<(), Refusal> {
    let http = &mounted.parts().http;
    match http.refresh_in {
        RefreshIn::Cookie if is_mounted(mounted) => refuse_cross_site(request, http),
        _ => Ok(()),
    }
}

/// Revokes the token families of the refresh token and of the access token of the request.
pub(in crate::slices) async fn end<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &mut Request,
    response: &mut Response,
) -> Result<(), Refusal> {
    if !is_mounted(mounted) {
        return Ok(());
    }
    let tokens = mounted.accounts().tokens();
    let http = &mounted.parts().http;
    let sent: Vec<String> = match http.refresh_in {
        RefreshIn::Cookie => {
            let cookies = cookies_of(request, &http.cookies);
            cookies.refresh_at_logout().into_iter().map(str::to_owned).collect()
        }
        RefreshIn::Body => body::text_in_json(request, "refresh_token").await?,
    };
    for token in sent {
        tokens.revoke_by_refresh_token(&token).await?;
    }
    if let Authorization::Bearer(token) = Authorization::of(request)
        && let Checked::Valid(principal) = tokens.authenticate(token).await?
    {
        tokens.sign_out(&principal).await?;
    }
    if http.refresh_in == RefreshIn::Cookie {
        set_cookies(response, &http.cookies).clear_refresh(whole_path(request));
    }
    Ok(())
}

/// Revokes every token family of the account, and returns how many there were; `None` if the mount
/// has no bearer tokens.
pub(in crate::slices) async fn end_all<U: AuthUser>(
    mounted: &Mounted<U>,
    principal: &Principal<U>,
) -> Result<Option<u64>, Refusal> {
    if !is_mounted(mounted) {
        return Ok(None);
    }
    Ok(Some(mounted.accounts().tokens().revoke_all(principal).await?))
}
