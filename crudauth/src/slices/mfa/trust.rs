//! `GET /mfa/trusted-browsers`, `DELETE /mfa/trusted-browsers/{id}`: browsers that are not asked for the
//! second factor.

use crudauth_core::model::{AuthUser, Form, InvalidField, TrustHandle};
use crudauth_core::slices::mfa::TrustedBrowser;
use poem::http::StatusCode;
use poem::{Request, Response};
use serde_json::{Value, json};

use crate::extract::owner_of;
use crate::http::Refusal;
use crate::http::cookie::cookies_of;
use crate::http::headers::{detail, json as answer};
use crate::mount::Mounted;
use crate::transport::Principal;

/// Reads whether the owner trusts the browser.
pub(in crate::slices) fn trusts_browser(form: &mut Form) -> Result<bool, InvalidField> {
    Ok(form.take::<Option<bool>>("trust_browser")?.unwrap_or(false))
}

pub(super) async fn trusted_browsers<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let sent = cookies_of(&request, &mounted.parts().http.cookies).trusts();
    let browsers = mounted.accounts().mfa().trusted_browsers(&principal, &sent).await?;
    answer(StatusCode::OK, &browsers.iter().map(trusted).collect::<Vec<_>>())
}

pub(in crate::slices) fn trusted(browser: &TrustedBrowser) -> Value {
    json!({
        "id": browser.handle.as_str(),
        "device": browser.device,
        "created_at": browser.created_at,
        "expires_at": browser.expires_at,
        "current": browser.is_current,
    })
}

/// Less trust needs no proof.
pub(super) async fn distrust<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let not_found = || Refusal::not_found("Trusted browser not found.");
    let id = request.raw_path_param("id").unwrap_or_default();
    let handle = TrustHandle::parse(id).ok_or_else(not_found)?;
    if !mounted.accounts().mfa().distrust(&principal, &handle).await? {
        return Err(not_found());
    }
    detail("The browser is not trusted any more.")
}

/// Ends the trust of the account in every browser, before its owner signs out everywhere. Trust of a
/// time with the setting would count again if an app turned it on again.
pub(in crate::slices) async fn distrust_all<U: AuthUser>(
    mounted: &Mounted<U>,
    principal: &Principal<U>,
) -> Result<(), Refusal> {
    let accounts = mounted.accounts();
    if accounts.sign_in.has_mfa() {
        accounts.mfa().distrust_all(principal).await?;
    }
    Ok(())
}
