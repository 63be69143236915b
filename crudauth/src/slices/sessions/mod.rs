//! `POST /login`. `POST /logout` is in `logout.rs`, because it also ends tokens.

mod list;

use crudauth_core::model::{
    AuthUser, FieldError, FieldErrorKind, Form, IdentifierKind, InvalidField,
};
use crudauth_core::slices::bot_protection::PublicRoute;
use crudauth_core::slices::sessions::SessionConfig;
use crudauth_core::slices::sign_in::{Binding, SignIn, SignedIn};
use crudauth_core::sql::{Backend, TableSpec};
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::{Map, Value, json};

use super::credentials::{Credentials, check_grant};
#[cfg(feature = "passkeys")]
use super::passkeys;
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
    let sent = read(form).map_err(Refusal::invalid_fields)?;
    refuse_cross_site(&request, &parts.http)?;
    let mut sign_in = sent.credentials.into_request(&request, &parts.http);
    sign_in.is_remembered = sent.is_remembered;
    sign_in.replaces = cookies_of(&request, &parts.http.cookies).sessions();
    sign_in.binding = Binding::Browser(cookies_of(&request, &parts.http.cookies).browsers());
    match mounted.accounts().sign_in(sign_in).await? {
        #[cfg(feature = "passkeys")]
        SignIn::Done(done) if sent.wants_passkey => {
            passkeys::offering(&mounted, &request, &done).await
        }
        SignIn::Done(done) => signed_in(&mounted, &done, Map::new()),
        SignIn::Challenge(challenge) => mfa::challenged(&mounted, &challenge),
    }
}

/// The response with the cookies of a new session, and with `more` members.
pub(super) fn signed_in<U: AuthUser>(
    mounted: &Mounted<U>,
    signed_in: &SignedIn<U>,
    more: Map<String, Value>,
) -> Result<Response, Refusal> {
    let user = &signed_in.account.user;
    let username = signed_in.account.named(IdentifierKind::Username);
    let mut body = Map::from_iter([
        ("id".to_owned(), json!(user.id())),
        ("username".to_owned(), json!(username)),
        ("csrf_token".to_owned(), json!(signed_in.session.csrf.expose())),
    ]);
    body.extend(more);
    let mut response = answer(StatusCode::OK, &body)?;
    let lifetimes = mounted.accounts().sessions().config();
    let mut cookies = set_cookies(&mut response, &mounted.parts().http.cookies);
    cookies.session(lifetimes, &signed_in.session, &signed_in.device);
    Ok(response)
}

/// The form of a sign-in.
struct SentForm {
    credentials: Credentials,
    /// Whether the session outlives the browser.
    is_remembered: bool,
    /// Whether the page can add a passkey without a dialog.
    #[cfg(feature = "passkeys")]
    wants_passkey: bool,
}

fn read(mut form: Form) -> Result<SentForm, Vec<FieldError>> {
    let credentials = Credentials::read(&mut form);
    let is_remembered = flag(&mut form, "remember_me");
    #[cfg(feature = "passkeys")]
    let wants_passkey = flag(&mut form, "offer_passkey").unwrap_or_default();
    check_grant(&mut form, &["password"]);
    match (credentials, is_remembered) {
        (Ok(credentials), Ok(is_remembered)) => {
            form.finish()?;
            Ok(SentForm {
                credentials,
                is_remembered,
                #[cfg(feature = "passkeys")]
                wants_passkey,
            })
        }
        _ => Err(form.into_errors()),
    }
}

/// Reads a field that is true, false or missing.
fn flag(form: &mut Form, name: &'static str) -> Result<bool, InvalidField> {
    match form.optional_text(name)? {
        // Browsers send an empty text for a blank field.
        None => Ok(false),
        Some(text) if text.is_empty() => Ok(false),
        Some(text) => body::boolean(&text).map_or_else(
            || {
                let message = "Input should be a valid boolean, unable to interpret input";
                form.reject(FieldError::new(name, FieldErrorKind::Value, message))
            },
            Ok,
        ),
    }
}
