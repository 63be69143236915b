//! `POST /token` and `POST /refresh`: access tokens and refresh tokens.

use crudauth_core::model::{AuthUser, Checked, FieldError, Form};
use crudauth_core::slices::bearer::{
    BearerConfig, Issued, REFRESH, REFRESH_CROSS_SITE, RefreshError, Refreshed,
};
use crudauth_core::sql::{Backend, TableSpec};
use poem::error::ResponseError;
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::{Value, json};
use tracing::error;

use super::credentials::{Credentials, check_grant};
use super::{limits, logout};
use crate::builder::Builder;
use crate::http::config::RefreshIn;
use crate::http::cookie::{cookies_of, set_cookies};
use crate::http::headers::{client_info, json as answer, whole_path};
use crate::http::origin::{is_untrusted_page, refuse_cross_site};
use crate::http::{Refusal, body, refusals};
use crate::mount::{Mount, Mounted, Mounts, Path, Slice};
use crate::transport::Authorization;
use crate::transport::{Principal, Transport};

/// `bearer`: short-lived access tokens (JWT) and refresh tokens that work once.
///
#[doc = include_str!("../../docs/bearer.md")]
#[derive(Clone, Copy, Debug)]
pub struct Bearer;

impl<U: AuthUser> Slice<U> for Bearer {
    fn paths() -> Vec<Path<U>> {
        vec![
            Path::new(Method::POST, "/token", token),
            Path::new(Method::POST, "/refresh", refresh),
            #[cfg(feature = "bearer-asymmetric")]
            Path::new(Method::GET, "/.well-known/jwks.json", jwks),
            logout::path(),
        ]
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&crudauth_core::slices::bearer::TABLE]
    }
}

impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// Configures bearer tokens: lifetimes, scopes and signing.
    pub fn bearer(mut self, config: BearerConfig) -> Self
    where
        A: Mounts<Bearer>,
    {
        self.settings.bearer = config;
        self
    }

    /// Sets where clients keep refresh tokens (default [`RefreshIn::Cookie`]).
    pub fn refresh_in(mut self, place: RefreshIn) -> Self
    where
        A: Mounts<Bearer>,
    {
        self.settings.http.refresh_in = place;
        self
    }
}

/// Has the lockout and the refusals of `/login`.
async fn token<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let http = &mounted.parts().http;
    let is_in_cookie = http.refresh_in == RefreshIn::Cookie;
    let form = body::form(&mut request).await?;
    let Wanted { credentials, scope, device } =
        Wanted::read(form).map_err(Refusal::invalid_fields)?;
    if is_in_cookie {
        refuse_cross_site(&request, http)?;
    }
    let accounts = mounted.accounts();
    let requested = accounts.tokens().requested_scopes(scope.as_deref());
    let mut sign_in = credentials.into_request(&request, http);
    if !is_in_cookie {
        sign_in.devices.splice(..0, device);
        sign_in.is_cross_site = is_untrusted_page(&request, http);
    }
    let issued = accounts.issue_tokens(sign_in, requested).await.map_err(challenged)?;
    // No slice makes a challenge.
    let granted = issued.done().ok_or_else(Refusal::internal)?;
    if !is_in_cookie {
        return answer(StatusCode::OK, &told(&granted.issued, Some(&granted.device)));
    }
    // Revokes the browser's previous refresh token. The browser sends it here if the path of the
    // cookie is `/`.
    for replaced in cookies_of(&request, &http.cookies).refresh_at_logout() {
        if let Err(error) = accounts.tokens().revoke_by_refresh_token(replaced).await {
            // The sign-in has succeeded, and the browser drops the previous token.
            error!(error = &error as &dyn std::error::Error, "replaced token family not revoked");
        }
    }
    let mut response = in_cookie(&mounted, &request, &granted.issued)?;
    set_cookies(&mut response, &http.cookies).device(&granted.device);
    Ok(response)
}

/// Adds a challenge, which every 401 needs (RFC 9110, section 15.5.2).
fn challenged(refusal: impl Into<Refusal>) -> Refusal {
    let refusal = refusal.into();
    if refusal.status() == StatusCode::UNAUTHORIZED {
        refusal.with_challenge("Bearer", &[])
    } else {
        refusal
    }
}

/// The fields of the form.
struct Wanted {
    credentials: Credentials,
    scope: Option<String>,
    /// The device cookie of a client without cookies.
    device: Option<String>,
}

impl Wanted {
    fn read(mut form: Form) -> Result<Self, Vec<FieldError>> {
        let credentials = Credentials::read(&mut form);
        let scope = form.optional_text("scope");
        let device = form.optional_text("device");
        check_grant(&mut form, &["", "password"]);
        match (credentials, scope, device) {
            (Ok(credentials), Ok(scope), Ok(device)) => {
                form.finish()?;
                Ok(Self { credentials, scope, device })
            }
            _ => Err(form.into_errors()),
        }
    }
}

/// Reads the refresh token from the place that the mount has set, and from no other.
async fn refresh<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let http = &mounted.parts().http;
    if http.refresh_in == RefreshIn::Cookie {
        refuse_cross_site(&request, http)?;
    }
    // Requests from other sites' pages have a counter of their own, with the same limit.
    let action = match is_untrusted_page(&request, http) {
        true => REFRESH_CROSS_SITE,
        false => REFRESH,
    };
    let sent = sent(&mounted, &mut request).await?;
    if sent.is_empty() {
        return Err(challenged(Refusal::refresh_missing()));
    }
    match refreshed(&mounted, &request, &sent).await {
        Ok(refreshed) => issued(&mounted, &request, &refreshed.issued),
        Err(error @ RefreshError::Store(_)) => Err(error.into()),
        Err(error) => {
            // Only invalid tokens count, so that a client with a valid one does not wait for its
            // neighbours.
            limits::by_client(&mounted, action, &request).await?;
            Err(challenged(error))
        }
    }
}

