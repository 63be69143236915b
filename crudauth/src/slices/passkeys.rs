//! `POST /passkeys/register/…`, `POST /passkeys/sign-in/…`, `POST /passkeys/verify`, `GET /passkeys`,
//! `PATCH /passkeys/{id}`, `DELETE /passkeys/{id}`: sign-in without a password.

use std::sync::Arc;

use crudauth_core::ConfigError;
use crudauth_core::guard::{Binding, CHALLENGES};
use crudauth_core::model::{AuthUser, Form, InvalidField};
use crudauth_core::slices::passkeys::{
    self as flows, AcceptedPasskeys, CeremonyOptions, MANAGE, OPTIONS, PasskeyConfig, PasskeyError,
    PasskeyId, PasskeyProof, ProofError, RelyingParty, StoredPasskey, VERIFY,
};
use crudauth_core::slices::sessions::RenewedSession;
use crudauth_core::slices::sign_in::{PasskeySignIn, SignIn, SignInError};
use crudauth_core::sql::{Backend, TableSpec};
use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::{Request, Response};
use serde_json::{Map, Value, json};

use super::{Service, SliceSettings, Wiring, limits, mfa, sessions};
use crate::accounts::Accounts;
use crate::builder::Builder;
use crate::extract::owner_of;
use crate::http::config::RefreshIn;
use crate::http::cookie::{cookies_of, set_cookies};
use crate::http::headers::{client_info, detail, json as answer};
use crate::http::origin::{origin_of, refuse_cross_site};
use crate::http::{Refusal, body, refusals};
use crate::mount::{Mount, Mounted, Mounts, Path, Slice};

/// `passkeys`: sign-in by a device in place of a password, and as second factor.
///
#[doc = include_str!("../../docs/passkeys.md")]
#[derive(Clone, Copy, Debug)]
pub struct Passkeys;

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
        let stores = (Arc::clone(&wiring.database) as _, Arc::clone(&wiring.challenges));
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

async fn list<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let passkeys = flows_of(&mounted)?;
    let found = passkeys.list(&principal).await?;
    let body = json!({
        "passkeys": found.iter().map(entry).collect::<Vec<_>>(),
        "signal": passkeys.accepted(&found).as_ref().map(signal),
    });
    answer(StatusCode::OK, &body)
}

async fn start_registration<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let used = limits::by_account(&mounted, MANAGE, &principal).await?;
    used.told(async {
        let binding = binding_of(&mounted, &request, principal.session().is_some());
        let options = flows_of(&mounted)?.start_registration(&principal, &binding).await?;
        told(&mounted, &options)
    })
    .await
}

async fn register<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let used = limits::by_account(&mounted, MANAGE, &principal).await?;
    used.told(async {
        let mut form = body::json(&mut request).await?;
        let (credential, name) = (credential_in(&mut form), form.optional_text("name"));
        let (Ok(credential), Ok(name)) = (credential, name) else {
            return Err(Refusal::invalid_fields(form.into_errors()));
        };
        let browsers = cookies_of(&request, &mounted.parts().http.cookies).browsers();
        let credential = credential.to_string();
        let added = flows_of(&mounted)?
            .finish_registration(&principal, &browsers, &credential, name.as_deref())
            .await?;
        let mut body = entry(&added.passkey);
        body["signal"] = json!(added.accepted.as_ref().map(signal));
        with_session(&mounted, StatusCode::CREATED, &body, added.session.as_ref())
    })
    .await
}

/// Options for a sign-in with nothing typed, or for the second step of the sign-in that `challenge`
/// names.
async fn start_sign_in<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let http = &mounted.parts().http;
    let mut form = body::json(&mut request).await?;
    let Ok(challenge) = form.optional_text("challenge") else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    let used = limits::by_client(&mounted, OPTIONS, &request).await?;
    used.told(async {
        let passkeys = flows_of(&mounted)?;
        let Some(challenge) = challenge else {
            refuse_cross_site(&request, http)?;
            let binding = binding_of(&mounted, &request, true);
            return told(&mounted, &passkeys.start_sign_in(&binding).await?);
        };
        let waiting = mfa::waiting(&mounted, &request, &challenge).await?;
        let is_browser = waiting.opens_session() || http.refresh_in == RefreshIn::Cookie;
        if is_browser {
            refuse_cross_site(&request, http)?;
        }
        let binding = binding_of(&mounted, &request, is_browser);
        told(&mounted, &passkeys.start_proof(waiting.account(), &binding).await?)
    })
    .await
}

/// Needs no CSRF token, and ignores a credential, as `/login` does.
async fn sign_in<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let http = &mounted.parts().http;
    let mut form = body::json(&mut request).await?;
    let (credential, is_remembered) =
        (credential_in(&mut form), form.take::<Option<bool>>("remember_me"));
    let (Ok(credential), Ok(is_remembered)) = (credential, is_remembered) else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    refuse_cross_site(&request, http)?;
    let cookies = cookies_of(&request, &http.cookies);
    let (browsers, credential) = (cookies.browsers(), credential.to_string());
    let identified = flows_of(&mounted)?.identify(&browsers, &credential).await;
    let proved = counted(&mounted, &request, identified).await?;
    let mut entry = PasskeySignIn::default();
    entry.client = client_info(&request, http);
    entry.devices = cookies.devices().into_iter().map(str::to_owned).collect();
    entry.is_remembered = is_remembered.unwrap_or(false);
    entry.replaces = cookies.sessions();
    entry.binding = binding_of(&mounted, &request, true);
    match mounted.accounts().sign_in_by_passkey(proved, entry).await {
        Ok(SignIn::Done(done)) => sessions::signed_in(&mounted, &done, None, None),
        Ok(SignIn::Challenge(challenge)) => mfa::challenged(&mounted, &challenge),
        Err(SignInError::Refused) => Err(Refusal::passkey_rejected()),
        Err(error) => Err(error.into()),
    }
}

