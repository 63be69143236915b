//! `GET /api-keys`, `POST /api-keys`, `DELETE /api-keys`, `DELETE /api-keys/{id}`: keys for programs.

use std::sync::Arc;
use std::time::Duration;

use crudauth_core::model::{
    ApiKeyHandle, AuthUser, FieldError, FieldErrorKind, Form, InvalidField, Scopes,
};
use crudauth_core::slices::api_keys::{
    self as flows, ApiKeyConfig, ApiKeyEntry, ApiKeyError, CREATE, NewApiKey,
};
use crudauth_core::sql::{Backend, TableSpec};
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::{Value, json};

use super::{Service, Wiring, limits};
use crate::accounts::Accounts;
use crate::builder::Builder;
use crate::extract::owner_of;
use crate::http::headers::{detail, json as answer};
use crate::http::{Refusal, body};
use crate::mount::{Mount, Mounted, Mounts, Path, Slice};

/// `api_keys`: users create, list and revoke keys for programs.
///
#[doc = include_str!("../../docs/api_keys.md")]
#[derive(Clone, Copy, Debug)]
pub struct ApiKeys;

super::stores!(ApiKeys: api_keys);

impl<U: AuthUser> Slice<U> for ApiKeys {
    fn paths() -> Vec<Path<U>> {
        vec![
            Path::new(Method::GET, "/api-keys", list)
                .and(Method::POST, create)
                .and(Method::DELETE, revoke_all),
            Path::new(Method::DELETE, "/api-keys/:id", revoke),
        ]
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&flows::TABLE]
    }
}

impl Service for ApiKeys {
    type Config = ApiKeyConfig;
    type Flows<U: AuthUser> = flows::ApiKeys<U>;

    fn wire<U: AuthUser>(wiring: &Wiring<U>, config: ApiKeyConfig) -> flows::ApiKeys<U> {
        let Wiring { kit, database, callers, .. } = wiring;
        flows::ApiKeys::new(kit.clone(), Arc::clone(&database.api_keys), callers.clone(), config)
    }
}

impl<U: AuthUser> Accounts<U> {
    /// Creates, checks, lists and revokes API keys.
    #[must_use]
    pub fn api_keys(&self) -> &flows::ApiKeys<U> {
        &self.services.api_keys
    }
}

impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// Configures API keys: prefix, scopes, lifetime and number per account.
    pub fn api_keys(mut self, config: ApiKeyConfig) -> Self
    where
        A: Mounts<ApiKeys>,
    {
        self.settings.slices.api_keys = config;
        self
    }
}

async fn list<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let keys = mounted.accounts().api_keys().list(&principal).await?;
    let keys: Vec<_> = keys.iter().map(entry).collect();
    answer(StatusCode::OK, &keys)
}

pub(super) fn entry(key: &ApiKeyEntry) -> Value {
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

/// Reads the properties of a new key.
fn wanted(mut form: Form) -> Result<NewApiKey, Vec<FieldError>> {
    let name = form.text("name");
    let scopes = scopes(&mut form);
    let seconds = form.take::<Option<u64>>("expires_in");
    // A misspelt `expires_in` would create a key that never expires.
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

/// Reads a list of scopes.
fn scopes(form: &mut Form) -> Result<Scopes, InvalidField> {
    let names = form.take::<Option<Vec<String>>>("scopes")?.unwrap_or_default();
    Scopes::of(&names).or_else(|_| {
        let message = "Input should be a list of scopes";
        form.reject(FieldError::new("scopes", FieldErrorKind::Value, message))
    })
}

/// The only response with the secret of the key. Scopes that are not grantable are left out.
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

impl From<ApiKeyError> for Refusal {
    fn from(error: ApiKeyError) -> Self {
        match error {
            ApiKeyError::Invalid(errors) => Self::invalid_fields(errors),
            ApiKeyError::TooMany { max } => {
                let detail = format!("There are {max} API keys already; revoke one first.");
                Self::new(StatusCode::CONFLICT, "too-many-api-keys", detail)
            }
            ApiKeyError::Ended | ApiKeyError::NotOwner => Self::not_authenticated(),
            ApiKeyError::NotFresh(cause) => cause.into(),
            ApiKeyError::Store(cause) => cause.into(),
        }
    }
}
