//! `POST /email-login/request`, `POST /email-login/confirm`: sign-in by mail. `/email-login` is a page
//! for the link.

mod page;

use std::sync::Arc;

use crudauth_core::guard::{Binding, CHALLENGES};
use crudauth_core::model::{AuthUser, Form, InvalidField, RecoverableByEmail};
use crudauth_core::slices::bot_protection::PublicRoute;
use crudauth_core::slices::email_login::{
    self as flows, EmailLoginConfig, EmailLoginError, EmailLoginParts, EmailLoginStarted,
    EmailProof, EmailSignIn, VERIFY,
};
use crudauth_core::slices::recovery::{LOGIN_REQUEST, TABLE};
use crudauth_core::slices::sign_in::{Entry, SignIn};
use crudauth_core::sql::{Backend, TableSpec};
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::json;

use super::pace::constant_delay;
use super::recovery::read_request;
use super::{Service, Wiring, limits, mfa, sessions};
use crate::accounts::Accounts;
use crate::builder::Builder;
use crate::http::cookie::{cookies_of, set_cookies};
use crate::http::headers::{client_info, json as answer};
use crate::http::origin::{refuse_cross_site, refuse_untrusted_page};
use crate::http::{Refusal, body, refusals};
use crate::mount::{Mount, Mounted, Mounts, Path, Slice};

/// `email_login`: sign-in by a mailed link or code, without a password.
///
#[doc = include_str!("../../../docs/email_login.md")]
#[derive(Clone, Copy, Debug)]
pub struct EmailLogin;

impl<U: AuthUser + RecoverableByEmail> Slice<U> for EmailLogin {
    fn paths() -> Vec<Path<U>> {
        vec![
            Path::new(Method::POST, "/email-login/request", request)
                .asks(PublicRoute::EmailLoginRequest),
            Path::new(Method::POST, "/email-login/confirm", confirm),
            Path::new(Method::GET, page::PATH, page::show).and(Method::POST, page::submit),
        ]
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&TABLE, &CHALLENGES]
    }
}

/// The flows, with the URL of the front end, to which the page leads.
pub(crate) struct Flows<U: AuthUser> {
    flows: flows::EmailLogin<U>,
    frontend_url: String,
}

impl Service for EmailLogin {
    type Config = EmailLoginConfig;
    type Flows<U: AuthUser> = Option<Flows<U>>;

    fn wire<U: AuthUser>(wiring: &Wiring<U>, config: EmailLoginConfig) -> Self::Flows<U> {
        let frontend_url = wiring.frontend_url.clone().filter(|_| wiring.has_path(page::PATH))?;
        let parts = EmailLoginParts {
            recovery: wiring.recovery.clone()?,
            challenges: Arc::clone(&wiring.challenges),
            sign_in: wiring.sign_in.clone(),
            widths: wiring.widths.clone(),
        };
        let flows = flows::EmailLogin::new(wiring.kit.clone(), parts, config);
        Some(Flows { flows, frontend_url })
    }
}

impl<U: AuthUser> Accounts<U> {
    /// Signs in by mail. `None` if the mount does not name `email_login`.
    #[must_use]
    pub fn email_login(&self) -> Option<&flows::EmailLogin<U>> {
        self.services.email_login.as_ref().map(|wired| &wired.flows)
    }
}

impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// Configures sign-in by mail: the number of codes that one request may try, and
    /// whether an address without an account gets one.
    pub fn email_login(mut self, config: EmailLoginConfig) -> Self
    where
        A: Mounts<EmailLogin>,
    {
        self.settings.slices.email_login = config;
        self
    }
}

/// The flows of a mount that has these routes.
fn flows_of<U: AuthUser>(mounted: &Mounted<U>) -> Result<&Flows<U>, Refusal> {
    mounted.accounts().services.email_login.as_ref().ok_or_else(Refusal::internal)
}

/// The same response after the same time for every address.
async fn request<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    refuse_untrusted_page(&request, &mounted.parts().http)?;
    let used = limits::by_client(&mounted, LOGIN_REQUEST, &request).await?;
    used.told(async {
        let (to, next) = read_request::<U>(body::json(&mut request).await?)?;
        let binding = binding_of(&mounted, &request);
        let started = flows_of(&mounted)?.flows.request(to, next, &binding).await?;
        constant_delay().await;
        told(&mounted, &started)
    })
    .await
}

