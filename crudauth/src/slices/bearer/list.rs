//! `GET /tokens`, `DELETE /tokens`, `DELETE /tokens/{id}`: token families of the owner.

use crudauth_core::model::AuthUser;
use crudauth_core::slices::bearer::{FamilyId, ListedFamily};
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::{Value, json};

use crate::extract::owner_of;
use crate::http::Refusal;
use crate::http::headers::{detail, json as answer};
use crate::mount::{Mounted, Path, Slice};
use crate::slices::mfa;

/// `tokens`: users list and end their own sign-ins by token. See [`Bearer`](crate::slice::Bearer).
#[derive(Clone, Copy, Debug)]
pub enum Tokens {}

impl<U: AuthUser> Slice<U> for Tokens {
    fn paths() -> Vec<Path<U>> {
        vec![
            Path::new(Method::GET, "/tokens", list).and(Method::DELETE, revoke_all),
            Path::new(Method::DELETE, "/tokens/:id", revoke),
        ]
    }
}

async fn list<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let families = mounted.accounts().tokens().list(&principal).await?;
    let families: Vec<_> = families.iter().map(entry).collect();
    answer(StatusCode::OK, &families)
}

pub(in crate::slices) fn entry(family: &ListedFamily) -> Value {
    json!({
        "id": family.handle.to_string(),
        "device": family.device,
        "ip": family.client,
        "scopes": family.scopes,
        "created_at": family.created_at,
        "last_used_at": family.last_used_at,
        "expires_at": family.expires_at,
        "current": family.is_current,
    })
}

async fn revoke<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let not_found = || Refusal::not_found("Token not found.");
    let id = request.raw_path_param("id").unwrap_or_default();
    let handle = FamilyId::parse(id).ok_or_else(not_found)?;
    if !mounted.accounts().tokens().revoke(&principal, &handle).await? {
        return Err(not_found());
    }
    detail("Token revoked.")
}

async fn revoke_all<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    mfa::distrust_all(&mounted, &principal).await?;
    let revoked = mounted.accounts().tokens().revoke_all(&principal).await?;
    answer(StatusCode::OK, &json!({ "detail": "All tokens revoked.", "revoked": revoked }))
}
