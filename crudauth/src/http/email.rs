//! `POST /email/verify-…`, `/password/reset-…` and `/email/change-…`: request and confirm.

use crudauth_core::model::{AuthUser, Destination, EmailAddress, Form, Identifier, IdentifierKind};
use crudauth_core::password::read_password;
use crudauth_core::ratelimit::Subject;
use crudauth_core::recovery::Confirmed;
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::json;

use super::endpoint::Path;
use super::headers::{client, detail, json as answer};
use super::pace::a_moment;
use super::{Refusal, body, limits};
use crate::extract::principal_of;
use crate::mount::Mounted;

/// The routes of the `email` slice.
pub(crate) fn paths<U: AuthUser>() -> Vec<Path<U>> {
    vec![
        Path::new(Method::POST, "/email/verify-request", request_verification),
        Path::new(Method::POST, "/email/verify-confirm", confirm_verification),
        Path::new(Method::POST, "/password/reset-request", request_reset),
        Path::new(Method::POST, "/password/reset-confirm", confirm_reset),
        Path::new(Method::POST, "/email/change-request", request_change),
        Path::new(Method::POST, "/email/change-confirm", confirm_change),
    ]
}

/// The field that names the account: the recovery identifier's own name.
fn factor<U: AuthUser>() -> &'static str {
    U::SHAPE.recovery().map_or("email", |at| U::SHAPE.identifiers[at].name)
}

fn address(form: &mut Form, field: &'static str) -> Option<EmailAddress> {
    match form.identifier(field, IdentifierKind::Email)? {
        Identifier::Email(address) => Some(address),
        Identifier::Username(_) => None,
    }
}

/// A destination that could leave the site is dropped without a word.
#[allow(clippy::option_option, reason = "outside: was it right; inside: is it there")]
fn destination(form: &mut Form) -> Option<Option<Destination>> {
    let typed = form.optional_text("redirect_to")?;
    Some(typed.as_deref().and_then(Destination::parse))
}

/// Reads address and destination of a request for mail.
fn read_request<U: AuthUser>(
    mut form: Form,
) -> Result<(EmailAddress, Option<Destination>), Refusal> {
    let (to, next) = (address(&mut form, factor::<U>()), destination(&mut form));
    match (to, next) {
        (Some(to), Some(next)) => Ok((to, next)),
        _ => Err(Refusal::mistakes(form.into_mistakes())),
    }
}

async fn request_verification<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let parts = mounted.parts();
    let subject = Subject::Client(client(&request, &parts.http));
    let allowance = parts.allowances.email_verify_request;
    let used = limits::count(&mounted, "email_verify_request", allowance, subject).await?;
    used.told(async {
        let (to, next) = read_request::<U>(body::json(&mut request).await?)?;
        mounted.accounts().start_verification(to, next);
        a_moment().await;
        detail("If an account exists, a verification email has been sent.")
    })
    .await
}

async fn request_reset<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let parts = mounted.parts();
    let subject = Subject::Client(client(&request, &parts.http));
    let allowance = parts.allowances.password_reset_request;
    let used = limits::count(&mounted, "password_reset_request", allowance, subject).await?;
    used.told(async {
        let (to, next) = read_request::<U>(body::json(&mut request).await?)?;
        mounted.accounts().start_reset(to, next);
        a_moment().await;
        detail("If an account exists, a password reset email has been sent.")
    })
    .await
}

/// Counted by client and by account, so that neither many clients nor one can guess at the
/// password here.
async fn request_change<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let parts = mounted.parts();
    let principal = principal_of(&mounted, &request).await?;
    let allowance = parts.allowances.email_change_request;
    let subject = Subject::Client(client(&request, &parts.http));
    let by_client = limits::count(&mounted, "email_change_request", allowance, subject).await?;
    let id = principal.user().id().to_string();
    let subject = Subject::Account(&id);
    let by_account = limits::count(&mounted, "email_change_request", allowance, subject).await?;
    by_client
        .tighter(by_account)
        .told(async {
            let mut form = body::json(&mut request).await?;
            let new = address(&mut form, "new_email");
            let password = read_password(&mut form, "password");
            let next = destination(&mut form);
            let (Some(new), Some(password), Some(next)) = (new, password, next) else {
                return Err(Refusal::mistakes(form.into_mistakes()));
            };
            let accounts = mounted.accounts();
            accounts.start_email_change(principal.account(), &password, new, next).await?;
            a_moment().await;
            detail("If the address is available, a confirmation email has been sent.")
        })
        .await
}

async fn confirm_verification<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    confirming(&mounted, &request).await?;
    let mut form = body::json(&mut request).await?;
    let Some(token) = form.text("token") else {
        return Err(Refusal::mistakes(form.into_mistakes()));
    };
    let confirmed = mounted.accounts().confirm_verification(&token).await?;
    told("Verified successfully.", confirmed)
}

async fn confirm_reset<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    confirming(&mounted, &request).await?;
    let mut form = body::json(&mut request).await?;
    let (token, password) = (form.text("token"), read_password(&mut form, "new_password"));
    let (Some(token), Some(password)) = (token, password) else {
        return Err(Refusal::mistakes(form.into_mistakes()));
    };
    let confirmed = mounted.accounts().confirm_reset(&token, &password).await?;
    told("Password reset successfully.", confirmed)
}

async fn confirm_change<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    confirming(&mounted, &request).await?;
    let mut form = body::json(&mut request).await?;
    let Some(token) = form.text("token") else {
        return Err(Refusal::mistakes(form.into_mistakes()));
    };
    let confirmed = mounted.accounts().confirm_email_change(&token).await?;
    told("Email changed successfully.", confirmed)
}

/// Counts a confirmation, so that nobody tries tokens by the thousand. Tells nothing of it: the
/// contract has no limit here, and no person meets this one.
async fn confirming<U: AuthUser>(mounted: &Mounted<U>, request: &Request) -> Result<(), Refusal> {
    let parts = mounted.parts();
    let subject = Subject::Client(client(request, &parts.http));
    limits::count(mounted, "confirm", parts.allowances.confirm, subject).await.map(drop)
}

fn told(text: &str, confirmed: Confirmed) -> Result<Response, Refusal> {
    let mut body = json!({ "detail": text });
    if let Some(path) = confirmed.redirect_to {
        body["redirect_to"] = path.into();
    }
    answer(StatusCode::OK, &body)
}