/// Tries each token until one is valid: a sibling site may have set another cookie of that name.
async fn refreshed<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    sent: &[String],
) -> Result<Refreshed<U>, RefreshError> {
    let client = client_info(request, &mounted.parts().http);
    let mut refused = RefreshError::Unknown;
    for token in sent {
        match mounted.accounts().refresh(token, &client).await {
            Err(RefreshError::Store(error)) => return Err(error.into()),
            Err(error) => refused = error,
            Ok(refreshed) => return Ok(refreshed),
        }
    }
    Err(refused)
}

/// The refresh tokens of the request; empty if it has none.
async fn sent<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &mut Request,
) -> Result<Vec<String>, Refusal> {
    let http = &mounted.parts().http;
    match http.refresh_in {
        RefreshIn::Cookie => Ok(cookies_of(request, &http.cookies)
            .refresh()
            .into_iter()
            .map(str::to_owned)
            .collect()),
        RefreshIn::Body => Ok(body::text_in_json(request, "refresh_token").await?),
    }
}

/// The response with new tokens.
fn issued<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    issued: &Issued,
) -> Result<Response, Refusal> {
    match mounted.parts().http.refresh_in {
        RefreshIn::Body => answer(StatusCode::OK, &told(issued, None)),
        RefreshIn::Cookie => in_cookie(mounted, request, issued),
    }
}

fn in_cookie<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    issued: &Issued,
) -> Result<Response, Refusal> {
    let cookies = &mounted.parts().http.cookies;
    let mut response = answer(StatusCode::OK, &access(issued))?;
    let (path, lifetime) = (whole_path(request), issued.refresh_expires_in);
    set_cookies(&mut response, cookies).refresh(path, issued.refresh.expose(), lifetime);
    Ok(response)
}

/// All tokens, for a client that stores them itself.
fn told(issued: &Issued, device: Option<&str>) -> Value {
    let mut body = access(issued);
    body["refresh_token"] = issued.refresh.expose().into();
    if let Some(device) = device {
        body["device"] = device.into();
    }
    body
}

/// The access token with its type, lifetime and scopes (RFC 6749, section 5.1).
fn access(issued: &Issued) -> Value {
    json!({
        "access_token": issued.access.expose(),
        "token_type": "bearer",
        "expires_in": issued.expires_in.as_secs(),
        "scope": issued.scopes.to_string(),
    })
}

/// Whether the mount has this slice. Other slices have `/logout` as well.
fn is_mounted<U: AuthUser>(mounted: &Mounted<U>) -> bool {
    mounted.parts().transports.has(<Bearer as Transport<U>>::NAME)
}

/// A page of another site does not send the cookie, but the response would remove it.
pub(super) fn refuse_cross_site_logout<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
) -> Result<(), Refusal> {
    let http = &mounted.parts().http;
    match http.refresh_in {
        RefreshIn::Cookie if is_mounted(mounted) => refuse_cross_site(request, http),
        _ => Ok(()),
    }
}

/// Revokes the token families of the refresh token and of the access token of the request.
pub(super) async fn end<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &mut Request,
    response: &mut Response,
) -> Result<(), Refusal> {
    if !is_mounted(mounted) {
        return Ok(());
    }
    let tokens = mounted.accounts().tokens();
    let http = &mounted.parts().http;
    let sent: Vec<String> = match http.refresh_in {
        RefreshIn::Cookie => {
            let cookies = cookies_of(request, &http.cookies);
            cookies.refresh_at_logout().into_iter().map(str::to_owned).collect()
        }
        RefreshIn::Body => body::text_in_json(request, "refresh_token").await?,
    };
    for token in sent {
        tokens.revoke_by_refresh_token(&token).await?;
    }
    if let Authorization::Bearer(token) = Authorization::of(request)
        && let Checked::Valid(principal) = tokens.authenticate(token).await?
    {
        tokens.sign_out(&principal).await?;
    }
    if http.refresh_in == RefreshIn::Cookie {
        set_cookies(response, &http.cookies).clear_refresh(whole_path(request));
    }
    Ok(())
}

/// Revokes every token family of the account, and returns how many there were; `None` if the mount
/// has no bearer tokens.
pub(super) async fn end_all<U: AuthUser>(
    mounted: &Mounted<U>,
    principal: &Principal<U>,
) -> Result<Option<u64>, Refusal> {
    if !is_mounted(mounted) {
        return Ok(None);
    }
    Ok(Some(mounted.accounts().tokens().revoke_all(principal).await?))
}

/// The public keys with which other servers verify access tokens (RFC 7517).
#[cfg(feature = "bearer-asymmetric")]
async fn jwks<U: AuthUser>(mounted: Mounted<U>, _: Request) -> Result<Response, Refusal> {
    use poem::http::{HeaderValue, header};

    let keys = mounted.accounts().tokens().jwks().ok_or_else(|| Refusal::not_found("Not Found"))?;
    let mut response = answer(StatusCode::OK, &keys)?;
    // Other servers may ask at every token, and a key is published before it signs.
    let kept = HeaderValue::from_static("public, max-age=300");
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    Ok(response)
}

impl From<RefreshError> for Refusal {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Store(error) => error.into(),
            RefreshError::Unknown | RefreshError::Ended | RefreshError::Reused => {
                Self::refresh_invalid()
            }
        }
    }
}

refusals! {
    refresh_missing = UNAUTHORIZED, "refresh-token-missing", "Refresh token missing";
    refresh_invalid = UNAUTHORIZED, "invalid-refresh-token", "Invalid or expired refresh token";
}
