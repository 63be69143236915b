//! `POST /email/verify-…` and `/password/reset-…`: request and confirm, over any channel.

use crudauth_core::guard::Action;
use crudauth_core::model::{
    AuthUser, Contact, Form, IdentifierKind, InvalidField, Recoverable, RedirectPath,
};
use crudauth_core::slices::bot_protection::PublicRoute;
use crudauth_core::slices::recovery::{
    self as flows, CONFIRM, ConfirmError, Confirmed, RESET_REQUEST, VERIFY_REQUEST,
};
use crudauth_core::sql::TableSpec;
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::{Value, json};

use super::device::with_device_of_browser;
use super::limits;
use super::pace::constant_delay;
use crate::http::headers::{detail, json as answer};
use crate::http::origin::refuse_untrusted_page;
use crate::http::{Refusal, body, refusals};
use crate::mount::{Mounted, Path, Slice};

/// `recovery`: verification and password reset over channels of the app's own.
///
#[doc = include_str!("../../docs/recovery.md")]
#[derive(Clone, Copy, Debug)]
pub enum Recovery {}

impl<U: AuthUser + Recoverable> Slice<U> for Recovery {
    fn paths() -> Vec<Path<U>> {
        paths()
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&flows::TABLE]
    }
}

/// The routes of `recovery`, which `email` has as well.
pub(crate) fn paths<U: AuthUser>() -> Vec<Path<U>> {
    vec![
        Path::new(Method::POST, "/email/verify-request", request_verification)
            .asks(PublicRoute::VerifyRequest),
        Path::new(Method::POST, "/email/verify-confirm", confirm_verification),
        Path::new(Method::POST, "/password/reset-request", request_reset)
            .asks(PublicRoute::ResetRequest),
        Path::new(Method::POST, "/password/reset-confirm", confirm_reset),
    ]
}

/// Reads the redirect path. A path that could leave the site is ignored.
pub(super) fn redirect_path(form: &mut Form) -> Result<Option<RedirectPath>, InvalidField> {
    let typed = form.optional_text("redirect_to")?;
    Ok(typed.as_deref().and_then(RedirectPath::parse))
}

/// The noun in the responses of crudauth-py: an email, or a message to a phone.
fn noun<U: AuthUser>() -> &'static str {
    match U::SHAPE.recovery_column().map(|column| column.kind) {
        Some(IdentifierKind::Phone) => "message",
        _ => "email",
    }
}

/// Reads a request: the contact and the redirect path. The field of the contact has the name of its
/// identifier.
pub(super) fn read_request<U: AuthUser>(
    mut form: Form,
) -> Result<(Contact, Option<RedirectPath>), Refusal> {
    let to = U::SHAPE.recovery_column().and_then(|column| form.contact(column).ok());
    let next = redirect_path(&mut form);
    match (to, next) {
        (Some(to), Ok(next)) => Ok((to, next)),
        _ => Err(Refusal::invalid_fields(form.into_errors())),
    }
}

async fn request_verification<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    let told = format!("If an account exists, a verification {} has been sent.", noun::<U>());
    requested(mounted, request, VERIFY_REQUEST, told, |recovery, to, next| {
        recovery.start_verification(to, next);
    })
    .await
}

async fn request_reset<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    let told = format!("If an account exists, a password reset {} has been sent.", noun::<U>());
    requested(mounted, request, RESET_REQUEST, told, |recovery, to, next| {
        recovery.start_reset(to, next);
    })
    .await
}

/// Counts a request, starts its work, and answers the same for every contact.
async fn requested<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
    action: Action,
    told: String,
    start: impl FnOnce(&flows::Recovery<U>, Contact, Option<RedirectPath>),
) -> Result<Response, Refusal> {
    refuse_untrusted_page(&request, &mounted.parts().http)?;
    let used = limits::by_client(&mounted, action, &request).await?;
    let used = limits::texts(&mounted, used, &request).await?;
    used.told(async {
        let (to, next) = read_request::<U>(body::json(&mut request).await?)?;
        start(recovery_of(&mounted)?, to, next);
        constant_delay().await;
        detail(&told)
    })
    .await
}

async fn confirm_verification<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let token = token(&mounted, &mut request).await?;
    let confirmed = recovery_of(&mounted)?.confirm_verification(&token).await?;
    told("Verified successfully.", confirmed)
}

async fn confirm_reset<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    confirming(&mounted, &request).await?;
    let mut form = body::json(&mut request).await?;
    let token = form.text("token");
    let password = form.password("new_password");
    let (Ok(token), Ok(password)) = (token, password) else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    let reset = recovery_of(&mounted)?.confirm_reset(&token, &password).await?;
    // The owner signs in next, perhaps while others still fail under the name.
    let body = confirmation("Password reset successfully.", reset.redirect_to);
    with_device_of_browser(&mounted, &request, &reset.account, body)
}

/// Returns the flows of recovery, which `email` and `recovery` always wire.
pub(super) fn recovery_of<U: AuthUser>(
    mounted: &Mounted<U>,
) -> Result<&flows::Recovery<U>, Refusal> {
    mounted.accounts().recovery().ok_or_else(Refusal::internal)
}

/// Reads the token of a link, for routes without other fields.
pub(super) async fn token<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &mut Request,
) -> Result<String, Refusal> {
    confirming(mounted, request).await?;
    let mut form = body::json(request).await?;
    form.text("token").map_err(|_| Refusal::invalid_fields(form.into_errors()))
}

/// Counts a confirmation, against guessed tokens. The response has no headers of the limit, because
/// the contract has no limit here.
async fn confirming<U: AuthUser>(mounted: &Mounted<U>, request: &Request) -> Result<(), Refusal> {
    refuse_untrusted_page(request, &mounted.parts().http)?;
    limits::by_client(mounted, CONFIRM, request).await.map(drop)
}

pub(super) fn told(text: &str, confirmed: Confirmed) -> Result<Response, Refusal> {
    answer(StatusCode::OK, &confirmation(text, confirmed.redirect_to))
}

fn confirmation(text: &str, redirect_to: Option<String>) -> Value {
    let mut body = json!({ "detail": text });
    if let Some(path) = redirect_to {
        body["redirect_to"] = path.into();
    }
    body
}

impl From<ConfirmError> for Refusal {
    fn from(error: ConfirmError) -> Self {
        match error {
            ConfirmError::Invalid => Self::invalid_link(),
            ConfirmError::Used => Self::used_link(),
            ConfirmError::AlreadyDone => Self::done_link(),
            ConfirmError::Password(errors) => Self::invalid_fields(errors),
            ConfirmError::AddressTaken => Self::taken("email-taken", "Email already in use"),
            ConfirmError::Busy(busy) => busy.into(),
            ConfirmError::Store(cause) => cause.into(),
        }
    }
}

refusals! {
    pub(super) invalid_link = BAD_REQUEST, "invalid-token", "Invalid or expired token";
    pub(super) used_link = BAD_REQUEST, "token-used", "Token already used";
    done_link = BAD_REQUEST, "token-used", "Invalid or expired token";
}
