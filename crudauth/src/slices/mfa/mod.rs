//! `GET /mfa`, `POST /mfa/totp/…`, `POST /mfa/recovery-codes/regenerate`: the second factor of an
//! account. `POST /mfa/challenge`, `POST /mfa/verify`: the second step of a sign-in.

mod answers;
mod trust;

use std::sync::Arc;

use crudauth_core::guard::CHALLENGES;
use crudauth_core::model::{AuthUser, Form};
use crudauth_core::slices::mfa::{
    self as flows, AUTHENTICATORS, CodeError, MANAGE, MfaConfig, MfaError, RECOVERY_CODES,
    TRUSTED_BROWSERS, VERIFY,
};
use crudauth_core::slices::sign_in::{CodeRequest, FinishError, Waiting};
use crudauth_core::sql::{Backend, TableSpec};
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::json;

use super::{Service, Wiring, limits};
use crate::accounts::Accounts;
use crate::builder::Builder;
use crate::extract::owner_of;
use crate::http::config::RefreshIn;
use crate::http::cookie::cookies_of;
use crate::http::headers::{client_info, json as answer};
use crate::http::origin::refuse_cross_site;
use crate::http::{Refusal, body, refusals};
use crate::mount::{Mount, Mounted, Mounts, Path, Slice};

pub(super) use answers::{add_codes, challenged, finished, with_session};
use answers::{shown, told};
pub(super) use trust::{distrust_all, trusted, trusts_browser};

/// `mfa`: codes of an authenticator app as second factor, and recovery codes.
///
#[doc = include_str!("../../../docs/mfa.md")]
#[derive(Clone, Copy, Debug)]
pub struct Mfa;

super::stores!(Mfa: factors, trusts, crudauth_py_factors);

impl<U: AuthUser> Slice<U> for Mfa {
    fn paths() -> Vec<Path<U>> {
        vec![
            Path::new(Method::GET, "/mfa", status),
            Path::new(Method::POST, "/mfa/totp/setup", set_up),
            Path::new(Method::POST, "/mfa/totp/confirm", confirm),
            Path::new(Method::POST, "/mfa/totp/disable", disable),
            Path::new(Method::POST, "/mfa/recovery-codes/regenerate", regenerate),
            Path::new(Method::POST, "/mfa/challenge", challenge),
            Path::new(Method::POST, "/mfa/verify", verify),
            Path::new(Method::GET, "/mfa/trusted-browsers", trust::trusted_browsers),
            Path::new(Method::DELETE, "/mfa/trusted-browsers/:id", trust::distrust),
        ]
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&AUTHENTICATORS, &RECOVERY_CODES, &TRUSTED_BROWSERS, &CHALLENGES]
    }
}

impl Service for Mfa {
    type Config = MfaConfig;
    type Flows<U: AuthUser> = Arc<flows::Mfa<U>>;

    /// Sign-in and `sudo` share it.
    fn wire<U: AuthUser>(wiring: &Wiring<U>, _: MfaConfig) -> Arc<flows::Mfa<U>> {
        Arc::clone(&wiring.mfa)
    }
}

impl<U: AuthUser> Accounts<U> {
    /// Adds, checks and removes second factors.
    #[must_use]
    pub fn mfa(&self) -> &flows::Mfa<U> {
        &self.services.mfa
    }
}

impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// Configures the second factor: the name of the app, who needs one, and limits of guessing.
    pub fn mfa(mut self, config: MfaConfig) -> Self
    where
        A: Mounts<Mfa>,
    {
        self.settings.slices.mfa = config;
        self
    }
}

async fn status<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let status = mounted.accounts().mfa().status(&principal).await?;
    let body = json!({
        "enabled": status.is_enabled,
        "required": status.is_required,
        "recovery_codes_remaining": status.recovery_codes,
    });
    answer(StatusCode::OK, &body)
}

/// The limit counts before the body is judged, so that a wrong password or code is counted too.
async fn set_up<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let used = limits::by_account(&mounted, MANAGE, &principal).await?;
    used.told(async {
        let mut form = body::json(&mut request).await?;
        let Ok(password) = form.optional_password("password") else {
            return Err(Refusal::invalid_fields(form.into_errors()));
        };
        let mfa = mounted.accounts().mfa();
        answer(StatusCode::OK, &told(&mfa.set_up(&principal, password.as_ref()).await?))
    })
    .await
}

async fn confirm<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let used = limits::by_account(&mounted, MANAGE, &principal).await?;
    used.told(async {
        let code = code(&mut request).await?;
        let enrolled = mounted.accounts().mfa().confirm(&principal, &code).await?;
        let body = json!({ "recovery_codes": shown(&enrolled.recovery_codes) });
        with_session(&mounted, &body, enrolled.session.as_ref())
    })
    .await
}

async fn disable<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let used = limits::by_account(&mounted, MANAGE, &principal).await?;
    used.told(async {
        let code = code(&mut request).await?;
        let disabled = mounted.accounts().mfa().disable(&principal, &code).await?;
        let body = json!({ "detail": "Two-factor authentication disabled." });
        with_session(&mounted, &body, disabled.session.as_ref())
    })
    .await
}

