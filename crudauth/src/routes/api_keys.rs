//! `GET /api-keys`, `POST /api-keys`, `DELETE /api-keys/{id}`: keys for programs.

use std::time::Duration;

use crudauth_core::model::{AuthUser, Form, Mistake, Rule, Scopes};
use crudauth_core::ports::ApiKeyEntry;
use crudauth_core::ratelimit::Subject;
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::{Value, json};

use super::limits;
use crate::extract::owner_of;
use crate::http::headers::{detail, json as answer};
use crate::http::{Refusal, body};
use crate::mount::Mounted;
use crate::mount::Path;
use crate::mount::Proof;

/// The routes of the `api_keys` slice.
pub(crate) fn paths<U: AuthUser>() -> Vec<Path<U>> {
    vec![
        Path::new(Method::GET, "/api-keys", list).and(Method::POST, create),
        Path::new(Method::DELETE, "/api-keys/:id", revoke),
    ]
}

async fn list<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let keys = mounted.accounts().api_keys().list(principal.account()).await?;
    let keys: Vec<_> = keys.iter().map(entry).collect();
    answer(StatusCode::OK, &keys)
}

fn entry(key: &ApiKeyEntry) -> Value {
    json!({
        "id": key.handle,
        "name": key.name,
        "hint": key.hint,
        "scopes": key.scopes,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "expires_at": key.expires_at,
    })
}

/// What a key is to be.
struct Wanted {
    name: String,
    scopes: Scopes,
    lifetime: Option<Duration>,
}

impl Wanted {
    fn read(mut form: Form) -> Result<Self, Vec<Mistake>> {
        let name = form.text("name");
        let scopes = scopes(&mut form);
        let seconds = form.take::<Option<u64>>("expires_in");
        // `expires_in_days` would else make a key that never expires.
        form.refuse_others();
        match (name, scopes, seconds) {
            (Some(name), Some(scopes), Some(seconds)) => {
                form.finish()?;
                Ok(Self { name, scopes, lifetime: seconds.map(Duration::from_secs) })
            }
            _ => Err(form.into_mistakes()),
        }
    }
}

/// A list of texts; what is no scope is told.
fn scopes(form: &mut Form) -> Option<Scopes> {
    let names = form.take::<Option<Vec<String>>>("scopes")?.unwrap_or_default();
    let scopes = Scopes::of(&names);
    if scopes.is_err() {
        let message = "Input should be a list of scopes";
        form.note(Mistake::new("scopes", Rule::Value, message));
    }
    scopes.ok()
}

/// The only answer that has the key in it. What is asked for and not grantable is left out.
async fn create<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    // Whoever finds a token, or sits down at somebody's browser, has that for a while; a key that
    // they make with it would last.
    let sessions = mounted.accounts().sessions();
    if !principal.signed_in_at().is_some_and(|at| sessions.is_fresh(at)) {
        return Err(Refusal::sign_in_too_old());
    }
    let form = body::json(&mut request).await?;
    let Wanted { name, scopes, lifetime } = Wanted::read(form).map_err(Refusal::mistakes)?;
    let (id, allowance) =
        (principal.user().id().to_string(), mounted.parts().allowances.create_api_key);
    let used = limits::count(&mounted, "create_api_key", allowance, Subject::Account(&id)).await?;
    used.told(async {
        // A program that was given a token makes no key that may do more than it may itself.
        let scopes = match principal.proof() {
            Proof::Session => scopes,
            _ => scopes.intersection(principal.scopes()),
        };
        let keys = mounted.accounts().api_keys();
        let created = keys.create(&*principal, &name, &scopes, lifetime).await?;
        let mut body = entry(&created.key);
        body["key"] = created.secret.expose().into();
        answer(StatusCode::CREATED, &body)
    })
    .await
}

async fn revoke<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let handle = request.raw_path_param("id").unwrap_or_default();
    if !mounted.accounts().api_keys().revoke(principal.account(), handle).await? {
        return Err(Refusal::not_found("API key not found."));
    }
    detail("API key revoked.")
}
