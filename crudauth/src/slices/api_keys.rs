//! `GET /api-keys`, `POST /api-keys`, `DELETE /api-keys`, `DELETE /api-keys/{id}`: keys for programs.

use std::time::Duration;

use crudauth_core::model::{
    ApiKeyHandle, AuthUser, FieldError, FieldErrorKind, Form, InvalidField, Scopes,
};
use crudauth_core::slices::api_keys::{ApiKeyEntry, CREATE, NewApiKey};
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::{Value, json};

use super::limits;
use crate::extract::owner_of;
use crate::http::headers::{detail, json as answer};
use crate::http::{Refusal, body};
use crate::mount::{Mounted, Path};

/// The routes of the `api_keys` slice.
pub(crate) fn paths<U: AuthUser>() -> Vec<Path<U>> {
    vec![
        Path::new(Method::GET, "/api-keys", list)
            .and(Method::POST, create)
            .and(Method::DELETE, revoke_all),
        Path::new(Method::DELETE, "/api-keys/:id", revoke),
    ]
}

async fn list<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let keys = mounted.accounts().api_keys().list(&principal).await?;
    let keys: Vec<_> = keys.iter().map(entry).collect();
    answer(StatusCode::OK, &keys)
}

fn entry(key: &ApiKeyEntry) -> Value {
    json!({
        "id": key.handle.as_str(),
        "name": key.name,
        "hint": key.hint,
        "scopes": key.scopes,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "expires_at": key.expires_at,
    })
}

/// What a key is to be.
fn wanted(mut form: Form) -> Result<NewApiKey, Vec<FieldError>> {
    let name = form.text("name");
    let scopes = scopes(&mut form);
    let seconds = form.take::<Option<u64>>("expires_in");
    // `expires_in_days` would else make a key that never expires.
    form.reject_unread();
    match (name, scopes, seconds) {
        (Ok(name), Ok(scopes), Ok(seconds)) => {
            form.finish()?;
            let mut wanted = NewApiKey::named(name).scopes(scopes);
            wanted.lifetime = seconds.map(Duration::from_secs);
            Ok(wanted)
        }
        _ => Err(form.into_errors()),
    }
}

/// A list of texts; what is no scope is told.
fn scopes(form: &mut Form) -> Result<Scopes, InvalidField> {
    let names = form.take::<Option<Vec<String>>>("scopes")?.unwrap_or_default();
    Scopes::of(&names).or_else(|_| {
        let message = "Input should be a list of scopes";
        form.reject(FieldError::new("scopes", FieldErrorKind::Value, message))
    })
}

/// The only answer that has the key in it. What is asked for and not grantable is left out.
async fn create<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    mounted.accounts().api_keys().check_creator(&principal)?;
    let form = body::json(&mut request).await?;
    let wanted = wanted(form).map_err(Refusal::invalid_fields)?;
    let used = limits::by_account(&mounted, CREATE, &principal).await?;
    used.told(async {
        let created = mounted.accounts().api_keys().create(&principal, &wanted).await?;
        let mut body = entry(&created.key);
        body["key"] = created.secret.expose().into();
        answer(StatusCode::CREATED, &body)
    })
    .await
}

async fn revoke<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let not_found = || Refusal::not_found("API key not found.");
    let id = request.raw_path_param("id").unwrap_or_default();
    let handle = ApiKeyHandle::parse(id).ok_or_else(not_found)?;
    if !mounted.accounts().api_keys().revoke(&principal, &handle).await? {
        return Err(not_found());
    }
    detail("API key revoked.")
}

async fn revoke_all<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let revoked = mounted.accounts().api_keys().revoke_all(&principal).await?;
    answer(StatusCode::OK, &json!({ "detail": "All API keys revoked.", "revoked": revoked }))
}