async fn regenerate<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let used = limits::by_account(&mounted, MANAGE, &principal).await?;
    used.told(async {
        let code = code(&mut request).await?;
        let codes = mounted.accounts().mfa().replace_recovery_codes(&principal, &code).await?;
        answer(StatusCode::OK, &json!({ "recovery_codes": shown(&codes) }))
    })
    .await
}

/// For a page that has only the token: the authenticator to be added, if there is one.
async fn challenge<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let mut form = body::json(&mut request).await?;
    let Ok(token) = form.text("challenge") else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    let waiting = waiting(&mounted, &request, &token).await?;
    let setup = mounted.accounts().sign_in.setup_of(&waiting);
    answer(StatusCode::OK, &json!({ "setup": setup.as_ref().map(told) }))
}

/// The second step of a sign-in. It needs no credential, and ignores one.
async fn verify<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let mut form = body::json(&mut request).await?;
    let (token, code) = (form.text("challenge"), form.text("code"));
    let trusts = trusts_browser(&mut form);
    let (Ok(token), Ok(code), Ok(trusts)) = (token, code, trusts) else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    let waiting = waiting(&mounted, &request, &token).await?;
    let mut sent = sent(&mounted, &request, &waiting)?;
    sent.code = code;
    sent.trusts_browser &= trusts;
    let done = mounted.accounts().finish_sign_in(waiting, sent).await?;
    finished(&mounted, &request, &done).await
}

/// The client of the second step, without a code: a browser that the owner may trust, or a program.
/// Another site's page must not be one.
pub(super) fn sent<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    waiting: &Waiting<U>,
) -> Result<CodeRequest, Refusal> {
    let http = &mounted.parts().http;
    let is_browser = waiting.opens_session() || http.refresh_in == RefreshIn::Cookie;
    if is_browser {
        refuse_cross_site(request, http)?;
    }
    let cookies = cookies_of(request, &http.cookies);
    let mut sent = CodeRequest::default();
    sent.client = client_info(request, http);
    sent.devices = cookies.devices().into_iter().map(str::to_owned).collect();
    sent.trust_cookies = cookies.trusts();
    sent.replaces = cookies.sessions();
    sent.trusts_browser = is_browser;
    Ok(sent)
}

/// Returns the sign-in that a token names. Tokens that name none are counted by client network, so
/// that nobody can try many, and nobody can keep a network from finishing its own sign-ins.
pub(super) async fn waiting<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    token: &str,
) -> Result<Waiting<U>, Refusal> {
    let browsers = cookies_of(request, &mounted.parts().http.cookies).browsers();
    match mounted.accounts().waiting_sign_in(token, &browsers).await? {
        Some(waiting) => Ok(waiting),
        None => {
            limits::by_client(mounted, VERIFY, request).await?;
            Err(Refusal::challenge_ended())
        }
    }
}

async fn code(request: &mut Request) -> Result<String, Refusal> {
    let mut form: Form = body::json(request).await?;
    form.text("code").map_err(|_| Refusal::invalid_fields(form.into_errors()))
}

impl From<MfaError> for Refusal {
    fn from(error: MfaError) -> Self {
        match error {
            MfaError::WrongPassword => Self::incorrect_password(),
            MfaError::NotFresh(cause) => cause.into(),
            MfaError::NotVerified => Self::not_verified(),
            MfaError::AlreadyEnabled => Self::factor_enabled(),
            MfaError::NoSetup => Self::no_setup(),
            MfaError::Required => Self::factor_required(),
            MfaError::Code(error) => error.into(),
            MfaError::NotOwner | MfaError::Ended => Self::not_authenticated(),
            MfaError::Busy(busy) => busy.into(),
            MfaError::Store(cause) => cause.into(),
        }
    }
}

impl From<CodeError> for Refusal {
    fn from(error: CodeError) -> Self {
        match error {
            CodeError::Invalid => Self::invalid_code(),
            CodeError::ThreeNeeded { .. } => Self::three_codes(),
            CodeError::Store(cause) => cause.into(),
        }
    }
}

impl From<FinishError> for Refusal {
    fn from(error: FinishError) -> Self {
        match error {
            FinishError::Ended => Self::challenge_ended(),
            FinishError::Code(error) => error.into(),
            FinishError::LockedOut { retry_after } => Self::too_many_attempts(retry_after),
            FinishError::RefusedByApp(reason) => Self::refused_by_app(reason),
            FinishError::Store(cause) => cause.into(),
        }
    }
}

refusals! {
    challenge_ended = BAD_REQUEST, "challenge-ended", "Invalid or expired MFA challenge";
    factor_enabled = BAD_REQUEST, "mfa-enabled", "Two-factor authentication is already enabled.";
    no_setup = BAD_REQUEST, "no-mfa-setup", "No authenticator setup is pending.";
    pub(super) incorrect_password = UNAUTHORIZED, "wrong-password", "Incorrect password";
    invalid_code = UNAUTHORIZED, "invalid-code", "Invalid code";
    three_codes = UNAUTHORIZED, "three-codes-needed", "Too many wrong codes. Enter the next three codes of your authenticator one after the other, or a recovery code.";
    factor_required = FORBIDDEN, "mfa-required", "Two-factor authentication is required for this account.";
}
