//! `POST /register`, `GET /me`, `POST /change-password` and `POST /set-password`.

use crudauth_core::model::{AuthUser, Form, IdentifierKind};
use crudauth_core::slices::accounts::{
    CHANGE_PASSWORD, PasswordError, REGISTER, RegisterError, Registered, SET_PASSWORD, SignUp,
};
use crudauth_core::slices::bot_protection::PublicRoute;
use crudauth_core::slices::recovery::CONFIRM;
use crudauth_core::sql::TableSpec;
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::{Value, json};

use super::device::with_device;
use super::limits;
use super::pace::constant_delay;
use crate::extract::{any_principal, owner_of};
use crate::http::capital;
use crate::http::headers::json as answer;
use crate::http::{Refusal, body, refusals};
use crate::mount::{Mounted, Path, Slice};
use crate::transport::Principal;

/// Always mounted: sign-up, the current user, and passwords.
///
#[doc = include_str!("../../docs/accounts.md")]
#[derive(Clone, Copy, Debug)]
pub enum Accounts {}

impl<U: AuthUser> Slice<U> for Accounts {
    fn paths() -> Vec<Path<U>> {
        vec![
            Path::new(Method::POST, "/register", register).asks(PublicRoute::Register),
            Path::new(Method::GET, "/me", me),
            Path::new(Method::POST, "/change-password", change_password),
            Path::new(Method::POST, "/set-password", set_password),
        ]
    }

    // Sign-in and sign-up are limited in every mount.
    fn tables() -> &'static [&'static TableSpec] {
        &[&crudauth_core::guard::LOCKOUTS, &crudauth_core::guard::RATE_LIMITS]
    }
}

/// The response whether or not the address is taken.
const ENROLLED: &str = "If the email is available, check your inbox to finish signing up.";

/// Checks in this order: fields, password, rate limit, taken identifiers.
async fn register<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let parts = mounted.parts();
    let form = body::json(&mut request).await?;
    let registration = &parts.accounts.registration;
    let sign_up = read(&mounted, &request, form).await?;
    registration.check(&sign_up).map_err(Refusal::invalid_fields)?;
    let mut used = limits::by_client(&mounted, REGISTER, &request).await?;
    // An invited person has proved the address, so nothing is hidden or sent.
    let is_silent = registration.is_silent() && !sign_up.is_invited();
    if is_silent && sign_up.contact().is_some() {
        used = limits::texts(&mounted, used, &request).await?;
    }
    used.told(async {
        let email = value(sign_up.shown(IdentifierKind::Email));
        let username = value(sign_up.shown(IdentifierKind::Username));
        let prepared = registration.prepare(sign_up).await?;
        if is_silent {
            // The insert takes a different time if the address is taken.
            let (registered, ()) = tokio::join!(registration.enrol(prepared), constant_delay());
            // The response does not depend on the result.
            let _ = registered?;
            return answer(StatusCode::ACCEPTED, &json!({ "detail": ENROLLED }));
        }
        match registration.enrol(prepared).await? {
            Registered::Added(id) => {
                let body = json!({ "id": id, "email": email, "username": username });
                answer(StatusCode::OK, &body)
            }
            Registered::AddressTaken => {
                let name = U::SHAPE.recovery_column().map_or("email", |column| column.name);
                let detail = format!("{} already registered", capital(name));
                Err(Refusal::taken("taken", detail))
            }
        }
    })
    .await
}

/// Reads a sign-up, with or without an invitation.
async fn read<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    mut form: Form,
) -> Result<SignUp<U>, Refusal> {
    let registration = &mounted.accounts().registration;
    if mounted.accounts().invitations().is_some() {
        let Ok(token) = form.optional_text("invitation") else {
            return Err(Refusal::invalid_fields(form.into_errors()));
        };
        // A form of a page may send its hidden field without a value.
        if let Some(token) = token.filter(|token| !token.is_empty()) {
            limits::by_client(mounted, CONFIRM, request).await?;
            return Ok(registration.read_invited(form, &token).await?);
        }
    }
    registration.read(form).map_err(Refusal::invalid_fields)
}

async fn me<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    let principal = any_principal(&mounted, &request).await?;
    shown(&principal)
}

/// The account of a principal, as its owner sees it.
pub(super) fn shown<U: AuthUser>(principal: &Principal<U>) -> Result<Response, Refusal> {
    let named = |kind| value(principal.account().named(kind));
    let mut body = json!({
        "user_id": principal.user().id(),
        "username": named(IdentifierKind::Username),
        "email": named(IdentifierKind::Email),
        "is_superuser": principal.account().is_superuser(),
        "scopes": principal.scopes(),
        "via": principal.method().as_str(),
    });
    // By the name of the column, for example `email_verified`. Without a verified contact the body
    // is that of crudauth-py.
    if let Some(contact) = U::SHAPE.recovery_column()
        && principal.account().is_verified()
    {
        body[format!("{}_verified", contact.name)] = true.into();
    }
    if let Some(administrator) = principal.impersonator() {
        body["impersonator"] = administrator.into();
    }
    answer(StatusCode::OK, &body)
}

fn value(text: Option<&str>) -> Value {
    text.map_or(Value::Null, Value::from)
}

async fn change_password<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let mut form = body::json(&mut request).await?;
    let current = form.password("current_password");
    let new = form.password("new_password");
    let (Ok(current), Ok(new)) = (current, new) else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    let used = limits::by_account(&mounted, CHANGE_PASSWORD, &principal).await?;
    used.told(async {
        let changed = mounted.accounts().change_password(&principal, &current, &new).await?;
        with_device(&mounted, &request, &changed, json!({ "detail": "Password changed." }))
    })
    .await
}

async fn set_password<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let mut form = body::json(&mut request).await?;
    let Ok(new) = form.password("new_password") else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    let used = limits::by_account(&mounted, SET_PASSWORD, &principal).await?;
    used.told(async {
        let changed = mounted.accounts().set_password(&principal, &new).await?;
        with_device(&mounted, &request, &changed, json!({ "detail": "Password set." }))
    })
    .await
}

impl From<RegisterError> for Refusal {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Invalid(errors) => Self::invalid_fields(errors),
            RegisterError::Taken(field) => {
                Self::taken("taken", format!("{} already taken", capital(field)))
            }
            RegisterError::InvitationEnded => Self::invalid_link(),
            RegisterError::SignUpClosed => Self::sign_up_closed(),
            RegisterError::RefusedByApp(reason) => Self::refused_by_app(reason),
            RegisterError::Busy(busy) => busy.into(),
            RegisterError::Store(cause) => cause.into(),
        }
    }
}

impl From<PasswordError> for Refusal {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::WrongPassword => Self::wrong_current_password(),
            PasswordError::NoPassword => Self::no_password(),
            PasswordError::HasPassword => Self::has_password(),
            PasswordError::NotFresh(cause) => cause.into(),
            PasswordError::NotOwner | PasswordError::Ended => Self::not_authenticated(),
            PasswordError::Invalid(errors) => Self::invalid_fields(errors),
            PasswordError::Busy(busy) => busy.into(),
            PasswordError::Store(cause) => cause.into(),
        }
    }
}

refusals! {
    pub(super) sign_up_closed = FORBIDDEN, "sign-up-closed", "Sign-up is not open to everyone.";
    wrong_current_password = UNAUTHORIZED, "wrong-password", "Current password is incorrect.";
    no_password = BAD_REQUEST, "no-password", "Account has no password; use /set-password to create one.";
    has_password = BAD_REQUEST, "has-password", "Account already has a password; use the password reset flow to change it.";
}
