//! Registering a passkey, and what an answer of an authenticator proves: a sign-in, a second step,
//! fresh proof.

use crudauth_core::guard::Binding;
use crudauth_core::model::{AuthUser, Form, InvalidField};
use crudauth_core::slices::passkeys::{
    CeremonyOptions, MANAGE, OPTIONS, PasskeyProof, ProofError, VERIFY,
};
use crudauth_core::slices::sign_in::{PasskeySignIn, SignIn, SignInError, SignedIn};
use poem::http::StatusCode;
use poem::{Request, Response};
use serde_json::{Map, Value, json};

use super::manage::{entry, signal};
use super::{flows_of, with_session};
use crate::extract::owner_of;
use crate::http::config::RefreshIn;
use crate::http::cookie::{cookies_of, set_cookies};
use crate::http::headers::{client_info, json as answer};
use crate::http::origin::refuse_cross_site;
use crate::http::{Refusal, body};
use crate::mount::Mounted;
use crate::slices::{limits, mfa, sessions};

pub(super) async fn start_registration<U: AuthUser>(
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

pub(super) async fn register<U: AuthUser>(
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
pub(super) async fn start_sign_in<U: AuthUser>(
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
pub(super) async fn sign_in<U: AuthUser>(
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
    entry.trust_cookies = cookies.trusts();
    entry.is_remembered = is_remembered.unwrap_or(false);
    entry.replaces = cookies.sessions();
    entry.binding = binding_of(&mounted, &request, true);
    match mounted.accounts().sign_in_by_passkey(proved, entry).await {
        Ok(SignIn::Done(done)) => sessions::signed_in(&mounted, &done, Map::new()),
        Ok(SignIn::Challenge(challenge)) => mfa::challenged(&mounted, &challenge),
        Err(SignInError::Refused) => Err(Refusal::passkey_rejected()),
        Err(error) => Err(error.into()),
    }
}

/// The second step of a sign-in. It needs no credential, and ignores one.
pub(super) async fn verify<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let mut form = body::json(&mut request).await?;
    let (token, credential) = (form.text("challenge"), credential_in(&mut form));
    let trusts = mfa::trusts_browser(&mut form);
    let (Ok(token), Ok(credential), Ok(trusts)) = (token, credential, trusts) else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    let waiting = mfa::waiting(&mounted, &request, &token).await?;
    let mut sent = mfa::sent(&mounted, &request, &waiting)?;
    sent.trusts_browser &= trusts;
    let proof = prove(&mounted, &request, waiting.account(), &credential).await?;
    #[cfg(feature = "oauth")]
    let challenge = waiting.digest();
    let finished = mounted.accounts().sign_in.finish_by_passkey(waiting, proof, sent).await?;
    #[cfg(feature = "oauth")]
    mounted.accounts().keep_held_tokens(&challenge, &finished).await;
    mfa::finished(&mounted, &request, &finished).await
}

pub(super) async fn start_sudo<U: AuthUser>(
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
pub(in crate::slices) async fn prove<U: AuthUser>(
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

/// Reads the JSON of a `PublicKeyCredential`.
fn credential_in(form: &mut Form) -> Result<Value, InvalidField> {
    form.take::<Map<String, Value>>("credential").map(Value::Object)
}

/// Only a browser keeps the cookie.
fn binding_of<U: AuthUser>(mounted: &Mounted<U>, request: &Request, is_browser: bool) -> Binding {
    if is_browser {
        Binding::Browser(cookies_of(request, &mounted.parts().http.cookies).browsers())
    } else {
        Binding::Program
    }
}

/// The response to a sign-in by password, with the offer of a passkey.
pub(in crate::slices) async fn offering<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    done: &SignedIn<U>,
) -> Result<Response, Refusal> {
    let offer = match mounted.accounts().passkeys() {
        Some(passkeys) => passkeys.offer(&done.account, &binding_of(mounted, request, true)).await,
        None => None,
    };
    let more = offer.iter().map(|offer| ("passkey_offer".to_owned(), shown(offer)));
    let mut response = sessions::signed_in(mounted, done, more.collect())?;
    if let Some(offer) = &offer {
        bind(mounted, &mut response, offer);
    }
    Ok(response)
}

/// The response with options for an authenticator.
fn told<U: AuthUser>(mounted: &Mounted<U>, options: &CeremonyOptions) -> Result<Response, Refusal> {
    let mut response = answer(StatusCode::OK, &shown(options))?;
    bind(mounted, &mut response, options);
    Ok(response)
}

fn shown(options: &CeremonyOptions) -> Value {
    json!({ "public_key": options.public_key, "expires_in": options.expires_in.as_secs() })
}

/// Sets the cookie that binds the options to the browser.
fn bind<U: AuthUser>(mounted: &Mounted<U>, response: &mut Response, options: &CeremonyOptions) {
    if let Some(browser) = &options.browser {
        let mut cookies = set_cookies(response, &mounted.parts().http.cookies);
        cookies.browser(browser, options.expires_in);
    }
}