fn told<U: AuthUser>(
    mounted: &Mounted<U>,
    started: &EmailLoginStarted,
) -> Result<Response, Refusal> {
    let body = json!({
        "detail": "If the address can sign in, an email has been sent.",
        "challenge": started.challenge.expose(),
        "expires_in": started.expires_in.as_secs(),
    });
    let mut response = answer(StatusCode::ACCEPTED, &body)?;
    if let Some(browser) = &started.browser {
        let mut cookies = set_cookies(&mut response, &mounted.parts().http.cookies);
        cookies.browser(browser, started.expires_in);
    }
    Ok(response)
}

/// Needs no CSRF token, and ignores a credential, as `/login` does.
async fn confirm<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let mut form = body::json(&mut request).await?;
    refuse_cross_site(&request, &mounted.parts().http)?;
    let is_remembered = form.take::<Option<bool>>("remember_me");
    let (Ok(proof), Ok(is_remembered)) = (read_proof(&mounted, &request, &mut form), is_remembered)
    else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    let mut entry = entry_of(&mounted, &request);
    entry.is_remembered = is_remembered.unwrap_or(false);
    let EmailSignIn { sign_in, redirect_to, .. } =
        entered(&mounted, &request, proof, entry).await??;
    match sign_in {
        SignIn::Done(done) => {
            let next = redirect_to.map(|path| ("redirect_to".to_owned(), path.into()));
            sessions::signed_in(&mounted, &done, next.into_iter().collect())
        }
        SignIn::Challenge(challenge) => mfa::challenged(&mounted, &challenge),
    }
}

/// Reads the token of the link, or the challenge and the code.
fn read_proof<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    form: &mut Form,
) -> Result<EmailProof, InvalidField> {
    if let Some(token) = form.optional_text("token")? {
        return Ok(EmailProof::Link(token));
    }
    let (challenge, code) = (form.text("challenge"), form.text("code"));
    let browsers = cookies_of(request, &mounted.parts().http.cookies).browsers();
    Ok(EmailProof::Code { challenge: challenge?, code: code?, browsers })
}

/// Signs in. Links and challenges that do not exist are counted by client network.
async fn entered<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    proof: EmailProof,
    entry: Entry,
) -> Result<Result<EmailSignIn<U>, EmailLoginError>, Refusal> {
    let signed_in = flows_of(mounted)?.flows.confirm(proof, entry).await;
    if let Err(EmailLoginError::Invalid) = &signed_in {
        limits::by_client(mounted, VERIFY, request).await?;
    }
    Ok(signed_in)
}

fn entry_of<U: AuthUser>(mounted: &Mounted<U>, request: &Request) -> Entry {
    let http = &mounted.parts().http;
    let cookies = cookies_of(request, &http.cookies);
    Entry {
        client: client_info(request, http),
        devices: cookies.devices().into_iter().map(str::to_owned).collect(),
        trust_cookies: cookies.trusts(),
        replaces: cookies.sessions(),
        binding: binding_of(mounted, request),
        ..Entry::default()
    }
}

fn binding_of<U: AuthUser>(mounted: &Mounted<U>, request: &Request) -> Binding {
    Binding::Browser(cookies_of(request, &mounted.parts().http.cookies).browsers())
}

impl From<EmailLoginError> for Refusal {
    fn from(error: EmailLoginError) -> Self {
        match error {
            EmailLoginError::Invalid => Self::invalid_link(),
            EmailLoginError::Used => Self::used_link(),
            EmailLoginError::WrongCode => Self::wrong_mailed_code(),
            EmailLoginError::LockedOut { retry_after } => Self::locked_out(retry_after),
            EmailLoginError::Incomplete(_) => Self::mailed_sign_up_incomplete(),
            EmailLoginError::SignUpClosed => Self::sign_up_closed(),
            EmailLoginError::RefusedByApp(reason) => Self::refused_by_app(reason),
            EmailLoginError::Store(cause) => cause.into(),
        }
    }
}

refusals! {
    wrong_mailed_code = UNAUTHORIZED, "invalid-code", "Invalid code";
    mailed_sign_up_incomplete = BAD_REQUEST, "sign-up-incomplete", "This account needs more fields. Sign up first.";
}
