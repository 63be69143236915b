//! `POST /login`. `POST /logout` is in `logout.rs`, because it also ends tokens.

mod list;

use crudauth_core::model::{AuthUser, FieldError, FieldErrorKind, Form, IdentifierKind};
use crudauth_core::slices::bot_protection::PublicRoute;
use crudauth_core::slices::mfa::RecoveryCode;
use crudauth_core::slices::sessions::SessionConfig;
use crudauth_core::slices::sign_in::{Binding, SignIn, SignedIn};
use crudauth_core::sql::{Backend, TableSpec};
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::json;

use super::credentials::{Credentials, check_grant};
use super::{logout, mfa};
use crate::builder::Builder;
use crate::http::cookie::{cookies_of, set_cookies};
use crate::http::headers::json as answer;
use crate::http::origin::refuse_cross_site;
use crate::http::{Refusal, body};
use crate::mount::{Mount, Mounted, Mounts, Path, Slice};

pub use list::Sessions;
pub(super) use list::entry;

/// `session`: cookie sessions with CSRF tokens.
///
#[doc = include_str!("../../../docs/sessions.md")]
#[derive(Clone, Copy, Debug)]
pub struct Session;

impl<U: AuthUser> Slice<U> for Session {
    fn paths() -> Vec<Path<U>> {
        vec![Path::new(Method::POST, "/login", login).asks(PublicRoute::Login), logout::path()]
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&crudauth_core::slices::sessions::TABLE]
    }
}

impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// Configures sessions: timeouts, and their number per account.
    pub fn session(mut self, config: SessionConfig) -> Self
    where
        A: Mounts<Session>,
    {
        self.settings.slices.sessions = config;
        self
    }
}

async fn login<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let parts = mounted.parts();
    let form = body::form(&mut request).await?;
    let (credentials, is_remembered) = read(form).map_err(Refusal::invalid_fields)?;
    refuse_cross_site(&request, &parts.http)?;
    let mut sign_in = credentials.into_request(&request, &parts.http);
    sign_in.is_remembered = is_remembered;
    sign_in.replaces = cookies_of(&request, &parts.http.cookies).sessions();
    sign_in.binding = Binding::Browser(cookies_of(&request, &parts.http.cookies).browsers());
    match mounted.accounts().sign_in(sign_in).await? {
        SignIn::Done(done) => signed_in(&mounted, &done, None, None),
        SignIn::Challenge(challenge) => mfa::challenged(&mounted, &challenge),
    }
}

/// The response with the cookies of a new session.
pub(super) fn signed_in<U: AuthUser>(
    mounted: &Mounted<U>,
    signed_in: &SignedIn<U>,
    codes: Option<&[RecoveryCode]>,
    redirect_to: Option<&str>,
) -> Result<Response, Refusal> {
    let user = &signed_in.account.user;
    let username = signed_in.account.named(IdentifierKind::Username);
    let mut body = json!({
        "id": user.id(),
        "username": username,
        "csrf_token": signed_in.session.csrf.expose(),
    });
    mfa::add_codes(&mut body, codes);
    if let Some(path) = redirect_to {
        body["redirect_to"] = path.into();
    }
    let mut response = answer(StatusCode::OK, &body)?;
    let lifetimes = mounted.accounts().sessions().config();
    let mut cookies = set_cookies(&mut response, &mounted.parts().http.cookies);
    cookies.session(lifetimes, &signed_in.session, &signed_in.device);
    Ok(response)
}

/// Reads the credentials, and whether the session outlives the browser.
fn read(mut form: Form) -> Result<(Credentials, bool), Vec<FieldError>> {
    let credentials = Credentials::read(&mut form);
    let is_remembered = match form.optional_text("remember_me") {
        // Browsers send an empty text for a blank field.
        Ok(None) => Ok(false),
        Ok(Some(text)) if text.is_empty() => Ok(false),
        Ok(Some(text)) => body::boolean(&text).map_or_else(
            || {
                let message = "Input should be a valid boolean, unable to interpret input";
                form.reject(FieldError::new("remember_me", FieldErrorKind::Value, message))
            },
            Ok,
        ),
        Err(invalid) => Err(invalid),
    };
    check_grant(&mut form, &["password"]);
    match (credentials, is_remembered) {
        (Ok(credentials), Ok(is_remembered)) => {
            form.finish()?;
            Ok((credentials, is_remembered))
        }
        _ => Err(form.into_errors()),
    }
}
