//! `POST /email/change-request` and `-confirm`: moving to another address.

use crudauth_core::model::{AuthUser, RecoverableByEmail};
use crudauth_core::slices::recovery::CHANGE_REQUEST;
use poem::http::Method;
use poem::{Request, Response};

use super::limits;
use super::pace::constant_delay;
use super::recovery::{recovery_of, redirect_path, token, told};
use crate::extract::owner_of;
use crate::http::headers::detail;
use crate::http::{Refusal, body};
use crate::mount::{Mounted, Path};

/// The routes that the `email` slice has beside those of `recovery`.
pub(crate) fn paths<U: AuthUser + RecoverableByEmail>() -> Vec<Path<U>> {
    vec![
        Path::new(Method::POST, "/email/change-request", request_change),
        Path::new(Method::POST, "/email/change-confirm", confirm_change),
    ]
}

/// Counted by client and by account, so that neither many clients nor one can guess at the
/// password here.
async fn request_change<U: AuthUser + RecoverableByEmail>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let mut form = body::json(&mut request).await?;
    let new = form.email("new_email");
    let password = form.password("password");
    let next = redirect_path(&mut form);
    let (Ok(new), Ok(password), Ok(next)) = (new, password, next) else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    let recovery = recovery_of(&mounted)?;
    // Mistakes that send no mail do not count. A wrong password does: this route must not be a way
    // to guess it.
    recovery.check_change(&principal, &new)?;
    let by_client = limits::by_client(&mounted, CHANGE_REQUEST, &request).await?;
    let by_account = limits::by_account(&mounted, CHANGE_REQUEST, &principal).await?;
    by_client
        .tighter(by_account)
        .told(async {
            recovery.start_change(&principal, &password, new, next).await?;
            constant_delay().await;
            detail("If the address is available, a confirmation email has been sent.")
        })
        .await
}

async fn confirm_change<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let token = token(&mounted, &mut request).await?;
    let confirmed = recovery_of(&mounted)?.confirm_change(&token).await?;
    told("Email changed successfully.", confirmed)
}
