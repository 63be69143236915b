//! `GET /sessions`, `DELETE /sessions/{id}`, `POST /logout-all`, `POST /csrf/refresh`.

use crudauth_core::model::{AuthUser, FieldError, FieldErrorKind, SessionHandle};
use crudauth_core::slices::sessions::{CSRF_REFRESH, LOGOUT_ALL, ListedSession, OwnerError};
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::{Value, json};

use crate::extract::{session_of, visitor_of};
use crate::http::Refusal;
use crate::http::body::boolean;
use crate::http::cookie::{cookies_of, set_cookies};
use crate::http::headers::{detail, json as answer};
use crate::http::origin::refuse_untrusted_page;
use crate::mount::{Mounted, Path, Slice};
use crate::slices::{bearer, limits, mfa};

/// `sessions`: users list and end their own sessions. See [`Session`](crate::slice::Session).
#[derive(Clone, Copy, Debug)]
pub enum Sessions {}

impl<U: AuthUser> Slice<U> for Sessions {
    fn paths() -> Vec<Path<U>> {
        vec![
            Path::new(Method::GET, "/sessions", list),
            Path::new(Method::DELETE, "/sessions/:id", revoke),
            Path::new(Method::POST, "/logout-all", logout_all),
            Path::new(Method::POST, "/csrf/refresh", refresh_csrf),
        ]
    }
}

async fn list<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    let principal = session_of(&mounted, &request).await?;
    let sessions = mounted.accounts().sessions().list(&principal).await?;
    let sessions: Vec<_> = sessions.iter().map(entry).collect();
    answer(StatusCode::OK, &sessions)
}

pub(in crate::slices) fn entry(session: &ListedSession) -> Value {
    let mut entry = json!({
        "id": session.handle.as_str(),
        "device": session.device,
        "ip": session.client,
        "created_at": session.created_at,
        "last_activity": session.last_activity_at,
        "current": session.is_current,
    });
    // The owner does not learn which administrator acts, nor from where.
    if session.impersonator.is_some() {
        entry["by_administrator"] = true.into();
        entry["device"] = Value::Null;
        entry["ip"] = Value::Null;
    }
    entry
}

async fn revoke<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    let principal = session_of(&mounted, &request).await?;
    let not_found = || Refusal::not_found("Session not found.");
    let id = request.raw_path_param("id").unwrap_or_default();
    let handle = SessionHandle::parse(id).ok_or_else(not_found)?;
    if !mounted.accounts().sessions().revoke(&principal, &handle).await? {
        return Err(not_found());
    }
    let mut response = detail("Session revoked.")?;
    if principal.handle() == Some(handle.as_str()) {
        set_cookies(&mut response, &mounted.parts().http.cookies).clear_session();
    }
    Ok(response)
}

async fn logout_all<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    let principal = session_of(&mounted, &request).await?;
    let used = limits::by_account(&mounted, LOGOUT_ALL, &principal).await?;
    used.told(async {
        let keeps_current = keeps_current(&request)?;
        // First, so that no failure of the rest leaves a browser that needs the password only.
        mfa::distrust_all(&mounted, &principal).await?;
        let sessions = mounted.accounts().sessions();
        let revoked = if keeps_current {
            sessions.revoke_others(&principal).await?
        } else {
            sessions.revoke_all(&principal).await?
        };
        let mut body = json!({ "detail": "Signed out of all sessions.", "revoked": revoked });
        if let Some(revoked) = bearer::end_all(&mounted, &principal).await? {
            body["tokens_revoked"] = revoked.into();
        }
        let mut response = answer(StatusCode::OK, &body)?;
        let cookies = &mounted.parts().http.cookies;
        if !keeps_current {
            set_cookies(&mut response, cookies).clear_session();
        } else if cookies.impersonation().is_some() && principal.account().is_superuser() {
            let session = sessions.end_impersonations(&principal).await?;
            let session = session.ok_or_else(Refusal::not_authenticated)?;
            set_cookies(&mut response, cookies).renewed_session(sessions.config(), &session);
        }
        Ok(response)
    })
    .await
}

/// Reads `?keep_current=`; `false` by default.
fn keeps_current(request: &Request) -> Result<bool, Refusal> {
    let query = request.uri().query().unwrap_or_default();
    let fields: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    let said = fields.iter().rev().find(|(name, _)| name == "keep_current");
    said.map_or(Some(false), |(_, value)| boolean(value)).ok_or_else(|| {
        let message = "Input should be a valid boolean, unable to interpret input";
        // Messages distinguish query and body by the question mark.
        Refusal::invalid_field(FieldError::new("?keep_current", FieldErrorKind::Value, message))
    })
}

/// Sets a new CSRF cookie for a page that lost it. It needs no token, because only the app's own pages
/// can read the response.
async fn refresh_csrf<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    let parts = mounted.parts();
    refuse_untrusted_page(&request, &parts.http)?;
    let principal = visitor_of(&mounted, &request).await?.ok_or_else(Refusal::not_authenticated)?;
    let session = principal.session().ok_or_else(Refusal::not_authenticated)?;
    // A request without a session does not count for its network.
    let used = limits::by_client(&mounted, CSRF_REFRESH, &request).await?;
    used.told(async {
        let sessions = mounted.accounts().sessions();
        let sent = cookies_of(&request, &parts.http.cookies).csrf_tokens();
        if let Some(sent) = sent.iter().find(|sent| sessions.is_csrf_token(session, sent)) {
            return answer(StatusCode::OK, &json!({ "csrf_token": sent }));
        }
        let renewed = sessions.renew_csrf_token(session).await?;
        let token = renewed.ok_or_else(Refusal::not_authenticated)?;
        let mut response = answer(StatusCode::OK, &json!({ "csrf_token": token.expose() }))?;
        let is_remembered = session.is_remembered();
        let lifetimes = sessions.config();
        let mut cookies = set_cookies(&mut response, &parts.http.cookies);
        cookies.csrf(lifetimes, is_remembered, token.expose());
        Ok(response)
    })
    .await
}

impl From<OwnerError> for Refusal {
    fn from(error: OwnerError) -> Self {
        match error {
            OwnerError::NotOwner | OwnerError::Ended => Self::not_authenticated(),
            OwnerError::Store(cause) => cause.into(),
        }
    }
}