/// The second step of a sign-in. It needs no credential, and ignores one.
async fn verify<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let mut form = body::json(&mut request).await?;
    let (token, credential) = (form.text("challenge"), credential_in(&mut form));
    let (Ok(token), Ok(credential)) = (token, credential) else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    let waiting = mfa::waiting(&mounted, &request, &token).await?;
    let sent = mfa::sent(&mounted, &request, &waiting)?;
    let proof = prove(&mounted, &request, waiting.account(), &credential).await?;
    let finished = mounted.accounts().sign_in.finish_by_passkey(waiting, proof, sent).await?;
    mfa::finished(&mounted, &request, &finished).await
}

async fn start_sudo<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let used = limits::by_client(&mounted, OPTIONS, &request).await?;
    used.told(async {
        let binding = binding_of(&mounted, &request, principal.session().is_some());
        told(&mounted, &flows_of(&mounted)?.start_proof(principal.account(), &binding).await?)
    })
    .await
}

/// Verifies a passkey of an account that is known already.
pub(super) async fn prove<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    account: &crudauth_core::model::Account<U>,
    credential: &Value,
) -> Result<PasskeyProof, Refusal> {
    let browsers = cookies_of(request, &mounted.parts().http.cookies).browsers();
    let Some(passkeys) = mounted.accounts().passkeys() else {
        return Err(Refusal::passkey_ended());
    };
    let proved = passkeys.prove(account, &browsers, &credential.to_string()).await;
    counted(mounted, request, proved).await
}

/// Counts answers that name no challenge, by client network.
async fn counted<U: AuthUser, T>(
    mounted: &Mounted<U>,
    request: &Request,
    proved: Result<T, ProofError>,
) -> Result<T, Refusal> {
    if let Err(ProofError::Ended) = &proved {
        limits::by_client(mounted, VERIFY, request).await?;
    }
    Ok(proved?)
}

async fn rename<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let id = id_of(&request)?;
    let mut form: Form = body::json(&mut request).await?;
    let Ok(name) = form.text("name") else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    flows_of(&mounted)?.rename(&principal, &id, &name).await?;
    detail("Passkey renamed.")
}

async fn remove<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let used = limits::by_account(&mounted, MANAGE, &principal).await?;
    used.told(async {
        let removed = flows_of(&mounted)?.remove(&principal, &id_of(&request)?).await?;
        let signal = removed.accepted.as_ref().map(signal);
        let body = json!({ "detail": "Passkey removed.", "signal": signal });
        with_session(&mounted, StatusCode::OK, &body, removed.session.as_ref())
    })
    .await
}

/// The origins on other domains that may use the passkeys of this one.
async fn related_origins<U: AuthUser>(
    mounted: Mounted<U>,
    _: Request,
) -> Result<Response, Refusal> {
    let origins = &flows_of(&mounted)?.config().related_origins;
    if origins.is_empty() {
        return Err(Refusal::not_found("Not Found"));
    }
    let mut response = answer(StatusCode::OK, &json!({ "origins": origins }))?;
    let kept = HeaderValue::from_static("public, max-age=300");
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    Ok(response)
}

/// Reads the JSON of a `PublicKeyCredential`.
fn credential_in(form: &mut Form) -> Result<Value, InvalidField> {
    form.take::<Map<String, Value>>("credential").map(Value::Object)
}

fn id_of(request: &Request) -> Result<PasskeyId, Refusal> {
    let id = request.raw_path_param("id").unwrap_or_default();
    PasskeyId::parse(id).ok_or_else(|| PasskeyError::NotFound.into())
}

/// Only a browser keeps the cookie.
fn binding_of<U: AuthUser>(mounted: &Mounted<U>, request: &Request, is_browser: bool) -> Binding {
    if is_browser {
        Binding::Browser(cookies_of(request, &mounted.parts().http.cookies).browsers())
    } else {
        Binding::Program
    }
}

/// The response with options for an authenticator.
fn told<U: AuthUser>(mounted: &Mounted<U>, options: &CeremonyOptions) -> Result<Response, Refusal> {
    let body = json!({
        "public_key": options.public_key,
        "expires_in": options.expires_in.as_secs(),
    });
    let mut response = answer(StatusCode::OK, &body)?;
    if let Some(browser) = &options.browser {
        let mut cookies = set_cookies(&mut response, &mounted.parts().http.cookies);
        cookies.browser(browser, options.expires_in);
    }
    Ok(response)
}

/// A passkey as its owner sees it.
fn entry(passkey: &StoredPasskey) -> Value {
    json!({
        "id": passkey.id().to_string(),
        "name": passkey.name,
        "aaguid": passkey.aaguid,
        "backup_eligible": passkey.is_backup_eligible,
        "backed_up": passkey.is_backed_up,
        "created_at": passkey.created_at,
        "last_used_at": passkey.last_used_at,
    })
}

/// The argument of `PublicKeyCredential.signalAllAcceptedCredentials`.
fn signal(accepted: &AcceptedPasskeys) -> Value {
    json!({
        "rpId": accepted.rp_id,
        "userId": accepted.user_handle,
        "allAcceptedCredentialIds": accepted.credential_ids,
    })
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
            PasskeyError::NotFresh => Self::sign_in_too_old(),
            PasskeyError::NotElevated => Self::reauthentication_required(),
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
