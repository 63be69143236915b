//! `POST /token`: access tokens and refresh tokens for a password.

mod end;
mod list;
mod refresh;

use crudauth_core::model::{AuthUser, FieldError, Form};
use crudauth_core::slices::bearer::{BearerConfig, Issued};
use crudauth_core::slices::bot_protection::PublicRoute;
use crudauth_core::slices::mfa::RecoveryCode;
use crudauth_core::slices::sign_in::{Binding, SignIn, TokensIssued};
use crudauth_core::sql::{Backend, TableSpec};
use poem::error::ResponseError;
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::{Value, json};
use tracing::error;

use super::credentials::{Credentials, check_grant};
use super::{logout, mfa};
use crate::builder::Builder;
use crate::http::config::RefreshIn;
use crate::http::cookie::{cookies_of, set_cookies};
use crate::http::headers::{json as answer, whole_path};
use crate::http::origin::{is_untrusted_page, refuse_cross_site};
use crate::http::{Refusal, body};
use crate::mount::{Mount, Mounted, Mounts, Path, Slice};

pub(super) use end::{end, end_all, refuse_cross_site_logout};
pub use list::Tokens;
pub(super) use list::entry;
use refresh::refresh;

/// `bearer`: short-lived access tokens (JWT) and refresh tokens that work once.
///
#[doc = include_str!("../../../docs/bearer.md")]
#[derive(Clone, Copy, Debug)]
pub struct Bearer;

super::stores!(Bearer: families);

impl<U: AuthUser> Slice<U> for Bearer {
    fn paths() -> Vec<Path<U>> {
        vec![
            Path::new(Method::POST, "/token", token).asks(PublicRoute::Token),
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
        self.settings.slices.bearer = config;
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
    if is_in_cookie {
        sign_in.binding = Binding::Browser(cookies_of(&request, &http.cookies).browsers());
    }
    match accounts.issue_tokens(sign_in, requested).await.map_err(challenged)? {
        SignIn::Done(granted) => issued(&mounted, &request, &granted, None).await,
        SignIn::Challenge(challenge) => mfa::challenged(&mounted, &challenge),
    }
}

/// The response with new tokens, in the body or in cookies.
pub(super) async fn issued<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    granted: &TokensIssued<U>,
    codes: Option<&[RecoveryCode]>,
) -> Result<Response, Refusal> {
    let http = &mounted.parts().http;
    if http.refresh_in == RefreshIn::Body {
        let mut body = told(&granted.issued, Some(&granted.device));
        mfa::add_codes(&mut body, codes);
        return answer(StatusCode::OK, &body);
    }
    // Revokes the browser's previous refresh token. The browser sends it here if the path of the
    // cookie is `/`.
    for replaced in cookies_of(request, &http.cookies).refresh_at_logout() {
        if let Err(error) = mounted.accounts().tokens().revoke_by_refresh_token(replaced).await {
            // The sign-in has succeeded, and the browser drops the previous token.
            error!(error = &error as &dyn std::error::Error, "replaced token family not revoked");
        }
    }
    let mut response = in_cookie(mounted, request, &granted.issued, codes)?;
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

fn in_cookie<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    issued: &Issued,
    codes: Option<&[RecoveryCode]>,
) -> Result<Response, Refusal> {
    let cookies = &mounted.parts().http.cookies;
    let mut body = access(issued);
    mfa::add_codes(&mut body, codes);
    let mut response = answer(StatusCode::OK, &body)?;
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
