//! `GET /tokens`, `DELETE /tokens`, `DELETE /tokens/{id}`: sign-ins that stand on refresh tokens.

use crudauth_core::model::AuthUser;
use crudauth_core::slices::bearer::ListedGrant;
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::{Value, json};

use crate::extract::owner_of;
use crate::http::Refusal;
use crate::http::headers::{detail, json as answer};
use crate::mount::{Mounted, Path};

/// The routes of the `tokens` slice.
pub(crate) fn paths<U: AuthUser>() -> Vec<Path<U>> {
    vec![
        Path::new(Method::GET, "/tokens", list).and(Method::DELETE, revoke_all),
        Path::new(Method::DELETE, "/tokens/:id", revoke),
    ]
}

async fn list<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let grants = mounted.accounts().tokens().list(&*principal).await?;
    let grants: Vec<_> = grants.iter().map(entry).collect();
    answer(StatusCode::OK, &grants)
}

fn entry(grant: &ListedGrant) -> Value {
    json!({
        "id": grant.handle,
        "device": grant.device,
        "ip": grant.client,
        "scopes": grant.scopes,
        "created_at": grant.created_at,
        "last_used_at": grant.last_used_at,
        "expires_at": grant.expires_at,
        "current": grant.is_current,
    })
}

async fn revoke<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let handle = request.raw_path_param("id").unwrap_or_default();
    if !mounted.accounts().tokens().revoke(&*principal, handle).await? {
        return Err(Refusal::not_found("Token not found."));
    }
    detail("Token revoked.")
}

async fn revoke_all<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let revoked = mounted.accounts().tokens().revoke_all(&*principal).await?;
    answer(StatusCode::OK, &json!({ "detail": "All tokens revoked.", "revoked": revoked }))
}
