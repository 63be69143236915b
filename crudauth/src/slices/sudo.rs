//! `POST /sudo`: fresh proof of all factors, for the session of the request.

use std::sync::Arc;

use crudauth_core::model::{AuthUser, Form, InvalidField};
use crudauth_core::slices::passkeys::PasskeyProof;
use crudauth_core::slices::sudo::{self as flows, Proof, SudoConfig, SudoError};
use crudauth_core::sql::Backend;
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::{Value, json};

use super::{Service, Wiring};
use crate::accounts::Accounts;
use crate::builder::Builder;
use crate::extract::{any_principal, not_impersonated};
use crate::http::cookie::set_cookies;
use crate::http::headers::json as answer;
use crate::http::{Refusal, body, refusals};
use crate::mount::{Mount, Mounted, Mounts, Path, Slice};
use crate::transport::Principal;

/// `sudo`: users prove all their factors again before something dangerous.
///
#[doc = include_str!("../../docs/sudo.md")]
#[derive(Clone, Copy, Debug)]
pub struct Sudo;

impl<U: AuthUser> Slice<U> for Sudo {
    fn paths() -> Vec<Path<U>> {
        vec![Path::new(Method::POST, "/sudo", elevate)]
    }
}

impl Service for Sudo {
    type Config = SudoConfig;
    type Flows<U: AuthUser> = Arc<flows::Sudo<U>>;

    /// Slices with dangerous routes share it.
    fn wire<U: AuthUser>(wiring: &Wiring<U>, _: SudoConfig) -> Arc<flows::Sudo<U>> {
        Arc::clone(&wiring.sudo)
    }
}

impl<U: AuthUser> Accounts<U> {
    /// Elevates sessions.
    #[must_use]
    pub fn sudo(&self) -> &flows::Sudo<U> {
        &self.services.sudo
    }
}

impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// Configures fresh proof: how long it lasts, and the limit of guessing.
    pub fn sudo(mut self, config: SudoConfig) -> Self
    where
        A: Mounts<Sudo>,
    {
        self.settings.slices.sudo = config;
        self
    }
}

/// The session gets another cookie: a copy of the former one opens nothing any more.
async fn elevate<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let principal = not_impersonated(any_principal(&mounted, &request).await?)?;
    let mut form = body::json(&mut request).await?;
    let proof = read_proof(&mut form);
    let passkey = form.take::<Option<Value>>("passkey");
    let (Ok(mut proof), Ok(passkey)) = (proof, passkey) else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    proof.passkey = passkey_proof(&mounted, &request, &principal, passkey).await?;
    let elevated = mounted.accounts().sudo().elevate(&principal, &proof).await?;
    let body = json!({
        "elevated": true,
        "until": elevated.ends_at,
    });
    let mut response = answer(StatusCode::OK, &body)?;
    let lifetimes = mounted.accounts().sessions().config();
    let mut cookies = set_cookies(&mut response, &mounted.parts().http.cookies);
    cookies.renewed_session(lifetimes, &elevated.session);
    Ok(response)
}

/// Reads the factors that a client proves.
pub(super) async fn proof(request: &mut Request) -> Result<Proof, Refusal> {
    let mut form = body::json(request).await?;
    read_proof(&mut form).map_err(|InvalidField| Refusal::invalid_fields(form.into_errors()))
}

/// As [`proof`], from a form with other fields.
pub(super) fn read_proof(form: &mut Form) -> Result<Proof, InvalidField> {
    let (password, code) = (form.optional_password("password"), form.optional_text("code"));
    let mut proof = Proof::default();
    proof.password = password?;
    proof.code = code?;
    Ok(proof)
}

/// Verifies the passkey, if one was sent.
#[cfg(feature = "passkeys")]
pub(super) async fn passkey_proof<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    principal: &Principal<U>,
    sent: Option<Value>,
) -> Result<Option<PasskeyProof>, Refusal> {
    let Some(sent) = sent else { return Ok(None) };
    super::passkeys::prove(mounted, request, principal.account(), &sent).await.map(Some)
}

/// Without passkeys, the field is ignored as any other.
#[cfg(not(feature = "passkeys"))]
pub(super) async fn passkey_proof<U: AuthUser>(
    _: &Mounted<U>,
    _: &Request,
    _: &Principal<U>,
    _: Option<Value>,
) -> Result<Option<PasskeyProof>, Refusal> {
    Ok(None)
}

impl From<SudoError> for Refusal {
    fn from(error: SudoError) -> Self {
        match error {
            SudoError::NeedsSession => Self::sudo_needs_session(),
            SudoError::NotElevated(missing) => Self::not_elevated(&missing),
            SudoError::WrongPassword => Self::incorrect_password(),
            SudoError::CodeNeeded => Self::code_needed(),
            SudoError::Code(error) => error.into(),
            SudoError::PasskeyNeeded => Self::passkey_needed(),
            SudoError::NotFresh => Self::sign_in_too_old(),
            SudoError::LockedOut { retry_after } => Self::too_many_attempts(retry_after),
            SudoError::NotOwner | SudoError::Ended => Self::not_authenticated(),
            SudoError::Busy(busy) => busy.into(),
            SudoError::Store(cause) => cause.into(),
        }
    }
}

refusals! {
    sudo_needs_session = FORBIDDEN, "session-needed", "Sudo requires a session-backed login.";
    code_needed = UNAUTHORIZED, "code-needed", "Enter a code of your authenticator as well.";
    passkey_needed = UNAUTHORIZED, "passkey-needed", "Use your passkey as well.";
}
