//! The connections of an account, for its owner.

use crudauth_core::model::AuthUser;
use crudauth_core::slices::oauth::store::{Connection, ConnectionId};
use crudauth_core::slices::oauth::{MANAGE, OAuthError};
use poem::http::StatusCode;
use poem::{Request, Response};
use serde_json::{Value, json};

use super::flows_of;
use crate::extract::session_of;
use crate::http::Refusal;
use crate::http::headers::json as answer;
use crate::mount::Mounted;
use crate::slices::{limits, mfa};

pub(super) async fn list<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    let principal = session_of(&mounted, &request).await?;
    let connections = flows_of(&mounted)?.connections(&principal).await?;
    let connections: Vec<_> = connections.iter().map(entry).collect();
    answer(StatusCode::OK, &connections)
}

pub(in crate::slices) fn entry(connection: &Connection) -> Value {
    json!({
        "id": connection.id.to_string(),
        "provider": connection.provider,
        "email": connection.address,
        "created_at": connection.created_at,
        "last_used_at": connection.last_used_at,
    })
}

pub(super) async fn disconnect<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    let principal = session_of(&mounted, &request).await?;
    let used = limits::by_account(&mounted, MANAGE, &principal).await?;
    used.told(async {
        let id = request.raw_path_param("id").and_then(ConnectionId::parse);
        let id = id.ok_or_else(|| Refusal::from(OAuthError::NoConnection))?;
        let session = flows_of(&mounted)?.disconnect(&principal, &id).await?;
        let body = json!({ "detail": "Connection removed." });
        mfa::with_session(&mounted, &body, session.as_ref())
    })
    .await
}
