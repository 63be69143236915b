//! The passkeys of an account, for its owner, and the domains that may use them.

use crudauth_core::model::{AuthUser, Form};
use crudauth_core::slices::passkeys::{
    AcceptedPasskeys, MANAGE, PasskeyError, PasskeyId, StoredPasskey,
};
use poem::http::{HeaderValue, StatusCode, header};
use poem::{Request, Response};
use serde_json::{Value, json};

use super::{flows_of, with_session};
use crate::extract::owner_of;
use crate::http::headers::{detail, json as answer};
use crate::http::{Refusal, body};
use crate::mount::Mounted;
use crate::slices::limits;

pub(super) async fn list<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let passkeys = flows_of(&mounted)?;
    let found = passkeys.list(&principal).await?;
    let body = json!({
        "passkeys": found.iter().map(entry).collect::<Vec<_>>(),
        "signal": passkeys.accepted(&found).as_ref().map(signal),
    });
    answer(StatusCode::OK, &body)
}

pub(super) async fn rename<U: AuthUser>(
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

pub(super) async fn remove<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
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
pub(super) async fn related_origins<U: AuthUser>(
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

fn id_of(request: &Request) -> Result<PasskeyId, Refusal> {
    let id = request.raw_path_param("id").unwrap_or_default();
    PasskeyId::parse(id).ok_or_else(|| PasskeyError::NotFound.into())
}

/// A passkey as its owner sees it.
pub(in crate::slices) fn entry(passkey: &StoredPasskey) -> Value {
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
pub(super) fn signal(accepted: &AcceptedPasskeys) -> Value {
    json!({
        "rpId": accepted.rp_id,
        "userId": accepted.user_handle,
        "allAcceptedCredentialIds": accepted.credential_ids,
    })
}
