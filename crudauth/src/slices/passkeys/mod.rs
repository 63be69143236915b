//! `POST /passkeys/register/…`, `POST /passkeys/sign-in/…`, `POST /passkeys/verify`, `GET /passkeys`,
//! `PATCH /passkeys/{id}`, `DELETE /passkeys/{id}`: sign-in without a password.

mod ceremonies;
mod manage;

use std::sync::Arc;

use crudauth_core::ConfigError;
use crudauth_core::guard::CHALLENGES;
use crudauth_core::model::AuthUser;
use crudauth_core::slices::passkeys::{
    self as flows, PasskeyConfig, PasskeyError, PasskeyProof, ProofError, RelyingParty,
};
use crudauth_core::slices::sessions::RenewedSession;
use crudauth_core::slices::sign_in::{PasskeySignIn, SignIn, SignInError};
use crudauth_core::sql::{Backend, TableSpec};
use poem::Response;
use poem::http::{Method, StatusCode};
use serde_json::Value;

use super::{Service, SliceSettings, Wiring};
use crate::accounts::Accounts;
use crate::builder::Builder;
use crate::http::cookie::set_cookies;
use crate::http::headers::json as answer;
use crate::http::origin::origin_of;
use crate::http::{Refusal, refusals};
use crate::mount::{Mount, Mounted, Mounts, Path, Slice};

use ceremonies::{register, sign_in, start_registration, start_sign_in, start_sudo, verify};
use manage::{list, related_origins, remove, rename};

pub(super) use ceremonies::{offering, prove};
pub(super) use manage::entry;

/// `passkeys`: sign-in by a device in place of a password, and as second factor.
///
#[doc = include_str!("../../../docs/passkeys.md")]
#[derive(Clone, Copy, Debug)]
pub struct Passkeys;

super::stores!(Passkeys: passkeys);

impl<U: AuthUser> Slice<U> for Passkeys {
    fn paths() -> Vec<Path<U>> {
        vec![
            Path::new(Method::GET, "/passkeys", list),
            Path::new(Method::PATCH, "/passkeys/:id", rename).and(Method::DELETE, remove),
            Path::new(Method::POST, "/passkeys/register/options", start_registration),
            Path::new(Method::POST, "/passkeys/register/verify", register),
            Path::new(Method::POST, "/passkeys/sign-in/options", start_sign_in),
            Path::new(Method::POST, "/passkeys/sign-in/verify", sign_in),
            Path::new(Method::POST, "/passkeys/verify", verify),
            Path::new(Method::POST, "/passkeys/sudo/options", start_sudo),
            Path::new(Method::GET, "/.well-known/webauthn", related_origins),
        ]
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&flows::TABLE, &CHALLENGES]
    }
}

impl Service for Passkeys {
    type Config = PasskeyConfig;
    type Flows<U: AuthUser> = Option<flows::Passkeys<U>>;

    fn wire<U: AuthUser>(wiring: &Wiring<U>, config: PasskeyConfig) -> Self::Flows<U> {
        // A mount without the slice has no origins, and no passkeys.
        let party = RelyingParty::of(&config).ok()?;
        wiring.passkeys.as_ref()?;
        let stores = (Arc::clone(&wiring.database.passkeys), Arc::clone(&wiring.challenges));
        let callers = (wiring.callers.clone(), Arc::clone(&wiring.sudo));
        Some(flows::Passkeys::new(wiring.kit.clone(), stores, callers, party, config))
    }
}

/// Adds the default origin, and returns the errors of the origins.
pub(crate) fn complete(settings: &mut SliceSettings, front_end: Option<&str>) -> Vec<ConfigError> {
    let config = &mut settings.passkeys;
    if config.origins.is_empty() {
        config.origins.extend(front_end.map(origin_of).map(str::to_owned));
    }
    RelyingParty::of(config).err().unwrap_or_default()
}

impl<U: AuthUser> Accounts<U> {
    /// Registers, verifies, lists and removes passkeys. `None` if the mount does not name `passkeys`.
    #[must_use]
    pub fn passkeys(&self) -> Option<&flows::Passkeys<U>> {
        self.services.passkeys.as_ref()
    }

    /// Signs in by a passkey that [`Passkeys::identify`](flows::Passkeys::identify) has verified.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in_by_passkey(
        &self,
        (account, proof): (crudauth_core::model::Account<U>, PasskeyProof),
        request: PasskeySignIn,
    ) -> Result<SignIn<crudauth_core::slices::sign_in::SignedIn<U>>, SignInError> {
        self.sign_in.sign_in_by_passkey(account, proof, request).await
    }
}

impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// Configures passkeys: the origins and the domain, and whether they count as both factors.
    pub fn passkeys(mut self, config: PasskeyConfig) -> Self
    where
        A: Mounts<Passkeys>,
    {
        self.settings.slices.passkeys = config;
        self
    }
}

/// The flows of a mount that has these routes.
fn flows_of<U: AuthUser>(mounted: &Mounted<U>) -> Result<&flows::Passkeys<U>, Refusal> {
    mounted.accounts().passkeys().ok_or_else(Refusal::internal)
}

fn with_session<U: AuthUser>(
    mounted: &Mounted<U>,
    status: StatusCode,
    body: &Value,
    session: Option<&RenewedSession>,
) -> Result<Response, Refusal> {
    let mut response = answer(status, body)?;
    if let Some(session) = session {
        let lifetimes = mounted.accounts().sessions().config();
        let mut cookies = set_cookies(&mut response, &mounted.parts().http.cookies);
        cookies.renewed_session(lifetimes, session);
    }
    Ok(response)
}

impl From<PasskeyError> for Refusal {
    fn from(error: PasskeyError) -> Self {
        match error {
            PasskeyError::NotFresh(cause) => cause.into(),
            PasskeyError::NotElevated(missing) => Self::not_elevated(&missing),
            PasskeyError::NotVerified => Self::not_verified(),
            PasskeyError::TooMany { max } => {
                let detail = format!("There are {max} passkeys already; remove one first.");
                Self::new(StatusCode::CONFLICT, "too-many-passkeys", detail)
            }
            PasskeyError::Known => Self::passkey_known(),
            PasskeyError::Invalid(errors) => Self::invalid_fields(errors),
            PasskeyError::NotFound => Self::not_found("Passkey not found."),
            PasskeyError::LastWayIn => Self::last_way_in(),
            PasskeyError::Proof(error) => error.into(),
            PasskeyError::NotOwner | PasskeyError::Ended => Self::not_authenticated(),
            PasskeyError::Store(cause) => cause.into(),
        }
    }
}

impl From<ProofError> for Refusal {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Ended => Self::passkey_ended(),
            ProofError::Unknown => Self::unknown_passkey(),
            ProofError::Rejected => Self::passkey_rejected(),
            ProofError::Store(cause) => cause.into(),
        }
    }
}

refusals! {
    passkey_ended = BAD_REQUEST, "passkey-challenge-ended", "The request for a passkey has expired. Try again.";
    unknown_passkey = UNAUTHORIZED, "unknown-passkey", "This passkey is not registered.";
    passkey_rejected = UNAUTHORIZED, "passkey-rejected", "The passkey was not accepted.";
    passkey_known = CONFLICT, "passkey-registered", "This passkey is registered already.";
}
